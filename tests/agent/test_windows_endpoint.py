"""Is Windows asked through a constrained endpoint as through a shell, and is no other edition of a question believed?"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.capability import capability, configuration, function_of, scripts
from agent.sessions.endpoint import EndpointSession, open_endpoint
from agent.start import WinrmWay
from collectors import Kind, Phase, Script, Unanswered
from collectors.exchange import Exchange
from tests.agent.odd_psrp import Called, OddEndpoint, error, line
from tests.agent.odd_wsman import DENIED, QUOTA, Fault
from tests.agent.over_windows import HOME, NAME, SECRET
from tests.leave import leave_for
from tests.tls import Authority, Identity, authority

pytestmark = pytest.mark.slow

SCRIPT = Script(name="ad/time_source.ps1", text="param($data)\n[pscustomobject]@{ name = 'Büro' }\n")
FUNCTION, ENDPOINT = "Get-SecondlineTimeSource", "Secondline"


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("tls"), "ad")


@pytest.fixture(scope="module")
def identity(trusted: Authority) -> Identity:
    return trusted.issue(NAME)


@pytest.fixture
def windows(identity: Identity, tmp_path: Path) -> Iterator[OddEndpoint]:
    with OddEndpoint(HOME, identity, ENDPOINT, folder=tmp_path) as server:
        server.admit("AD", "reader", SECRET)
        os.environ["NTLM_USER_FILE"] = str(server.users)
        server.functions[FUNCTION] = lambda _: line(SCRIPT.digest, {"name": "Büro"})
        yield server


RECORDS: list[Exchange] = []


def opened(
    windows: OddEndpoint, trusted: Authority, *, name: str = ENDPOINT, secret: str = SECRET
) -> EndpointSession:
    RECORDS.clear()
    root = trusted.root.read_text("ascii")
    way = WinrmWay(user="AD\\reader", secret=secret, name=NAME, authorities=(root,), endpoint=name)
    leave = leave_for("dc1", HOME, winrm=windows.port)
    return open_endpoint(leave, "dc1", way, RECORDS.append, patience=1.5)


def unmet(windows: OddEndpoint, trusted: Authority) -> Unanswered:
    session = opened(windows, trusted)
    with pytest.raises(Unanswered) as caught:
        session.ask(SCRIPT, {})
    session.close()
    assert windows.pools == {}
    return caught.value


def test_functions_are_called_with_their_data_over_one_runspace_that_is_closed(
    windows: OddEndpoint, trusted: Authority
) -> None:
    session = opened(windows, trusted)
    for names in (("W32Time",), ("Kdc", "Büro's")):
        assert session.ask(SCRIPT, {"names": names}) == ({"name": "Büro"},)
    session.close()
    assert windows.called == [
        (FUNCTION, {"names": ["W32Time"]}),
        (FUNCTION, {"names": ["Kdc", "Büro's"]}),
    ]
    assert (windows.heard.count("Create"), windows.heard.count("Delete")) == (1, 1)
    assert windows.pools == {}
    asked = RECORDS[-1]
    assert asked.facts == {"script": SCRIPT.digest, "endpoint": ENDPOINT}
    assert SECRET not in repr(RECORDS)


def test_data_of_any_size_comes_whole(windows: OddEndpoint, trusted: Authority) -> None:
    session = opened(windows, trusted)
    names = tuple(f"Dienst {number}" for number in range(900))
    windows.functions[FUNCTION] = lambda data: line(SCRIPT.digest, {"count": len(data["names"])})
    assert session.ask(SCRIPT, {"names": names}) == ({"count": 900},)
    session.close()


def _other(_: Mapping[str, Any]) -> Called:
    return line("0" * 64, {"name": "Büro"})


@pytest.mark.parametrize(
    ("leaves", "kind", "said"),
    [
        (_other, Kind.NOT_THERE, "another edition"),
        (lambda _: Called(('secondline={"answer": []}',)), Kind.NOT_THERE, "another edition"),
        (lambda _: Called(("secondline=[1]",)), Kind.NOT_THERE, "another edition"),
        (lambda _: Called(("no mark",)), Kind.UNPARSABLE, "no objects"),
        (lambda _: Called(), Kind.UNPARSABLE, "no objects"),
        (lambda _: Called(("secondline={",)), Kind.UNPARSABLE, "no JSON"),
        (lambda _: error("UnauthorizedAccess,X"), Kind.REFUSED, "access denied"),
        (lambda _: Called(habit="never"), Kind.TIMED_OUT, "no whole answer within 1.5 s"),
        (lambda _: Called(habit="hangs"), Kind.TIMED_OUT, "no whole answer within 1.5 s"),
        (lambda _: Called(habit="dies"), Kind.CUT_OFF, "the connection ends"),
    ],
)
def test_what_is_no_answer_to_our_question_is_none(
    leaves: Callable[[Mapping[str, Any]], Called],
    kind: Kind,
    said: str,
    windows: OddEndpoint,
    trusted: Authority,
) -> None:
    windows.functions[FUNCTION] = leaves
    reason = unmet(windows, trusted)
    assert (reason.kind, reason.phase) == (kind, Phase.ASK)
    assert said in reason.detail


def test_a_function_that_is_not_offered_is_named(windows: OddEndpoint, trusted: Authority) -> None:
    windows.functions.clear()
    reason = unmet(windows, trusted)
    assert (reason.kind, reason.phase) == (Kind.NOT_THERE, Phase.ASK)
    assert f"the endpoint does not offer {FUNCTION}" in reason.detail


@pytest.mark.parametrize(
    ("fault", "kind"),
    [(DENIED, Kind.REFUSED), (QUOTA, Kind.QUOTA), (Fault("w:X", 2150858752), Kind.NOT_THERE)],
)
def test_a_runspace_that_is_not_given_says_why(
    fault: Fault, kind: Kind, windows: OddEndpoint, trusted: Authority
) -> None:
    windows.faults["Create"] = fault
    with pytest.raises(Unanswered) as caught:
        opened(windows, trusted)
    assert (caught.value.kind, caught.value.phase) == (kind, Phase.LOGIN)


def test_an_endpoint_of_another_name_is_not_there(windows: OddEndpoint, trusted: Authority) -> None:
    with pytest.raises(Unanswered) as caught:
        opened(windows, trusted, name="Microsoft.PowerShell")
    assert (caught.value.kind, caught.value.phase) == (Kind.NOT_THERE, Phase.LOGIN)


def test_a_wrong_password_is_rejected(windows: OddEndpoint, trusted: Authority) -> None:
    with pytest.raises(Unanswered) as caught:
        opened(windows, trusted, secret="Gelb-42-Kran")
    assert (caught.value.kind, caught.value.phase) == (Kind.CREDENTIALS_REJECTED, Phase.LOGIN)
    assert windows.heard == []


def test_every_script_of_ours_is_a_function_that_says_which_one_it_is() -> None:
    offered = scripts()
    text = capability(offered)
    assert len(offered) >= 6
    for script in offered:
        assert f"Name = '{function_of(script.name)}'" in text
        assert f"$said['script'] = '{script.digest}'" in text
        assert script.text.strip("\n") in text
    # No script is taken from outside any more, and what opens is closed.
    assert "ScriptBlock]::Create" not in text
    assert "$input" not in text
    plain = re.sub(r"'[^'\n]*'|\"[^\"\n]*\"|#[^\n]*", "", text)
    assert all(plain.count(one) == plain.count(other) for one, other in ("{}", "()", "[]"))
    assert capability(offered) == text


def test_two_scripts_of_one_name_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="Get-SecondlineTimeSource"):
        capability((SCRIPT, Script(name="linux/time_source.ps1", text="1")))


def test_an_account_cannot_write_the_configuration() -> None:
    text = configuration("AD\\o'neill' = @{} }")
    assert "'AD\\o''neill'' = @{} }' = @{ RoleCapabilities = 'Secondline' }" in text
    assert "LanguageMode = 'NoLanguage'" in text
