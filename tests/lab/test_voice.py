"""Are the telephones of the lab healthy, does speech go over the narrow line, and is a whole diagnosis of them quick?"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.faults.fault import heal
from tests.faults.matrix import FAULTS
from tests.lab import voice
from tests.lab.lab import Lab
from tests.lab.places import EDGE, PBX
from tests.lab.tools import until

pytestmark = pytest.mark.lab

BY_NAME = {fault.name: fault for fault in FAULTS}
_FIRST, _SECOND = voice.PHONE_OF


def diagnosed(lab: Lab, subject: str, text: str, *words: str) -> dict[str, Any]:
    """What was found."""
    lab.learn_contract()
    made = lab.product(
        "ticket", "new", "--customer", "musterbau", "--subject", subject, "--text", text, "--json"
    )
    ticket = str(json.loads(made.stdout)["id"])
    done = lab.product("diagnose", "--ticket", ticket, "--json", *words)
    assert done.returncode in {0, 1}, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _carried(lab: Lab) -> int:
    """Bytes that the class of voice has let through on the narrow line."""
    shown = lab.on(EDGE[0].id, "tc", "-s", "class", "show", "dev", "wan").stdout
    return int(shown.partition("class htb 1:10 ")[2].partition("Sent ")[2].split()[0])


def test_the_phones_are_registered_and_a_call_goes_over_the_narrow_line(lab: Lab) -> None:
    lab.wait_healthy()
    assert tuple(voice.ill(lab.place)) == ()
    before = _carried(lab)
    voice.call(lab.place, _FIRST, _SECOND)
    try:
        # Five seconds of speech, marked as voice.
        until("speech has gone over the line", lambda: _carried(lab) > before + 40_000, seconds=20)
        assert "ESTABLISHED" in voice.control(lab.place, _SECOND, "listcalls")
    finally:
        voice.hang_up(lab.place, _FIRST)
    until("nobody talks any more", lambda: "(0)" in voice.control(lab.place, _SECOND, "listcalls"))


def test_a_whole_diagnosis_of_healthy_telephones_finds_nothing(lab: Lab) -> None:
    lab.wait_healthy()
    told = diagnosed(lab, "Frage", "Bitte ansehen.", "--area", "voip")
    assert told["causes"] == []
    assert told["coverage"]["unanswered"] == told["coverage"]["broken"] == 0
    asked = {result["collector"] for result in told["results"] if result["host"] == PBX.id}
    assert {"voip.registrations", "voip.kamailio", "voip.rtpengine", "voip.log", "voip.options"} <= asked


def test_a_test_call_is_made_when_somebody_asks_for_it_and_hears_itself(lab: Lab) -> None:
    lab.wait_healthy()
    before = _carried(lab)
    told = diagnosed(lab, "Frage", "Bitte ansehen.", "--question", "voip.test-call")
    assert told["causes"] == []
    assert told["coverage"]["seen"] == 1
    # Its sound went over the narrow line, to the answering machine.
    assert _carried(lab) > before + 20_000


@pytest.mark.parametrize(
    ("name", "subject", "text", "symptom"),
    [
        ("media-one-way", "Einseitiger Ton", "Der Kunde hört uns nicht, einseitige Sprache.", "no-audio"),
        ("ack-lost", "Anruf bricht ab", "Jedes Gespräch bricht nach 30 Sekunden ab.", "calls-drop"),
        ("phone-off", "Telefon meldet sich nicht an", "Das Telefon 102 zeigt kein Dienst.", "not-registered"),
        ("no-common-codec", "Calls fail", "Calls to 102 fail with SIP 488.", "calls-fail"),
    ],
)
def test_a_complaint_leads_to_its_answer(lab: Lab, name: str, subject: str, text: str, symptom: str) -> None:
    lab.wait_healthy()
    fault = BY_NAME[name]
    try:
        fault.inject(lab)
        told = diagnosed(lab, subject, text)
    finally:
        heal(lab, [fault])
    assert told["path"]["symptom"] == symptom
    assert "found" in [stage["state"] for stage in told["path"]["stages"]]
    assert fault.names(told["causes"][0]["tag"], told["causes"][0]["host"])


def test_what_the_account_may_not_see_could_not_be_asked(lab: Lab) -> None:
    """Without the right to use Kamailio's control socket nothing is judged, and the report says what to allow."""
    lab.wait_healthy()
    socket = "/run/kamailio/kamailio_ctl"
    try:
        lab.void(PBX.id, "chmod", "600", socket)
        told = diagnosed(lab, "Frage", "Bitte ansehen.", "--area", "voip", "--host", PBX.id)
    finally:
        lab.void(PBX.id, "chmod", "660", socket)
    silent = {one["collector"]: one for one in told["coverage"]["lists"]["unanswered"]}
    assert set(silent) == {"voip.kamailio", "voip.registrations", "voip.dialogs"}
    assert "group that owns the control socket" in silent["voip.kamailio"]["detail"]
    assert not [cause for cause in told["causes"] if cause["severity"] != "note"]
