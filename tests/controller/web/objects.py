"""What do the paths of routes name? One real object for each word in a path; a word that nobody makes here is a mistake.

Whoever adds a route with a new word in its path adds a line here, and the walk over all routes goes there by itself.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta

from controller.office import Office
from controller.store.people import Account, Login, add_account, invite, open_login
from controller.store.plans import StoredPlan, add_plan
from controller.store.releases import Question, Release, add_question, add_release
from controller.store.runs import Run, RunState, create_run
from controller.store.tickets import add_ticket
from controller.store.tokens import make_token
from controller.web.underway import Standing, UnderWay, Work
from playbooks.operation import Command
from playbooks.plan import Part, Plan, Step

__all__ = ["CUSTOMER", "MAKERS", "OTHER", "made"]

CUSTOMER, OTHER = "fleet", "another"
_NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def _run(office: Office, _: dict[str, str]) -> str:
    stored, fresh = office.text_of(CUSTOMER), f"20261127-120000-{secrets.token_hex(4)}"
    create_run(
        office.store,
        Run(
            id=fresh,
            ticket="1",
            desk="builtin",
            customer=CUSTOMER,
            contract=stored.digest,
            revision=stored.revision,
            asked_by="Eva Eng",
            state=RunState.DONE,
            began=_NOW,
            ended=_NOW,
        ),
    )
    return fresh


def _plan(office: Office, _: dict[str, str]) -> str:
    stored = office.text_of(CUSTOMER)
    start = Step(
        why=("it shall run", "es soll laufen"),
        do=Command(argv=("systemctl", "start", "--", "cron.service")),
        undo=(Command(argv=("systemctl", "stop", "--", "cron.service")),),
    )
    plan = Plan(
        playbook="linux.start_service",
        customer=CUSTOMER,
        contract=stored.digest,
        revision=stored.revision,
        wanted={"unit": "cron.service"},
        tags=("linux.service-failed",),
        asked=("linux.services",),
        parts=(Part(host="h0", state={"runs": False}, steps=(start,)),),
    )
    fresh = StoredPlan(
        id=f"plan-{secrets.token_hex(4)}",
        digest=plan.digest,
        text=plan.text,
        customer=CUSTOMER,
        desk="builtin",
        ticket="1",
        playbook=plan.playbook,
        requested_by="Eva Eng",
        made=_NOW,
        made_in="",
    )
    with office.store.write() as connection:
        add_plan(connection, fresh)
    return fresh.id


def _person(office: Office, _: dict[str, str]) -> str:
    # Of this customer alone, so that who manages another's people cannot reach them.
    fresh = Account(
        id=f"wanda-{secrets.token_hex(4)}", name="Wanda Walked", added=_NOW, roles={CUSTOMER: "auditor"}
    )
    add_account(office.store, fresh)
    return fresh.id


def _login(office: Office, made: dict[str, str]) -> str:
    fresh = Login(
        id=secrets.token_hex(32),
        person=_of(office, made),
        whole=True,
        began=_NOW,
        seen=_NOW,
        proved=None,
        address="",
        program="",
    )
    open_login(office.store, fresh)
    return fresh.id


def _token(office: Office, made: dict[str, str]) -> str:
    until = datetime.now(UTC) + timedelta(days=1)
    fresh, _ = make_token(
        office.store, _of(office, made), "walk", rights=["see-runs"], customers=[], now=_NOW, expires=until
    )
    return fresh.id


def _secret(office: Office, made: dict[str, str]) -> str:
    return invite(office.store, _of(office, made), datetime.now(UTC) + timedelta(hours=1))


def _ticket(office: Office, _: dict[str, str]) -> str:
    return str(add_ticket(office.store, customer=CUSTOMER, subject="Walk", text="", requester="w"))


def _release(office: Office, made: dict[str, str]) -> str:
    page = office.store.blobs.put(b"<!doctype html>")
    fresh = Release(
        id=secrets.token_hex(16),
        run=made["run"] if "run" in made else _run(office, made),
        customer=CUSTOMER,
        language="de",
        page=page,
        data=office.store.blobs.put(b"{}"),
        said="",
        released_by="Eva Eng",
        released_at=_NOW,
    )
    add_release(office.store, fresh)
    return fresh.id


def _question(office: Office, made: dict[str, str]) -> str:
    fresh = Question(
        id=secrets.token_hex(16),
        customer=CUSTOMER,
        desk="builtin",
        ticket="1",
        about=made["run"] if "run" in made else _run(office, made),
        kind="question",
        text="Warum?",
        person="Carl Customer",
        at=_NOW,
    )
    add_question(office.store, fresh)
    return fresh.id


def _of(office: Office, made: dict[str, str]) -> str:
    return made["person"] if "person" in made else _person(office, made)


MAKERS: Mapping[str, Callable[[Office, dict[str, str]], str]] = {
    "customer": lambda *_: CUSTOMER,
    # As the contract of `test_rights.py` names them.
    "contact": lambda *_: "carl",
    "desk": lambda *_: "builtin",
    "ticket": _ticket,
    "run": _run,
    "plan": _plan,
    "release": _release,
    "question": _question,
    # Of the forms of a released report.
    "form": lambda *_: "page",
    "person": _person,
    "login": _login,
    "token": _token,
    "secret": _secret,
    # Of the server's memory, and of no store: `made` makes it.
    "work": lambda *_: "",
}


def _work(under_way: UnderWay) -> str:
    work = Work(
        run=f"20261127-120000-{secrets.token_hex(4)}",
        ticket="1",
        customer=CUSTOMER,
        who="Eva Eng",
        asked=_NOW,
        standing=Standing.DONE,
    )
    under_way._works[work.run] = work
    return work.run


def made(office: Office, under_way: UnderWay, words: Collection[str]) -> dict[str, str]:
    """One fresh object for each of these words, all of the customer `CUSTOMER`. Raises KeyError for an unknown word."""
    found: dict[str, str] = {}
    for word in sorted(words, key=list(MAKERS).index):
        found[word] = MAKERS[word](office, found) if word != "work" else _work(under_way)
    return found
