"""Is the text of a service policy read as its indent means it, in all the ways that releases write it?"""

from __future__ import annotations

import pytest

from collectors import Unanswered
from collectors.net.mqc import marks_of
from collectors.net.policy_map_text import ShownPolicy, read_policies, read_ports
from collectors.net.qos import Counts, QosClass

# Two levels of priority, each with its queue; a fair queue; a class that is not counted in bytes.
LEVELS = """ TenGigabitEthernet0/0/24

  Service-policy output: CORE-OUT

    queue stats for all priority classes:
      Queueing
      priority level 1
      queue limit 983 us/ 122880 bytes
      (queue depth/total drops/no-buffer drops) 0/7/0
      (pkts output/bytes output) 14995/779740

    queue stats for all priority classes:
      Queueing
      priority level 2
      (queue depth/total drops/no-buffer drops) 158/30/0
      (pkts output/bytes output) 20000/1000000

    Class-map: VOICE (match-any)
      14995 packets, 779740 bytes
      30 second offered rate 0000 bps, drop rate 0000 bps
      Match: dscp ef (46)
      Priority: 10% (1000000 kbps), burst bytes 25000000, b/w exceed drops: 0

      Priority Level: 1

    Class-map: VIDEO (match-any)
      20000 packets, 1000000 bytes
      Match: dscp cs4 (32)
      Priority: Strict, b/w exceed drops: 0

      Priority Level: 2

    Class-map: WEB (match-any)
      1000 packets, 500000 bytes
      Match: protocol http
        10 packets, 500 bytes
      Queueing
      (queue depth/total drops/no-buffer drops/flowdrops) 3/44/0/44
      bandwidth remaining 20%
      Fair-queue: per-flow queue limit 16 packets

    Class-map: class-default (match-any)
      15 packets
      Match: any
"""


def one(text: str) -> ShownPolicy:
    (found,) = read_policies(text)
    return found


def by_name(policy: ShownPolicy) -> dict[str, QosClass]:
    return {each.name: each for each in policy.classes}


def test_each_level_of_priority_has_its_own_queue() -> None:
    found = by_name(one(LEVELS))
    drops = {name: each.was.drops for name, each in found.items() if each.was}
    assert drops == {"VOICE": 7, "VIDEO": 30, "WEB": 44}
    assert (found["VOICE"].rate, found["VIDEO"].rate, found["WEB"].rate) == (1_000_000_000, None, None)
    assert [each.is_priority for each in one(LEVELS).classes] == [True, True, False, False]


def test_a_class_counted_in_packets_alone_has_no_counts() -> None:
    assert by_name(one(LEVELS))["class-default"].was is None


def test_of_classes_that_share_a_queue_none_is_said_to_have_lost() -> None:
    shared = LEVELS.replace("      priority level 1\n", "").replace("      Priority Level: 1\n", "")
    shared = shared.replace("      priority level 2\n", "").replace("      Priority Level: 2\n", "")
    found = by_name(one(shared))
    assert [each.was.drops for each in (found["VOICE"], found["VIDEO"]) if each.was] == [0, 0]


POLICED = """Load for five secs: 2%/0%; one minute: 2%; five minutes: 2%
Time source is NTP, 17:42:14.490 EST Tue Apr 9 2019

GigabitEthernet0/0/1

    Service-policy input:TEST

        Class-map:VOICE (match-all)
            500 packets, 100000 bytes
            Match: ip dscp ef (46)
            police:
                cir 8000000 bps, bc 4000 bytes, be 1000 bytes
                conformed 400 packets, 80000 bytes; actions:
                    transmit
                exceeded 60 packets, 12000 bytes; actions:
                    transmit
                violated 40 packets, 8000 bytes; actions:
                     drop
                conformed 0000 bps, exceeded 0000 bps, violated 0000 bps
            QoS Set
                ip dscp af41
                    Marker statistics: Disabled
            Service-policy : CHILD

                Class-map: INNER (match-any)
                    500 packets, 100000 bytes
                    Match: any

    Service-policy output: TEST2

        Class-map: class-default (match-any)
            0 packets, 0 bytes
            Match: any
"""


def test_two_policies_of_a_port_and_what_a_policer_really_drops() -> None:
    inward, outward = read_policies(POLICED)
    assert [policy.key for policy in (inward, outward)] == [
        ("GigabitEthernet0/0/1", "in", "TEST"),
        ("GigabitEthernet0/0/1", "out", "TEST2"),
    ]
    voice, inner = inward.classes
    assert voice.was == Counts(packets=500, bytes=100_000, drops=40, policed=40)
    assert (voice.police, voice.sets, voice.marks) == (8_000_000, 34, (46,))
    assert (inner.parent, inner.path) == ("VOICE", "VOICE/INNER")


@pytest.mark.parametrize("text", ["", "\n\n", "\n".join(POLICED.split("\n")[:3]), " GigabitEthernet0/0/1 \n"])
def test_no_policy_is_an_answer(text: str) -> None:
    assert read_policies(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "  Service-policy output: LOST\n",
        "bash: show: command not found\n",
        "GigabitEthernet0/0/0/6 direction input: Service Policy not installed\n",
        "x\n" * 200_001,
    ],
)
def test_what_is_no_such_text_is_unanswered(text: str) -> None:
    with pytest.raises(Unanswered):
        read_policies(text)


def test_without_its_indent_a_tree_is_flat_and_nothing_is_lost() -> None:
    flat = "\n".join(line.strip() for line in LEVELS.split("\n"))
    assert [each.path for each in one(flat).classes] == ["VOICE", "VIDEO", "WEB", "class-default"]


@pytest.mark.parametrize(
    ("matches", "is_all", "marks"),
    [
        (["Match:  dscp cs4 (32) af41 (34)"], False, (32, 34)),
        (["Match: ip dscp ef (46)", "Match: ip precedence 5"], False, (40, 41, 42, 43, 44, 45, 46, 47)),
        (["Match: ip precedence critical (5)"], False, tuple(range(40, 48))),
        (["Match: ip dscp ef (46)"], True, (46,)),
        (["Match: ip dscp ef (46)", "Match: protocol rtp"], True, None),
        (["Match: ip dscp ef (46)", "Match: qos-group 5"], False, None),
        (["Match: any"], False, None),
        (["Match: dscp 64"], False, None),
        ([], False, None),
    ],
)
def test_what_a_class_takes(matches: list[str], is_all: bool, marks: tuple[int, ...] | None) -> None:
    assert marks_of(matches, is_all=is_all) == marks


def test_ports_have_the_speed_that_their_media_have() -> None:
    text = (
        "GigabitEthernet0/0 is up, line protocol is up (connected)\n  BW 2000 Kbit/sec, DLY 10 usec,\n"
        "  Full-duplex, 100Mb/s, media type is RJ45\n"
        "Vlan10 is administratively down, line protocol is down\n  BW 1000000 Kbit/sec\n"
        "TenGigabitEthernet1/1/1 is up, line protocol is up\n  Full Duplex, 10Gbps, link type is auto\n"
    )
    assert {name: speed for (name,), speed in read_ports(text).values()} == {
        "GigabitEthernet0/0": 100_000_000,
        "Vlan10": None,
        "TenGigabitEthernet1/1/1": 10_000_000_000,
    }
    with pytest.raises(Unanswered):
        read_ports("% Invalid input\n")
