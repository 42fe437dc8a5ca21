"""Is Windows logged in to by Kerberos, bound to its channel and by nothing else? A real KDC, and a stand-in with a real keytab."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.sessions.wsman import WindowsSession, open_windows
from agent.start import KerberosWay, WinrmWay
from collectors import Kind, Phase, Unanswered
from collectors.exchange import Exchange
from inventory.grant import GrantRefusedError, Target
from tests.agent.acceptor import Acceptor
from tests.agent.odd_wsman import OddWindows
from tests.agent.over_windows import HOME, NAME, SCRIPT, SECRET, serving
from tests.agent.realm import REALM, Realm
from tests.leave import leave_over
from tests.tls import Authority, Identity, authority

pytestmark = pytest.mark.lab

SERVICE = f"HTTP/{NAME}"
PARTS = {"expired": ("-pwexpire", "2020-01-01"), "locked": ("-allow_tix",), "over": ("-expire", "2020-01-01")}


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("tls"), "ad")


@pytest.fixture(scope="module")
def identity(trusted: Authority) -> Identity:
    return trusted.issue(NAME)


def realm_of(folder: Path, *, ahead: int = 0) -> Realm:
    made = Realm(folder, ahead=ahead)
    made.account("reader", SECRET)
    for name, flags in PARTS.items():
        made.account(name, SECRET, *flags)
    made.account("rc4", SECRET, "-e", "arcfour-hmac:normal")
    made.service(SERVICE)
    return made


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    with realm_of(tmp_path_factory.mktemp("realm")) as made:
        yield made


@pytest.fixture
def windows(identity: Identity, realm: Realm, tmp_path: Path) -> Iterator[OddWindows]:
    with taking_tickets(identity, realm, tmp_path) as server:
        yield server


@contextmanager
def taking_tickets(identity: Identity, realm: Realm, folder: Path) -> Iterator[OddWindows]:
    before = dict(os.environ)
    with serving(identity, folder) as server:
        server.acceptor = Acceptor(realm.keytab, realm.config)
        yield server
    os.environ.clear()
    os.environ.update(before)


class Door:
    """How the host is logged in to, with what is said of it."""

    def __init__(self, windows: OddWindows, trusted: Authority, *kdcs: int) -> None:
        self.windows, self.trusted, self.kdcs = windows, trusted, kdcs
        self.records: list[Exchange] = []

    def open(self, user: str = "reader", secret: str = SECRET, name: str = NAME) -> WindowsSession:
        names = tuple(f"dc{number}" for number, _ in enumerate(self.kdcs, 1))
        way = WinrmWay(
            user=f"{user}@{REALM.lower()}",
            secret=secret,
            name=name,
            authorities=(self.trusted.root.read_text("ascii"),),
            kerberos=KerberosWay(realm=REALM, kdcs=names),
        )
        targets = {"web1": Target(addresses=(HOME,), ports={"winrm": self.windows.port})}
        doors = zip(names, self.kdcs, strict=True)
        targets |= {kdc: Target(addresses=(HOME,), ports={"kerberos": port}) for kdc, port in doors}
        return open_windows(leave_over(targets), "web1", way, self.records.append, patience=1.5)

    def unmet(self, user: str = "reader", secret: str = SECRET, name: str = NAME) -> Unanswered:
        with pytest.raises(Unanswered) as caught:
            self.open(user, secret, name)
        assert secret not in str(caught.value)
        assert secret not in repr(self.records)
        return caught.value


@pytest.fixture
def door(windows: OddWindows, trusted: Authority, realm: Realm) -> Door:
    return Door(windows, trusted, realm.port)


@pytest.mark.parametrize("scheme", ["Negotiate", "Kerberos"])
def test_the_host_is_asked_after_a_log_in_by_kerberos(scheme: str, door: Door, windows: OddWindows) -> None:
    windows.offers = scheme
    session = door.open()
    assert session.ask(SCRIPT, {}) == ({"name": "Büro"},)
    session.close()
    assert windows.shells == {}
    assert len(windows.tokens) == 1
    # Nothing that somebody could try passwords on is kept.
    assert {record.session for record in door.records} == {"powershell"}


def test_a_line_that_ends_is_logged_in_to_again_with_the_same_ticket(
    trusted: Authority, tmp_path: Path, identity: Identity
) -> None:
    own = realm_of(tmp_path / "own")
    with taking_tickets(identity, own, tmp_path) as server:
        with own:
            session = Door(server, trusted, own.port).open()
        # The KDC is gone: nobody could ask it a second time.
        session._dialler.hang_up()
        session._anew()
        assert session.ask(SCRIPT, {}) == ({"name": "Büro"},)
        session.close()
        assert len(server.tokens) == 2


@pytest.mark.parametrize(
    ("user", "secret", "said"),
    [
        ("reader", "Gelb-42-Kran", "wrong password (Kerberos, KDC dc1: error 24"),
        ("nobody", SECRET, "the realm knows no such account (Kerberos, KDC dc1: error 6"),
        ("locked", SECRET, "the account is locked, disabled or expired"),
        ("expired", SECRET, "the password has expired"),
        ("over", SECRET, "the account has expired"),
        ("rc4", SECRET, "or the account has no AES key"),
    ],
)
def test_an_account_that_the_realm_does_not_take_is_rejected_and_the_host_hears_nothing(
    user: str, secret: str, said: str, door: Door, windows: OddWindows
) -> None:
    reason = door.unmet(user, secret)
    assert (reason.kind, reason.phase) == (Kind.CREDENTIALS_REJECTED, Phase.LOGIN)
    assert said in reason.detail
    assert windows.tokens == []


def test_a_host_without_a_service_principal_is_a_case_of_its_own(
    windows: OddWindows, trusted: Authority, tmp_path: Path
) -> None:
    bare = Realm(tmp_path / "bare")
    bare.account("reader", SECRET)
    with bare:
        reason = Door(windows, trusted, bare.port).unmet()
    assert (reason.kind, reason.phase) == (Kind.NOT_THERE, Phase.GREET)
    assert f"the realm knows no {SERVICE}" in reason.detail
    assert windows.tokens == []


def test_a_host_with_old_keys_alone_gets_no_ticket_of_ours(
    windows: OddWindows, trusted: Authority, tmp_path: Path
) -> None:
    old = Realm(tmp_path / "old")
    old.account("reader", SECRET)
    old.service(SERVICE, "-e", "arcfour-hmac:normal")
    with old:
        reason = Door(windows, trusted, old.port).unmet()
    assert (reason.kind, reason.phase) == (Kind.TICKET_REJECTED, Phase.LOGIN)
    assert "the host's account has no AES key" in reason.detail
    assert windows.tokens == []


def test_a_host_whose_password_is_out_of_step_cannot_read_the_ticket(
    windows: OddWindows, trusted: Authority, tmp_path: Path
) -> None:
    with realm_of(tmp_path / "other") as other:
        reason = Door(windows, trusted, other.port).unmet()
    assert (reason.kind, reason.phase) == (Kind.TICKET_REJECTED, Phase.LOGIN)
    assert len(windows.tokens) == 1


@pytest.mark.parametrize(("ahead", "number"), [(-1800, 37), (1800, 33)])
def test_clocks_that_are_apart_are_named(
    ahead: int, number: int, identity: Identity, trusted: Authority, tmp_path: Path
) -> None:
    with (
        realm_of(tmp_path / "late", ahead=ahead) as late,
        taking_tickets(identity, late, tmp_path) as server,
    ):
        reason = Door(server, trusted, late.port).unmet()
    assert (reason.kind, reason.phase) == (Kind.TICKET_REJECTED, Phase.LOGIN)
    assert "clock" in reason.detail
    assert f"error {number}" in reason.detail
    assert re.search(rf"the KDC's clock is {'-' if ahead < 0 else '[+]'}(1799|180[0-9]) s off", reason.detail)


def test_a_ticket_for_another_channel_is_not_taken(door: Door, windows: OddWindows) -> None:
    windows.binding.application_data = b"tls-server-end-point:" + bytes(32)
    reason = door.unmet()
    assert (reason.kind, reason.phase) == (Kind.TICKET_REJECTED, Phase.LOGIN)
    assert windows.heard == []


@pytest.mark.parametrize(
    "answer",
    [b"", b"\x60\x03\x06\x01\x2a", b"no token", bytes.fromhex("a10730050a0300a0"), b"\xa1\x83\xff\xff\xff"],
)
def test_who_does_not_prove_to_have_read_the_ticket_is_not_asked(
    answer: bytes, door: Door, windows: OddWindows
) -> None:
    windows.answer = answer
    reason = door.unmet()
    assert (reason.kind, reason.phase) == (Kind.TICKET_REJECTED, Phase.LOGIN)
    assert "does not prove" in reason.detail


@pytest.mark.parametrize("offers", ["NTLM", "Basic", "CredSSP"])
def test_nobody_falls_back_to_another_log_in(offers: str, door: Door, windows: OddWindows) -> None:
    windows.offers = offers
    reason = door.unmet()
    assert (reason.kind, reason.phase) == (Kind.REFUSED, Phase.GREET)
    assert f"only by {offers.lower()}" in reason.detail
    assert (windows.tokens, windows.heard) == ([], [])


def test_a_host_that_chooses_ntlm_within_negotiate_gets_none(door: Door, windows: OddWindows) -> None:
    # negState: request-mic; supportedMech: NTLM, 1.3.6.1.4.1.311.2.2.10 (MS-SPNG 2.2); it lets nobody in.
    windows.answer = bytes.fromhex("a1153013a0030a0103a10c060a2b06010401823702020a")
    windows.binding.application_data = b"another"
    reason = door.unmet()
    assert (reason.kind, reason.phase) == (Kind.TICKET_REJECTED, Phase.LOGIN)
    assert "something other than Kerberos" in reason.detail
    assert len(windows.tokens) == 1
    assert b"NTLMSSP" not in windows.tokens[0]


@contextmanager
def mute_port() -> Iterator[int]:
    with socket.create_server((HOME, 0)) as server:
        yield int(server.getsockname()[1])


def test_a_kdc_that_is_silent_says_nothing_of_the_host(windows: OddWindows, trusted: Authority) -> None:
    with mute_port() as mute:
        reason = Door(windows, trusted, mute).unmet()
    assert (reason.kind, reason.phase) == (Kind.UNREACHABLE, Phase.LOGIN)
    assert "no KDC answers (dc1: " in reason.detail
    assert windows.tokens == []


def test_after_a_silent_kdc_the_next_one_is_asked(
    windows: OddWindows, trusted: Authority, realm: Realm
) -> None:
    with mute_port() as mute:
        session = Door(windows, trusted, mute, realm.port).open()
    assert session.ask(SCRIPT, {}) == ({"name": "Büro"},)
    session.close()


def test_without_a_kdcs_door_nobody_goes(windows: OddWindows, trusted: Authority) -> None:
    with pytest.raises(GrantRefusedError):
        Door(windows, trusted).open()
    assert windows.heard == []
