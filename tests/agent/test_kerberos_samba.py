"""Does the log-in to Windows get its ticket from Active Directory itself? A Samba controller's KDC, and its own words for no."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.sessions.wsman import WindowsSession, open_windows
from agent.start import KerberosWay, WinrmWay
from collectors import Kind, Phase, Unanswered
from inventory.grant import Target
from tests.agent.acceptor import Acceptor
from tests.agent.odd_wsman import OddWindows
from tests.agent.over_windows import HOME, NAME, SCRIPT, SECRET, serving
from tests.agent.realm import REALM
from tests.agent.samba_realm import SambaRealm
from tests.leave import leave_over
from tests.tls import Authority, authority

pytestmark = pytest.mark.lab

KDC, OLD = "127.9.2.1", "old.ad.musterbau.test"
# AES with 128 and 256 bits.
AES = 24


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SambaRealm]:
    made = SambaRealm(tmp_path_factory.mktemp("samba"), KDC)
    for name in ("reader", "locked", "expired"):
        made.account(name, SECRET)
    made.admin("user", "disable", "locked")
    made.admin("user", "setpassword", "expired", f"--newpassword={SECRET}", "--must-change-at-next-login")
    made.service(f"HTTP/{NAME}", "dc1host", kinds=AES)
    made.service(f"HTTP/{OLD}", "oldhost")
    with made:
        yield made


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("tls"), "ad")


@pytest.fixture
def windows(trusted: Authority, realm: SambaRealm, tmp_path: Path) -> Iterator[OddWindows]:
    before = dict(os.environ)
    with serving(trusted.issue(NAME), tmp_path) as server:
        server.acceptor = Acceptor(realm.keytab, realm.config)
        yield server
    os.environ.clear()
    os.environ.update(before)


def logged_in(  # noqa: PLR0917 - what a log-in consists of.
    windows: OddWindows,
    trusted: Authority,
    realm: SambaRealm,
    user: str = "reader",
    secret: str = SECRET,
    name: str = NAME,
) -> WindowsSession:
    way = WinrmWay(
        user=f"{user}@{REALM}",
        secret=secret,
        name=name,
        authorities=(trusted.root.read_text("ascii"),),
        kerberos=KerberosWay(realm=REALM, kdcs=("dc2",)),
    )
    targets = {
        "web1": Target(addresses=(HOME,), ports={"winrm": windows.port}),
        "dc2": Target(addresses=(KDC,), ports={"kerberos": realm.port}),
    }
    return open_windows(leave_over(targets), "web1", way, lambda _: None, patience=1.5)


def test_a_ticket_of_active_directory_logs_in(
    windows: OddWindows, trusted: Authority, realm: SambaRealm
) -> None:
    session = logged_in(windows, trusted, realm)
    assert session.ask(SCRIPT, {}) == ({"name": "Büro"},)
    session.close()
    assert windows.shells == {}


@pytest.mark.parametrize(
    ("user", "secret", "said"),
    [
        ("reader", "Gelb-42-Kran", "wrong password (Kerberos, KDC dc2: error 24"),
        ("nobody", SECRET, "the realm knows no such account (Kerberos, KDC dc2: error 6"),
        ("locked", SECRET, "the account is locked, disabled or expired, or it is not the hour for it"),
        ("expired", SECRET, "the password has expired"),
    ],
)
def test_active_directory_says_why_it_does_not_take_an_account(  # noqa: PLR0917 - cases and fixtures.
    user: str, secret: str, said: str, windows: OddWindows, trusted: Authority, realm: SambaRealm
) -> None:
    with pytest.raises(Unanswered) as caught:
        logged_in(windows, trusted, realm, user, secret)
    assert (caught.value.kind, caught.value.phase) == (Kind.CREDENTIALS_REJECTED, Phase.LOGIN)
    assert said in caught.value.detail
    assert windows.tokens == []


@pytest.mark.parametrize(
    ("name", "kind", "phase"),
    [
        ("nobody.ad.musterbau.test", Kind.NOT_THERE, Phase.GREET),
        # Its account does not say that it knows AES, so the KDC would seal its ticket with RC4.
        (OLD, Kind.TICKET_REJECTED, Phase.LOGIN),
    ],
)
def test_active_directory_says_why_it_gives_no_ticket_for_a_host(  # noqa: PLR0917 - cases and fixtures.
    name: str, kind: Kind, phase: Phase, trusted: Authority, realm: SambaRealm, tmp_path: Path
) -> None:
    with serving(trusted.issue(name), tmp_path) as server:
        server.acceptor = Acceptor(realm.keytab, realm.config)
        with pytest.raises(Unanswered) as caught:
            logged_in(server, trusted, realm, name=name)
    assert (caught.value.kind, caught.value.phase) == (kind, phase)
    assert server.tokens == []
