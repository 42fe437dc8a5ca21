"""What does a ticket complain of, how sure is that, and which of its words say so?

No model and no chance: sentences, word tables, and signals, which are words that stand together in one sentence. The
same ticket has the same answer on every machine, and whoever doubts it is shown the words.

1. `letter` cuts off greetings, signatures, disclaimers, quotes and headers.
2. `sentences` cuts at full stops and at 'but'; `mood` says of each part whether it tells of trouble.
3. A sentence that names nothing speaks of what was last spoken of, or of the subject.
4. Each signal that is found weighs for its symptom, the second and third of a symptom less and less.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import exp

from controller.symptoms import SYMPTOMS
from controller.triggers.letter import Letter, read_letter
from controller.triggers.mood import Heard, Mood, hear
from controller.triggers.sentences import sentences_in
from controller.triggers.vocabulary import TROUBLE, Signal, Vocabulary, vocabulary

__all__ = ["Classification", "Complaint", "classify"]

# What weighs less says too little to act on.
_ENOUGH = 2.0
# A signal of the same symptom beside a heavier one counts so much.
_NEXT = 0.4
_INHERITED = 0.8
_FROM_FINE = 0.65
_FOREIGN = 0.35
_ASIDE = 0.3
_ASIDE_TROUBLE = 0.6
_SUBJECT = 1.1
_OLDER = 0.9
# Of what one sentence says, that counts whole which is nearly the strongest.
_NEAR_BEST = 0.8
_NEAR_APART = 0.6
_FEW_WORDS = 6
_ASIDES = frozenset({"supply", "announce", "how"})
# They do not say what the matter is: a sentence with these alone goes on with what was spoken of.
_GENERAL = frozenset(
    {"person", "site", "names", "machine", "message", "peer", "browser", "account", "domain"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One symptom that a ticket speaks of. confidence: 0 to 1. words: as they were written."""

    symptom: str
    confidence: float
    words: tuple[str, ...]

    @property
    def areas(self) -> tuple[str, ...]:
        """The areas in which the symptom's chain asks."""
        steps = SYMPTOMS[self.symptom].steps
        return tuple(dict.fromkeys(one.partition(".")[0] for step in steps for one in step.questions))


@dataclass(frozen=True, slots=True)
class Classification:
    """All that a ticket complains of, the likeliest first; nothing where none of our symptoms is told."""

    complaints: tuple[Complaint, ...] = ()

    @property
    def symptom(self) -> str:
        return self.complaints[0].symptom if self.complaints else ""

    @property
    def confidence(self) -> float:
        return self.complaints[0].confidence if self.complaints else 0.0

    @property
    def words(self) -> tuple[str, ...]:
        return self.complaints[0].words if self.complaints else ()


@dataclass(frozen=True)
class _Told:
    """One sentence as it was heard, and what it goes on with."""

    parts: Sequence[Heard]
    before: Mapping[str, str]
    factor: float
    topics: frozenset[str] = field(default=frozenset())

    @cached_property
    def own(self) -> Mapping[str, tuple[Heard, str]]:
        """What it names itself and does not call fine."""
        found: dict[str, tuple[Heard, str]] = {}
        for part in sorted(self.parts, key=lambda one: one.mood is not Mood.TROUBLE):
            if part.mood is not Mood.FINE:
                for name, places in part.concepts.items():
                    found.setdefault(name, (part, part.shown(places)))
        return found

    @cached_property
    def said(self) -> Mapping[str, str]:
        """All that it names, fine or not, for a next one that leaves words out."""
        return {
            name: part.shown(p)
            for part in self.parts
            for name, p in part.concepts.items()
            if name not in _GENERAL
        }

    @cached_property
    def trouble(self) -> str:
        wrong = [part.shown(part.wrong) for part in self.parts if part.mood is Mood.TROUBLE]
        return " ".join(wrong)

    @cached_property
    def of_fine(self) -> Mapping[str, str]:
        """What it calls fine, where it goes on with trouble that names nothing: "inside it works, outside it does not"."""
        if any(
            part.mood is Mood.TROUBLE and part.concepts.keys() & self.topics - _GENERAL for part in self.parts
        ):
            return {}
        return {
            n: part.shown(p)
            for part in self.parts
            if part.mood is Mood.FINE
            for n, p in part.concepts.items()
        }

    @cached_property
    def kinds(self) -> frozenset[str]:
        return frozenset[str]().union(*(part.kinds for part in self.parts))

    @cached_property
    def is_of_itself(self) -> bool:
        """Whether it names a topic, fine or not, or something that is not ours."""
        named = {name for part in self.parts for name in part.concepts}
        return bool(named & self.topics - _GENERAL) or bool(self.kinds & {"foreign", "application"})


@dataclass(frozen=True, slots=True)
class _Weighed:
    weight: float
    words: tuple[str, ...]


