"""What can be wrong with telephones and their server? Faults of registrations, of the server's parts, and of what is said.

Calls are real and short: one phone calls the other, and what they say goes over the narrow line.
"""

from __future__ import annotations

from tests.faults.fault import Fault
from tests.faults.voice_acts import (
    ACK,
    AT_FIRST,
    AT_SECOND,
    ECHO,
    HOME_CONTACT,
    KAMAILIO,
    NO_UDP,
    ONE,
    RELAY,
    RTPENGINE,
    SECOND,
    SLOW,
    TWO,
    account,
    answers_busy,
    as_usual,
    call,
    configured,
    counts_not,
    crowd,
    echoes,
    elsewhere,
    filtered_at,
    hang_up,
    in_call,
    is_filtered,
    is_not,
    is_off,
    is_registered_at,
    media,
    no_crowd,
    off,
    on,
    runs,
    says,
    second_call,
    service,
    then,
    tries_again,
    unfilter,
    voice_fault,
    wait_registered,
)
from tests.lab import cells, voice, voice_server
from tests.lab.places import EDGE, PBX
from tests.lab.tools import until

__all__ = ["FAULTS"]

FAULTS: tuple[Fault, ...] = (
    voice_fault(
        "registrar-stopped",
        "voip.kamailio-down",
        service("stop", KAMAILIO),
        service("start", KAMAILIO),
        is_not(runs(KAMAILIO)),
    ),
    voice_fault(
        "phone-password-wrong",
        "voip.phone-refused",
        tries_again(on(ONE, password="not-the-one")),
        on(ONE),
        account(ONE, "not-the-one"),
    ),
    voice_fault(
        "phone-off",
        "voip.phone-unregistered",
        then(off(TWO), wait_registered(0, TWO)),
        on(TWO),
        is_off(TWO),
    ),
    voice_fault(
        "phone-other-domain",
        "voip.phone-other-domain",
        then(
            on(ONE, domain="telefon.test"),
            lambda lab: until(
                "it is registered so",
                lambda: "101@telefon.test" in voice.kamcmd(lab.place, "ul.dump"),
                seconds=20,
            ),
            lambda lab: until(
                "and not otherwise",
                lambda: "101@musterbau.test" not in voice.kamcmd(lab.place, "ul.dump"),
                seconds=20,
            ),
        ),
        on(ONE),
        account(ONE, "telefon.test"),
    ),
    voice_fault(
        "contact-private",
        "voip.contact-elsewhere",
        then(off(ONE), wait_registered(0, ONE), elsewhere(HOME_CONTACT, 600)),
        then(elsewhere(HOME_CONTACT, 0), on(ONE)),
        is_registered_at("192.168.178.20"),
    ),
    voice_fault(
        "phone-elsewhere",
        "voip.phone-elsewhere",
        elsewhere(f"sip:101@{AT_SECOND}:5099", 600),
        elsewhere(f"sip:101@{AT_SECOND}:5099", 0),
        is_registered_at(f"{AT_SECOND}:5099"),
    ),
    voice_fault(
        "sip-filtered",
        "voip.no-requests",
        then(filtered_at(PBX.id, "input", "udp dport 5060 drop"), wait_registered(0, ONE, TWO)),
        unfilter(PBX.id),
        is_filtered(PBX.id),
    ),
    voice_fault(
        "sip-tcp-only",
        "voip.no-udp",
        configured(NO_UDP),
        configured(),
        is_not(says(voice_server.CONFIG, "listen=udp")),
    ),
    voice_fault(
        "too-few-workers",
        "voip.requests-wait",
        then(configured(*SLOW), wait_registered(1, ONE, TWO), crowd),
        then(no_crowd, configured()),
        says(voice_server.CONFIG, "usleep"),
        note="a pause in the configuration stands for a slow database",
    ),
    voice_fault(
        "relay-stopped",
        "voip.rtpengine-down",
        service("stop", RTPENGINE),
        service("start", RTPENGINE),
        is_not(runs(RTPENGINE)),
    ),
    voice_fault(
        "relay-control-wrong",
        "voip.relay-lost",
        then(configured(("udp:127.0.0.1:2223", "udp:127.0.0.1:2224")), wait_registered(1, ONE, TWO)),
        configured(),
        says(voice_server.CONFIG, ":2224"),
    ),
    voice_fault(
        "relay-ports-out",
        "voip.media-ports-out",
        then(media(30000, 30005), call(ONE, TWO)),
        then(hang_up, as_usual),
        says(voice_server.MEDIA, "30005"),
    ),
    voice_fault(
        "relay-at-its-limit",
        "voip.relay-at-limit",
        then(media(30000, 30200, "max-sessions = 1"), second_call),
        then(hang_up, as_usual),
        says(voice_server.MEDIA, "max-sessions"),
    ),
    voice_fault(
        "trunk-down",
        "voip.targets-gone",
        counts_not,
        lambda lab: voice.start_echo(lab.place),
        lambda lab: not cells.running_pids(lab.place, SECOND, "sipp"),
    ),
    voice_fault(
        "trunk-busy",
        "voip.calls-no-capacity",
        then(answers_busy, call(ONE, ECHO), call(TWO, ECHO)),
        echoes,
        lambda lab: bool(lab.on(SECOND, "pgrep", "-f", "busy.xml", check=False).stdout),
    ),
    voice_fault(
        "no-common-codec",
        "voip.calls-no-codec",
        then(on(TWO, codecs="G722/16000/1"), wait_registered(1, TWO), call(ONE, TWO)),
        on(TWO),
        account(TWO, "audio_codecs=G722"),
    ),
    in_call("ack-lost", "voip.ack-missing", EDGE[0].id, "forward", f"ip saddr {AT_FIRST} {ACK} drop"),
    voice_fault(
        "sip-large-lost",
        "voip.calls-unanswered",
        then(
            filtered_at(EDGE[0].id, "forward", f"ip daddr {AT_SECOND} udp dport 5060 ip length > 700 drop"),
            call(ONE, TWO),
        ),
        then(hang_up, unfilter(EDGE[0].id)),
        is_filtered(EDGE[0].id),
    ),
    in_call(
        "media-one-way", "voip.media-one-way", EDGE[1].id, "forward", f"ip saddr {AT_SECOND} {RELAY} drop"
    ),
    in_call("media-filtered", "voip.media-none", PBX.id, "input", f"{RELAY} drop"),
    in_call(
        "media-lost-midway",
        "voip.media-stopped",
        EDGE[1].id,
        "forward",
        f"ip saddr {AT_SECOND} {RELAY} drop",
        midway=True,
    ),
    in_call(
        "media-loss",
        "voip.media-gaps",
        EDGE[1].id,
        "forward",
        f"ip saddr {AT_SECOND} {RELAY} numgen random mod 100 < 5 drop",
    ),
)
