"""Does telephony answer us as it does phones? A real Kamailio, and a real SIPp behind it, over UDP, TCP and TLS."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.sessions.sip import SipSession, open_sip
from agent.sessions.sip_call import CallerSession, open_caller
from agent.start import SipWay
from collectors import About, Finding, Kind, Phase, Unanswered
from collectors.exchange import Exchange
from collectors.voip.options import judge as judge_options
from collectors.voip.options import options
from collectors.voip.register import judge as judge_registration
from collectors.voip.register import register
from collectors.voip.tls import certificate
from collectors.voip.trial_call import TrialCall, trial_call
from collectors.voip.trial_call import judge as judge_call
from inventory.grant import Leave, Target
from tests.agent.real_sip import DOMAIN, NAME, RealSip, serving_sip
from tests.leave import leave_over

pytestmark = pytest.mark.lab
TRANSPORTS = ("udp", "tcp", "tls")
# What a machine that is busy with other tests makes of any server; what is said besides must be exactly what is meant.
BUSY = {
    *("voip.options-slow", "voip.options-resent", "voip.register-slow"),
    *("voip.test-call-slow", "voip.test-call-resent", "voip.test-call-jitter", "voip.test-call-ack-lost"),
}


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSip]:
    with serving_sip(tmp_path_factory.mktemp("sip"), with_tls=True) as server:
        yield server


def meant(found: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in found if finding.tag.name not in BUSY]


def about(way: SipWay) -> About:
    from collectors import SipFacts  # noqa: PLC0415

    facts = SipFacts(
        domain=DOMAIN, transport=way.transport, port=5060, user=way.user, authorities=way.authorities
    )
    return About(
        id="pbx", name=NAME, addresses=("127.9.3.1",), platform="linux", environment="voice", sip=facts
    )


def leave(server: RealSip, transport: str, *, media: tuple[int, int] | None = None) -> Leave:
    first, last = media or (server.media, server.media + 2)
    port = server.tls if transport == "tls" else server.port
    return leave_over(
        {"pbx": Target(addresses=(server.home,), ports={"sip": port, "rtp": first, "rtp-last": last})}
    )


def opened(server: RealSip, way: SipWay, records: list[Exchange] | None = None) -> SipSession:
    return open_sip(leave(server, way.transport), "pbx", way, (records or []).append)


def caller(
    server: RealSip, way: SipWay, *numbers: str, media: tuple[int, int] | None = None
) -> CallerSession:
    way = replace(way, numbers=numbers or way.numbers)
    records: list[Exchange] = []
    return open_caller(leave(server, way.transport, media=media), "pbx", way, records.append)


async def registered(server: RealSip, way: SipWay) -> list[Finding]:
    return meant(judge_registration(await register.ask(opened(server, way), about(way))))


async def called(session: CallerSession) -> tuple[TrialCall, list[str]]:
    reading = await trial_call.ask(session)
    return reading, [finding.tag.name for finding in meant(judge_call(reading))]


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_options_are_answered(real: RealSip, transport: str) -> None:
    reading = await options.ask(opened(real, real.way(transport)))
    assert (reading.code, reading.transport) == (200, transport)
    assert reading.product.startswith("kamailio (5.")
    assert meant(judge_options(reading)) == []


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_an_account_is_registered_and_taken_back(real: RealSip, transport: str) -> None:
    assert await registered(real, real.way(transport)) == []
    assert "test" not in real.bindings()


@pytest.mark.parametrize(
    ("user", "secret", "tag"),
    [
        ("test", "wrong", "voip.register-password"),
        ("nobody", "wrong", "voip.register-password"),
        ("nobody", "", "voip.register-unknown"),
        ("banned", "", "voip.register-forbidden"),
    ],
)
async def test_a_registration_that_fails_says_why(real: RealSip, user: str, secret: str, tag: str) -> None:
    found = await registered(real, real.way(user=user, secret=secret))
    assert [finding.tag.name for finding in found] == [tag]


async def test_somebody_elses_binding_stays(real: RealSip) -> None:
    await asyncio.to_thread(_kamcmd, real, "ul.add", "location", "test", "sip:test@192.0.2.77:5062")
    try:
        found = await registered(real, real.way())
        assert [(one.tag.name, one.facts["places"]) for one in found] == [
            ("voip.register-in-use", "192.0.2.77:5062")
        ]
        assert "192.0.2.77" in real.bindings()
    finally:
        await asyncio.to_thread(_kamcmd, real, "ul.rm", "location", "test")


def _kamcmd(server: RealSip, *words: str) -> None:
    more = ["900", "1.0", "_", "0", "0", "4294967295"] if words[0] == "ul.add" else []
    command = ["kamcmd", "-s", f"unix:{server.folder / 'ctl'}", *words, *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


async def test_md5_and_a_longer_interval_are_borne(tmp_path: Path) -> None:
    with serving_sip(tmp_path / "md5", home="127.9.3.2", algorithm="MD5", min_expires=90) as server:
        way = server.way()
        reading = await register.ask(opened(server, way), about(way))
        assert (reading.asked, reading.granted, reading.kept) == ("MD5 auth", 90, True)
        assert meant(judge_registration(reading)) == []
        assert "test" not in server.bindings()


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_call_stands_and_sounds_both_ways(real: RealSip, transport: str) -> None:
    reading, tags = await called(caller(real, real.way(transport), "600"))
    assert reading.code == 200
    assert reading.provisional[:1] == (100,)
    assert reading.rang is not None
    assert reading.answered is not None
    assert 0.15 < reading.answered < 3
    assert reading.bye == 200
    assert reading.sound is not None
    (heard,) = reading.sound.heard
    assert heard.source == reading.sound.toward == f"{real.home}:{real.media}"
    assert heard.packets > 100
    assert tags == []


@pytest.mark.parametrize(
    ("number", "tag", "cause"),
    [
        ("601", "voip.test-call-busy", 0),
        ("602", "voip.test-call-route", 1),
        ("603", "voip.test-call-moved", 0),
        ("999", "voip.test-call-route", 0),
    ],
)
async def test_a_call_that_fails_says_why(real: RealSip, number: str, tag: str, cause: int) -> None:
    reading, tags = await called(caller(real, real.way(), number))
    assert tags == [tag]
    assert reading.cause == cause


async def test_a_call_with_a_wrong_password_is_no_call(real: RealSip) -> None:
    _, tags = await called(caller(real, real.way(secret="wrong"), "600"))
    assert tags == ["voip.test-call-login"]


async def test_sound_goes_nowhere_else(tmp_path: Path) -> None:
    with serving_sip(tmp_path / "far", home="127.9.3.4", sound="127.9.3.5") as server:
        reading, tags = await called(caller(server, server.way(), "600"))
        assert reading.sound is not None
        assert reading.sound.sent == 0
        assert tags == ["voip.test-call-not-granted"]


async def test_a_certificate_of_another_authority_ends_it_before_a_word(
    real: RealSip, tmp_path: Path
) -> None:
    from tests.tls import authority  # noqa: PLC0415

    other = authority(tmp_path, "Other").root.read_text()
    for way, why in (
        (replace(real.way("tls"), authorities=(other,)), "certificate"),
        (replace(real.way("tls"), authorities=()), "names no authority"),
        (replace(real.way("tls"), name="other.test", domain="other.test"), "and not for other.test"),
    ):
        with pytest.raises(Unanswered) as caught:
            await opened(real, way).options()
        assert (caught.value.kind, caught.value.phase) == (Kind.CERTIFICATE_REJECTED, Phase.GREET)
        assert why in caught.value.detail


async def test_the_certificate_is_read_whether_trusted_or_not(real: RealSip) -> None:
    way = replace(real.way("tls"))
    reading = await certificate.ask(opened(real, way), about(way))
    assert (reading.names, reading.is_trusted) == ((NAME,), True)


def test_what_the_lab_needs_is_installed() -> None:
    assert shutil.which("kamailio")
    assert shutil.which("sipp")
