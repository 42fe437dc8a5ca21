"""What becomes of answers about tunnels that are cut, garbled, or never end? No exception, and never a healthy tunnel by mistake."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors import Finding, Kind, Ran, Shell, Unanswered
from collectors.catalogue import catalogue
from collectors.vpn.openvpn_text import options_of, state_of, status_of
from collectors.vpn.vici_text import events_of
from tests.collectors.case import Case, Filed, cases, findings

VPN = [filed for filed in cases() if filed.path.parent.parent.name == "vpn" and not filed.case.hosts]
# Those that a gateway answers itself, over its command line.
ON_GATEWAYS = [filed for filed in VPN if filed.case.run]
STRONGSWAN = [filed for filed in VPN if filed.path.parent.name == "ipsec" and filed.case.unanswered is None]


def spoilt(filed: Filed, number: int, stdout: str, kind: Kind | None = None) -> Filed:
    """The case with another answer to one of its questions."""
    runs = list(filed.case.run)
    runs[number] = runs[number].model_copy(update={"stdout": stdout, "unanswered": kind})
    return Filed(filed.path, filed.question, filed.case.model_copy(update={"run": tuple(runs)}))


async def judged(filed: Filed) -> tuple[Finding, ...] | None:
    """The findings; None where it is unanswered."""
    try:
        found = await findings(filed)
    except Unanswered:
        return None
    for finding in found:
        for language in ("de", "en"):
            assert finding.text(language).isprintable()
    return found


@pytest.mark.parametrize("filed", STRONGSWAN, ids=lambda filed: filed.path.stem)
async def test_an_answer_of_strongswan_that_is_cut_is_no_answer(filed: Filed) -> None:
    for number, run in enumerate(filed.case.run):
        if run.argv[0] != "/usr/sbin/swanctl" or not run.stdout:
            continue
        for share in (0.2, 0.5, 0.9):
            cut = run.stdout[: int(len(run.stdout.rstrip()) * share)]
            assert await judged(spoilt(filed, number, cut)) is None, (run.argv, share)


@pytest.mark.parametrize("filed", VPN, ids=lambda filed: f"{filed.question}-{filed.path.stem}")
async def test_a_question_that_hangs_is_unanswered_or_lacks_something_and_is_never_an_error(
    filed: Filed,
) -> None:
    for number in range(len(filed.case.run)):
        await judged(spoilt(filed, number, "", Kind.TIMED_OUT))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_whatever_a_gateway_answers_is_a_reading_or_unanswered(data: st.DataObject) -> None:
    filed = data.draw(st.sampled_from(VPN))
    if not filed.case.run:
        return
    number = data.draw(st.integers(0, len(filed.case.run) - 1))
    text = filed.case.run[number].stdout
    lines = text.split("\n")
    match data.draw(st.sampled_from(["cut", "drop", "twice", "swap", "noise", "numbers"])):
        case "cut":
            text = text[: data.draw(st.integers(0, len(text)))]
        case "drop":
            del lines[data.draw(st.integers(0, len(lines) - 1))]
            text = "\n".join(lines)
        case "twice":
            at = data.draw(st.integers(0, len(lines) - 1))
            text = "\n".join([*lines[: at + 1], *lines[at:]])
        case "swap":
            text = "\n".join(data.draw(st.permutations(lines[:40]))) + "\n".join(lines[40:])
        case "noise":
            at = data.draw(st.integers(0, len(text)))
            text = text[:at] + data.draw(st.text(max_size=30)) + text[at:]
        case _:
            text = text.translate(
                str.maketrans("0123456789", data.draw(st.text("0123456789-x", min_size=10, max_size=10)))
            )
    await judged(spoilt(filed, number, text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ENTER PASSWORD:",
        ">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\r\n",
        ">INFO:x\r\n1795759626,CONNECTED,SUCCESS,10.88.53.2,10.88.50.6,1194,,\r\n",
        "ERROR: command not allowed\r\n",
        "END\n",
        "x,y,z\nEND\n",
    ],
)
def test_half_an_answer_of_the_management_interface_is_no_state(text: str) -> None:
    with pytest.raises(Unanswered):
        state_of(text)


def test_what_the_daemon_says_of_its_own_accord_is_no_part_of_an_answer() -> None:
    text = ">INFO:x\r\n>STATE:1,EXITING,,,,,,\r\n1795759626,CONNECTED,SUCCESS,10.8.0.2,192.0.2.6,1194,,\r\nEND\r\n"
    state = state_of(text)
    assert (state.name, state.since, state.remote) == ("CONNECTED", 1795759626, "192.0.2.6")


@pytest.mark.parametrize(
    "text",
    [
        "OpenVPN CLIENT LIST\nUpdated,x\nCommon Name,Real Address\na\nEND\n",
        "TITLE,x\nCLIENT_LIST,a,b\nEND\n",
        "OpenVPN CLIENT LIST\n",
        "<html>\nEND\n",
    ],
)
def test_a_status_whose_rows_do_not_fit_is_no_status(text: str) -> None:
    with pytest.raises(Unanswered):
        status_of(text)


def test_no_key_is_ever_taken_from_a_configuration() -> None:
    text = "secret static.key\nkey server.key\n<key>\nabc\n</key>\naskpass x\nproto udp\n"
    assert options_of(text) == {"proto": (("udp",),)}


def test_an_identity_cannot_pretend_to_be_more_than_one_value() -> None:
    text = (
        "list-sa event {\n  lab {\n    state = CONNECTING\n    remote-id = x state = ESTABLISHED\n  }\n}\n"
        "list-sas reply {\n}\n"
    )
    (event,), _ = events_of(text, event="list-sa", reply="list-sas")
    assert event.part("lab").text("state") == "CONNECTING"


def test_no_question_about_tunnels_asks_for_a_key() -> None:
    """`wg show all dump`, `wg showconf` and `ip xfrm state` would print private and shared keys."""
    asked = {
        word
        for filed in cases()
        if filed.question.startswith("vpn.")
        for run in runs(filed.case)
        for word in run
    }
    assert not asked & {"dump", "showconf", "preshared-keys", "private-key", "xfrm"}


def runs(case: Case) -> list[tuple[str, ...]]:
    return [run.argv for talk in (case, *case.hosts.values()) for run in talk.run]


class Counting:
    """A host without any VPN: it has no such commands, and no such processes."""

    def __init__(self) -> None:
        self.asked = 0

    async def run(self, *argv: str, deadline: float = 20.0) -> Ran:
        del deadline
        self.asked += 1
        known = {"ps": "      1 root     /sbin/init\n", "date": "1795759626\n"}
        began = ON_GATEWAYS[0].case.run[0].began
        stdout = known.get(argv[0], "")
        return Ran(argv=argv, stdout=stdout, stderr="", code=0 if stdout else 127, began=began, took=0.0)


async def test_a_gateway_without_any_vpn_costs_few_questions() -> None:
    about = ON_GATEWAYS[0].case.contract()
    bare = type(about)(
        id=about.id, name=about.name, addresses=about.addresses, platform="linux", environment="server"
    )
    for name in ("vpn.ipsec", "vpn.openvpn", "vpn.wireguard", "vpn.routes", "vpn.kernel-drops"):
        collector, host = catalogue().collectors[name], Counting()
        reading = await collector((host,), bare)
        assert list(collector.judge(reading)) == []
        assert host.asked <= 2, name


def test_only_gateways_are_asked() -> None:
    about = ON_GATEWAYS[0].case.contract()
    server = type(about)(
        id=about.id, name=about.name, addresses=about.addresses, platform="linux", environment="server"
    )
    vpn = [one for one in catalogue().collectors.values() if one.area == "vpn" and Shell in one.sessions]
    assert len(vpn) >= 5
    assert not any(one.suits(server) for one in vpn)
    assert all(one.suits(about) for one in vpn)


@pytest.mark.parametrize("question", ["ipsec", "wireguard"])
async def test_what_only_root_may_ask_is_asked_through_sudo_where_a_rule_lets_it(question: str) -> None:
    (filed,) = [one for one in VPN if (one.path.parent.name, one.path.stem) == (question, "one-way")]
    raised = []
    for run in filed.case.run:
        is_root = run.argv[0].startswith("/usr/")
        if is_root:
            denied = "Unable to access interface wg0: Operation not permitted\n"
            raised.append(run.model_copy(update={"stdout": "", "stderr": denied, "code": 1}))
        raised.append(run.model_copy(update={"argv": ("sudo", "-n", "--", *run.argv)}) if is_root else run)
    behind = Filed(filed.path, filed.question, filed.case.model_copy(update={"run": tuple(raised)}))
    assert await judged(behind) == await judged(filed)


@pytest.mark.parametrize(
    "said",
    [
        "sudo: a password is required\n",
        "Sorry, user secondline is not allowed to execute '/usr/sbin/swanctl' as root on gw1.\n",
        "secondline is not in the sudoers file.\n",
    ],
)
async def test_a_sudo_that_refuses_is_unanswered_with_the_rule_that_is_lacking(said: str) -> None:
    class Refusing:
        async def run(self, *argv: str, deadline: float = 20.0) -> Ran:
            del deadline
            stderr = said if argv[0] == "sudo" else "connecting failed: Permission denied\n"
            began = ON_GATEWAYS[0].case.run[0].began
            return Ran(argv=argv, stdout="", stderr=stderr, code=1, began=began, took=0.0)

    with pytest.raises(Unanswered, match="swanctl --list-conns --pretty"):
        await catalogue().collectors["vpn.ipsec"]((Refusing(),), ON_GATEWAYS[0].case.contract())
