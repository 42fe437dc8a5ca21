"""Which words of a ticket belong together? Sentences, and their parts between commas, in one plain spelling.

Plain is: small letters, 'ae' for 'ä', no accents, no hyphens, "can't" as 'can not'. Beside each plain word stands
the one that was written, so that people are shown their own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Part", "Sentence", "plain", "sentences_in"]

_FOLD = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "o", "ł": "l", "\u0131": "i"}
)
# A log that somebody pasted has words without end.
_LONGEST = 40
_MOST_WORDS = 60

_ABBREVIATED = re.compile(
    r"\b(?:z\. ?b|d\. ?h|u\. ?a|ca|bzw|nr|hr|fr|dr|mr|ms|mrs|tel|inkl|str|sek|min|approx|evtl|ggf)\.",
    re.IGNORECASE,
)
_ENDS = re.compile(r"(?<!\d)[.](?=\s|$)|[!?;…]+|\s[-\u2013\u2014]{1,2}\s|\s->\s|\n")
_BULLET = re.compile(r"^\s*(?:[-*•\u2013]|\(?\d{1,2}[.)]|[a-z]\))\s+")
_PARTS = re.compile(r",(?!\d)|:(?=\s|$)|[()\"„“”]")
# A line this long was wrapped by a mail program; the next goes on with it.
_WRAPPED = 58

_O_CLOCK = re.compile(
    r"\b\d{1,2}(?:[:.]\d{2})?\s*(?:uhr\b|h\b|a\.?m\.?\b|p\.?m\.?\b|o'clock)|\brund um die uhr\b|\buhr\s+\d{1,2}\b|\b(?:nine|eight|ten|seven|acht|neun|zehn|sieben) (?:uhr|o'clock)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\d+(?:[.,:]\d+)+|[^\W_]+(?:[.@\\_][^\W_]+)+|[^\W_]+")
_SPELLINGS = (
    (re.compile(r"(?<![^\s\"'(])[a-z]:(?=$|[\s\\,.;)])", re.IGNORECASE), "laufwerksbuchstabe "),
    (re.compile(r"\be[- ]?mail", re.IGNORECASE), "email"),
    (re.compile(r"\bw-?lan\b", re.IGNORECASE), "wlan"),
    (
        re.compile(
            r"\b(can|could|would|should|do|does|did|is|are|was|were|has|have|had|wo|ca)n'?t\b", re.IGNORECASE
        ),
        r"\1 not",
    ),
    (re.compile(r"\bcannot\b", re.IGNORECASE), "can not"),
    (re.compile(r"\bca not\b", re.IGNORECASE), "can not"),
    (
        re.compile(
            r"\b(?:per|via|by|in der|in einer|meine|ihre|diese|dieser|neue) email\b(?!s)|\bemail[- ]?(?:adresse|address|signatur)\w*",
            re.IGNORECASE,
        ),
        " ",
    ),
    (
        re.compile(
            r"\b(?:nach|after) (?:(?:der|dem|jeder|jedem|the|each|every) )?(?:anmeld\w*|einlogg\w*|login|logon|logging (?:in|on))\b",
            re.IGNORECASE,
        ),
        " ",
    ),
    (re.compile(r"\b(?:seit|nach|since|after) (?:\w+ )?(?:wartung\w*|maintenance)\b", re.IGNORECASE), " "),
    (re.compile(r"\bgehts\b|\bgeht's\b", re.IGNORECASE), "geht es"),
    (re.compile(r"[\u2019`\u00b4]", re.IGNORECASE), "'"),
)
# These turn a sentence wherever they stand; the others where a part begins with them.
_TURNS = frozenset({"aber", "but", "jedoch", "hingegen", "dagegen", "whereas", "while", "however"})
_CONTRASTS = _TURNS | frozenset(
    {
        "aber",
        "but",
        "jedoch",
        "hingegen",
        "dafuer",
        "whereas",
        "while",
        "obwohl",
        "although",
        "though",
        "sondern",
        "nur",
        "only",
        "however",
        "sonst",
        "dagegen",
    }
)


@dataclass(frozen=True, slots=True)
class Part:
    """What stands between two commas. words: plain; written: as they were."""

    words: tuple[str, ...]
    written: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.words)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, or the half of it up to an 'aber'."""

    parts: tuple[Part, ...]


def plain(text: str) -> str:
    """One spelling for what is meant alike.

    >>> plain("Gespräche"), plain("GESPRAECHE")
    ('gespraeche', 'gespraeche')
    """
    small = unicodedata.normalize("NFKC", text).casefold().translate(_FOLD)
    bare = "".join(one for one in unicodedata.normalize("NFD", small) if not unicodedata.combining(one))
    return unicodedata.normalize("NFC", bare)


def sentences_in(text: str) -> Iterator[Sentence]:
    """The sentences of a text; one with 'but' in it counts as two.

    >>> [[part.text for part in one.parts] for one in sentences_in("VPN geht, aber Telefon nicht.")]
    [['vpn geht'], ['aber telefon nicht']]
    """
    shielded = _ABBREVIATED.sub(lambda found: found[0].replace(".", " "), _unwrapped(text))
    for stretch in _ENDS.split(shielded):
        half: list[Part] = []
        for part in _parts(stretch):
            if half and _CONTRASTS & set(part.words[:3]):
                yield Sentence(tuple(half))
                half = []
            half.append(part)
        if half:
            yield Sentence(tuple(half))


def _unwrapped(text: str) -> str:
    """The text with the lines joined that a mail program has cut."""
    lines = [_BULLET.sub("", line).rstrip() for line in text.splitlines()]
    joined = lines[:1]
    for before, line in pairwise(lines):
        goes_on = len(before) >= _WRAPPED and line.strip() and not before.endswith((".", "!", "?", ":"))
        joined.append((" " if goes_on else "\n") + line)
    return "".join(joined)


def _parts(stretch: str) -> Iterator[Part]:
    for piece in _PARTS.split(stretch):
        part = _part(piece)
        cut = next((n for n, word in enumerate(part.words) if n > 2 and word in _TURNS), 0)
        for words in (slice(0, cut), slice(cut, _MOST_WORDS)) if cut else (slice(0, _MOST_WORDS),):
            if part.words[words]:
                yield Part(part.words[words], part.written[words])


def _part(piece: str) -> Part:
    text = _O_CLOCK.sub(" ", unicodedata.normalize("NFC", piece))
    for wrong, right in reversed(_SPELLINGS):
        text = wrong.sub(right, text)
    written = _WORD.findall(text)
    pairs = [(plain(word)[:_LONGEST], word) for word in written]
    return Part(tuple(word for word, _ in pairs), tuple(word for _, word in pairs))