def classify(subject: str, text: str) -> Classification:
    """Say what a ticket complains of.

    >>> classify("Anmeldung", "Frau Weber kann sich seit heute nicht mehr anmelden.").symptom
    'logon'
    >>> classify("Störung", "VPN geht, aber Telefon nicht.").symptom
    'calls-fail'
    >>> classify("Toner", "Bitte Toner für den Drucker bestellen.").symptom
    ''
    """
    words = vocabulary()
    letter = read_letter(subject, text)
    told = _open(words, letter)
    found: dict[str, dict[Signal, _Weighed]] = defaultdict(dict)
    for sentence in told:
        for signal, weighed in _signals(words, sentence):
            known = found[signal.symptom].get(signal)
            if known is None or known.weight < weighed.weight:
                found[signal.symptom][signal] = weighed
    return Classification(_ranked({name: list(group.values()) for name, group in found.items()}))


def _open(words: Vocabulary, letter: Letter) -> list[_Told]:
    """The sentences of the matter; of an end that is told, only what comes after it."""
    stretches = [(letter.subject, _SUBJECT), (letter.fresh, 1.0)]
    if letter.forwarded or len(letter.fresh.split()) < _FEW_WORDS:
        stretches.append((letter.older, _OLDER))
    topics = frozenset(words.tables["topics"])
    told: list[_Told] = []
    of_subject: dict[str, str] = {}
    last: dict[str, str] = {}
    for text, factor in stretches:
        for sentence in sentences_in(text):
            parts = [hear(words, part) for part in sentence.parts]
            if any("automatic" in part.kinds for part in parts):
                return []
            if any(words.tables["moods"]["resolved"].search(part.part.text) for part in parts):
                told, last, of_subject = [], {}, {}
                continue
            one = _Told(parts, {**of_subject, **last}, factor, topics)
            named = {
                n: part.shown(p) for part in parts for n, p in part.concepts.items() if n in topics - _GENERAL
            }
            if factor == _SUBJECT:
                of_subject |= named
            elif one.own.keys() - _GENERAL or one.is_of_itself:
                last = {**({} if one.is_of_itself else last), **one.said}
            told.append(one)
    return told


def _signals(words: Vocabulary, told: _Told) -> Iterable[tuple[Signal, _Weighed]]:
    found = [(one, weighed) for one in words.signals if (weighed := _weigh(one, told)) is not None]
    best = max((weighed for _, weighed in found), key=lambda one: one.weight, default=_Weighed(0.0, ()))
    for signal, weighed in found:
        share = weighed.weight / best.weight
        # Beside the strongest counts what is as strong, or speaks of something else ("network and telephones").
        apart = not set(weighed.words[:1]) & set(best.words)
        whole = share >= _NEAR_BEST or (apart and share >= _NEAR_APART)
        yield signal, weighed if whole else _Weighed(weighed.weight / 2, weighed.words)


def _weigh(signal: Signal, told: _Told) -> _Weighed | None:
    """How much a signal weighs in a sentence; None where its words are not together there."""
    if signal.without & told.own.keys():
        return None
    words: list[str] = []
    inherited = 0
    factor = told.factor
    heard: list[Heard] = [part for part in told.parts if part.mood is Mood.TROUBLE]
    for choice in signal.all:
        if TROUBLE in choice and told.trouble:
            words.append(told.trouble)
        elif (own := next((told.own[name] for name in choice if name in told.own), None)) is not None:
            words.append(own[1])
            heard.append(own[0])
        elif not told.is_of_itself and (name := next((n for n in choice if n in told.before), "")):
            words.append(told.before[name])
            factor *= 1.0 if inherited else _INHERITED
            inherited += 1
        elif told.trouble and (name := next((n for n in choice if n in told.of_fine), "")):
            words.append(told.of_fine[name])
            factor *= _FROM_FINE
        else:
            return None
    if inherited == len(signal.all):
        return None
    weight = signal.weight * factor
    last = max((told.parts.index(part) for part in heard), default=len(told.parts))
    if signal.weak & frozenset[str]().union(*(part.kinds for part in told.parts[: last + 1])):
        weight *= _FOREIGN
    asides = told.kinds if not told.trouble else frozenset[str]().union(*(part.kinds for part in heard))
    if asides & _ASIDES:
        weight *= _ASIDE_TROUBLE if told.trouble and "announce" not in asides else _ASIDE
    return _Weighed(weight, tuple(dict.fromkeys(words)))


def _ranked(found: Mapping[str, Sequence[_Weighed]]) -> tuple[Complaint, ...]:
    sums = {name: _sum(group) for name, group in found.items()}
    enough = sorted((name for name in sums if sums[name] >= _ENOUGH), key=lambda name: (-sums[name], name))
    total = sum(sums.values())
    return tuple(
        Complaint(
            symptom=name,
            confidence=round((1 - exp(-sums[name] / 2.2)) * (0.5 + 0.5 * sums[name] / total), 2),
            words=tuple(dict.fromkeys(word for one in _heaviest(found[name])[:2] for word in one.words)),
        )
        for name in enough
    )


def _heaviest(group: Sequence[_Weighed]) -> list[_Weighed]:
    return sorted(group, key=lambda one: -one.weight)


def _sum(group: Sequence[_Weighed]) -> float:
    return sum(one.weight * _NEXT**n for n, one in enumerate(_heaviest(group)))
