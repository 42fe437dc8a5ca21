"""Does the contract hold longer, show more, keep more, or listen to other people than before?"""

from __future__ import annotations

from collections.abc import Iterator

from inventory.clause import Part
from inventory.contract import Contract, Data
from inventory.revision.step import Effect, Step

__all__ = ["paper_changes", "term_gains"]

_FLAGS = ("accounts", "addresses", "names")
_PAPER = ("contract", "name", "language", "zones", "tunnels")
_COMPARED = frozenset({"customer", "valid", "timezone", "contacts", "hosts", "outside", "sites", "clauses"})
# Each revision has its own number: that is no difference between them.
_KNOWN = _COMPARED | frozenset({"revision", "data", *_PAPER})


def term_gains(before: Contract | None, after: Contract) -> Iterator[Step]:
    """What is permitted after and was not before, beside the clauses and the hosts."""
    yield from _valid_gains(before, after)
    yield from _data_gains(before.data if before else None, after.data)
    yield from _contact_gains(before, after)
    if before is not None:
        yield from _unknown(before, after, _KNOWN, "")
        yield from _unknown(before.valid, after.valid, frozenset({"start", "until"}), "valid.")


def _valid_gains(before: Contract | None, after: Contract) -> Iterator[Step]:
    if before is None:
        yield Step(what=Effect.VALID_LONGER, of="from", new=str(after.valid.start))
        yield Step(what=Effect.VALID_LONGER, of="until", new=str(after.valid.until))
        return
    if before.timezone != after.timezone:
        # Windows or not: the first and the last minute of the contract are other moments.
        yield Step(what=Effect.TIMEZONE_CHANGED, old=before.timezone, new=after.timezone)
    old, new = before.valid, after.valid
    if new.start < old.start:
        yield Step(what=Effect.VALID_LONGER, of="from", old=str(old.start), new=str(new.start))
    if new.until > old.until:
        yield Step(what=Effect.VALID_LONGER, of="until", old=str(old.until), new=str(new.until))


def _data_gains(before: Data | None, after: Data) -> Iterator[Step]:
    days = before.keep_days if before else 0
    if after.keep_days > days:
        yield Step(what=Effect.KEEP_LONGER, old=str(days), new=str(after.keep_days))
    for flag in _FLAGS:
        if (before is None or getattr(before.redact, flag)) and not getattr(after.redact, flag):
            yield Step(what=Effect.REDACTION_WEAKER, of=flag)
    if before is not None:
        for word in before.redact.also:
            if word not in after.redact.also:
                yield Step(what=Effect.REDACTION_WEAKER, of="also", old=word)
        yield from _unknown(before, after, frozenset({"redact", "keep_days"}), "data.")
        yield from _unknown(before.redact, after.redact, frozenset({*_FLAGS, "also"}), "data.redact.")


def _contact_gains(before: Contract | None, after: Contract) -> Iterator[Step]:
    old = {contact.id: contact for contact in before.contacts} if before else {}
    for contact in after.contacts:
        was = old.get(contact.id)
        may = set(was.approves) if was else set()
        if more := [what for what in contact.approves if what not in may]:
            who = f"{contact.id} <{contact.email}>"
            yield Step(what=Effect.CONTACT_APPROVES_MORE, of=who, new=", ".join(more))
        if was and was.approves and contact.approves and was.email != contact.email:
            yield Step(what=Effect.CONTACT_EMAIL_CHANGED, of=contact.id, old=was.email, new=contact.email)
        if was:
            known = frozenset({"id", "name", "email", "approves"})
            yield from _unknown(was, contact, known, f"contacts[{contact.id}].")


def _unknown(before: Part, after: Part, known: frozenset[str], at: str) -> Iterator[Step]:
    """What is said under a key that this comparison does not know: it must stay as it was."""
    for name in sorted((type(before).model_fields.keys() | type(after).model_fields.keys()) - known):
        if getattr(before, name, None) != getattr(after, name, None):
            yield Step(what=Effect.OTHER_CHANGED, of=f"{at}{name}")


def paper_changes(before: Contract, after: Contract) -> Iterator[Step]:
    """What is written otherwise and permits nothing more and nothing less."""
    for name in _PAPER:
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            short = isinstance(new, str)
            yield Step(what=Effect.PAPER_CHANGED, of=name, old=old if short else "", new=new if short else "")
    yield from _sites(before, after)
    yield from _people(before, after)


def _sites(before: Contract, after: Contract) -> Iterator[Step]:
    """Sites that come, go or are described otherwise; their agents count by the hosts that stand there."""
    old, new = ({site.id: site for site in one.sites} for one in (before, after))
    for name in dict.fromkeys((*new, *old)):
        if name not in new or name not in old:
            is_, was = (name if name in side else "" for side in (new, old))
            yield Step(what=Effect.PAPER_CHANGED, of="sites", old=was, new=is_)
            continue
        for field in sorted(type(new[name]).model_fields):
            if getattr(old[name], field, None) != getattr(new[name], field, None):
                yield Step(what=Effect.PAPER_CHANGED, of=f"sites[{name}].{field}")


def _people(before: Contract, after: Contract) -> Iterator[Step]:
    """People who may approve nothing, before or after, and the names of all."""
    old, new = ({contact.id: contact for contact in one.contacts} for one in (before, after))
    for name in dict.fromkeys((*new, *old)):
        was, is_ = old.get(name), new.get(name)
        at = f"contacts[{name}]"
        if was is None or is_ is None:
            one = is_ or was
            if one is not None and not one.approves:
                yield Step(
                    what=Effect.PAPER_CHANGED, of="contacts", old=name if was else "", new=name if is_ else ""
                )
            continue
        if was.name != is_.name:
            yield Step(what=Effect.PAPER_CHANGED, of=f"{at}.name", old=was.name, new=is_.name)
        if was.email != is_.email and not (was.approves and is_.approves):
            yield Step(what=Effect.PAPER_CHANGED, of=f"{at}.email", old=was.email, new=is_.email)
