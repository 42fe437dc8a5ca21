"""Who may ring: the desk, about a ticket, now; nobody else, nothing else, not again later."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.desks.ring import MAX_RING, Bell, How, NotHeardError, Ring, Silence, heard, signature_of

_NOW = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)
_SECRET = "a secret of the desk's"
_MINUTES = timedelta(minutes=5)


def _bell(how: How, secret: str = _SECRET) -> Bell:
    return Bell(desk="helpdesk", how=how, secret=secret, window=_MINUTES)


def _sent(
    how: How, at: datetime, ticket: object = "4711", secret: str = _SECRET
) -> tuple[dict[str, str], bytes]:
    """A request as the desk sends it: Zammad's and Jira's from their documentation of webhooks."""
    body: dict[str, Any]
    match how:
        case "zammad":
            body = {"ticket": {"id": ticket, "article_count": 1, "updated_at": at.isoformat()}, "article": {}}
        case "jira":
            stamp = int(at.timestamp() * 1000)
            body = {"timestamp": stamp, "webhookEvent": "jira:issue_created", "issue": {"key": ticket}}
        case "signed":
            body = {"ticket": ticket, "event": "created"}
    raw = json.dumps(body).encode()
    if how == "signed":
        return {"x-secondline-signature": signature_of(secret, raw, at)}, raw
    kind = "sha1" if how == "zammad" else "sha256"
    digest = hmac.new(secret.encode(), raw, getattr(hashlib, kind)).hexdigest()
    return {"X-Hub-Signature": f"{kind}={digest}"}, raw


_HOW: list[How] = ["zammad", "jira", "signed"]


def _silence(bell: Bell, headers: dict[str, str], body: bytes, now: datetime = _NOW) -> Silence:
    with pytest.raises(NotHeardError) as caught:
        heard(bell, headers, body, now)
    return caught.value.reason


@pytest.mark.parametrize("how", _HOW)
def test_a_desk_is_heard(how: How) -> None:
    ring = heard(_bell(how), *_sent(how, _NOW), _NOW)
    event = "jira:issue_created" if how == "jira" else "created"
    assert ring == Ring(desk="helpdesk", ticket="4711", event=event, id=ring.id)


@pytest.mark.parametrize("how", _HOW)
def test_the_same_ring_has_the_same_id_and_another_has_another(how: How) -> None:
    bell = _bell(how)
    first, again = (heard(bell, *_sent(how, _NOW), _NOW + timedelta(seconds=s)) for s in (0, 60))
    other = heard(bell, *_sent(how, _NOW, "4712"), _NOW)
    later = heard(bell, *_sent(how, _NOW + timedelta(seconds=1)), _NOW)
    assert first.id == again.id
    assert len({first.id, other.id, later.id}) == 3


@pytest.mark.parametrize("how", _HOW)
def test_a_stranger_is_not_heard(how: How) -> None:
    headers, body = _sent(how, _NOW, secret="a secret of somebody's")
    assert _silence(_bell(how), headers, body) is Silence.WRONG_SIGNATURE
    assert _silence(_bell(how), {}, body) is Silence.NO_SIGNATURE
    assert _silence(_bell(how), {next(iter(headers)): "ü"}, body) is Silence.WRONG_SIGNATURE


@pytest.mark.parametrize("how", _HOW)
@given(data=st.data())
def test_not_one_bit_may_differ(how: How, data: st.DataObject) -> None:
    headers, body = _sent(how, _NOW)
    place, bit = data.draw(st.integers(0, len(body) - 1)), data.draw(st.integers(0, 7))
    changed = body[:place] + bytes([body[place] ^ (1 << bit)]) + body[place + 1 :]
    assert _silence(_bell(how), headers, changed) is Silence.WRONG_SIGNATURE


@pytest.mark.parametrize("how", _HOW)
@given(st.integers(-(10**6), 10**6))
def test_a_ring_counts_within_its_window_alone(how: How, seconds: int) -> None:
    headers, body = _sent(how, _NOW)
    now = _NOW + timedelta(seconds=seconds)
    if seconds > 300:
        assert _silence(_bell(how), headers, body, now) is Silence.TOO_OLD
    elif seconds < -120:
        assert _silence(_bell(how), headers, body, now) is Silence.TOO_EARLY
    else:
        assert heard(_bell(how), headers, body, now).ticket == "4711"


def test_the_moment_that_we_sign_cannot_be_set_forward() -> None:
    headers, body = _sent("signed", _NOW - timedelta(hours=1))
    old = headers["x-secondline-signature"].partition(",")[2]
    forged = {"X-Secondline-Signature": f"t={int(_NOW.timestamp())},{old}"}
    assert _silence(_bell("signed"), forged, body) is Silence.WRONG_SIGNATURE


@pytest.mark.parametrize("how", _HOW)
@pytest.mark.parametrize(
    "ticket", ["", "../1", "1/comment", "a b", "x" * 65, "1\n", None, True, ["1"], {"a": 1}]
)
def test_what_is_no_ticket_is_not_passed_on(how: How, ticket: object) -> None:
    headers, body = _sent(how, _NOW, ticket)
    assert _silence(_bell(how), headers, body) is Silence.NO_TICKET


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"ticket": 1'])
def test_what_is_no_document_is_unreadable_although_it_is_signed(body: bytes) -> None:
    headers = {"X-Secondline-Signature": signature_of(_SECRET, body, _NOW)}
    assert _silence(_bell("signed"), headers, body) is Silence.UNREADABLE


def test_what_is_too_long_is_not_even_looked_at() -> None:
    body = b" " * (MAX_RING + 1)
    headers = {"X-Secondline-Signature": signature_of(_SECRET, body, _NOW)}
    assert _silence(_bell("signed"), headers, body) is Silence.TOO_LARGE


@pytest.mark.parametrize("header", ["sha1=", "SHA1=x", "sha256=x", "md5=x", "=", "x"])
def test_another_kind_of_signature_does_not_count(header: str) -> None:
    _, body = _sent("zammad", _NOW)
    assert _silence(_bell("zammad"), {"X-Hub-Signature": header}, body) is Silence.WRONG_SIGNATURE


def test_a_signature_of_one_kind_of_desk_opens_no_other() -> None:
    headers, body = _sent("zammad", _NOW)
    assert _silence(_bell("jira"), headers, body) is Silence.WRONG_SIGNATURE


def test_an_empty_secret_is_no_secret_and_none_is_shown() -> None:
    for secret in ("", "short"):
        with pytest.raises(ValueError, match="too short"):
            _bell("signed", secret)
    assert _SECRET not in repr(_bell("signed"))
