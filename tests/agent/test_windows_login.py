"""How is Windows logged in to, and when is it not? The password never leaves, and nothing leads elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.sessions.wsman import open_windows
from agent.start import WinrmWay
from collectors import Kind, Phase, Unanswered
from collectors.exchange import Exchange
from inventory.grant import GrantRefusedError
from tests.agent.odd_wsman import DENIED, QUOTA, Fault, OddWindows
from tests.agent.over_windows import HOME, NAME, SCRIPT, SECRET, Asked, plain, serving
from tests.leave import leave_for
from tests.tls import Authority, Identity, authority

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("tls"), "ad")


@pytest.fixture(scope="module")
def identity(trusted: Authority) -> Identity:
    return trusted.issue(NAME)


@pytest.fixture
def windows(identity: Identity, tmp_path: Path) -> Iterator[OddWindows]:
    with serving(identity, tmp_path) as server:
        yield server


def unopened(windows: OddWindows, trusted: Authority, secret: str = SECRET) -> Unanswered:
    with pytest.raises(Unanswered) as caught:
        Asked(windows, trusted, secret)
    return caught.value


def test_a_wrong_password_is_rejected_and_in_no_record(windows: OddWindows, trusted: Authority) -> None:
    reason = unopened(windows, trusted, "Gelb-42-Kran")
    assert (reason.kind, reason.phase) == (Kind.CREDENTIALS_REJECTED, Phase.LOGIN)
    assert "Gelb-42-Kran" not in str(reason)
    assert windows.heard == []


def test_a_host_that_wants_the_password_itself_does_not_get_it(
    windows: OddWindows, trusted: Authority
) -> None:
    windows.offers = "Basic"
    reason = unopened(windows, trusted)
    assert (reason.kind, reason.phase) == (Kind.REFUSED, Phase.GREET)
    assert windows.heard == []


@pytest.mark.parametrize(
    ("fault", "kind"),
    [(DENIED, Kind.REFUSED), (QUOTA, Kind.QUOTA), (Fault("w:X", 2150858752), Kind.NOT_THERE)],
)
def test_a_shell_that_is_not_given_says_why(
    fault: Fault, kind: Kind, windows: OddWindows, trusted: Authority
) -> None:
    windows.faults["Create"] = fault
    reason = unopened(windows, trusted)
    assert (reason.kind, reason.phase) == (kind, Phase.LOGIN)


def test_nobody_is_followed_elsewhere(windows: OddWindows, trusted: Authority) -> None:
    with Asked(windows, trusted) as asked:
        windows.extra = {"Location": f"http://{HOME}:1/wsman"}
        assert asked.session.ask(SCRIPT, {}) == ({"name": "Büro"},)


def test_a_certificate_for_another_name_ends_it_before_anything_is_sent(
    trusted: Authority, tmp_path: Path
) -> None:
    with OddWindows(HOME, trusted.issue("other.musterbau.test"), plain, folder=tmp_path) as server:
        reason = unopened(server, trusted)
    assert (reason.kind, reason.phase) == (Kind.CERTIFICATE_REJECTED, Phase.GREET)
    assert server.heard == []


def test_a_certificate_of_an_authority_that_the_contract_does_not_name_is_rejected(
    windows: OddWindows, tmp_path: Path
) -> None:
    reason = unopened(windows, authority(tmp_path / "foreign", "foreign"))
    assert (reason.kind, reason.phase) == (Kind.CERTIFICATE_REJECTED, Phase.GREET)


def test_a_way_for_another_machine_is_not_logged_in_by_a_certificate_between(
    windows: OddWindows, trusted: Authority
) -> None:
    # Somebody between us and the host shows a certificate of his own; the host knows another one.
    windows.binding.application_data = b"tls-server-end-point:" + bytes(32)
    assert unopened(windows, trusted).kind is Kind.CREDENTIALS_REJECTED


def test_nothing_in_the_environment_leads_elsewhere(
    windows: OddWindows, trusted: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {NAME} login x password y\n")
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    with Asked(windows, trusted) as asked:
        assert asked.session.ask(SCRIPT, {}) == ({"name": "Büro"},)


def test_without_a_door_nobody_goes(trusted: Authority) -> None:
    way = WinrmWay(user="x", secret=SECRET, name=NAME, authorities=(trusted.root.read_text("ascii"),))
    with pytest.raises(GrantRefusedError):
        open_windows(leave_for("dc1", HOME, ldap=636), "dc1", way, lambda _: None)
    assert SECRET not in repr(way)


def test_a_closed_port_is_refused(trusted: Authority) -> None:
    way = WinrmWay(user="x", secret=SECRET, name=NAME, authorities=(trusted.root.read_text("ascii"),))
    records: list[Exchange] = []
    with pytest.raises(Unanswered) as caught:
        open_windows(leave_for("dc1", HOME, winrm=1), "dc1", way, records.append)
    assert (caught.value.kind, caught.value.phase) == (Kind.REFUSED, Phase.CONNECT)
    assert [record.question for record in records] == [("open",)]
