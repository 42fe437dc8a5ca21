"""What would a malicious host answer? One report with every text from outside turned against the reader."""

from __future__ import annotations

from dataclasses import replace

from agent.job import Broken, NoAnswer, Refused, Seen
from collectors import About, Kind, Phase, fault
from controller.diagnosis import Cause
from controller.reports.model import Report, Touch
from tests.controller.reports.sample import BEGAN, exchange, result, sample

__all__ = ["ACTING", "EVIL", "MARKUP", "hostile"]

MARKUP = (
    "<script>alert(1)</script></pre></details></style><img src=x onerror=alert(1)>\"' onload='x"
    "{{ 7*7 }}{% raw %}[bold red]rich[/] &lt;"
)
ACTING = "\x1b[2J\x1b]0;title\x07\x9b31m\u202etxt.exe\u2066\u200b\u200d\ufeff\x00\x08\r\u2028\U000e0041\ud800"
EVIL = MARKUP + ACTING

TAG = fault("linux.evil", "it says {what}", "er sagt {what}", do=("do {what}", "tue {what}"))


def hostile() -> Report:
    """The sample with hostile text in every field that a host, a zone, a ticket or a contract can fill."""
    first, second = TAG(host=EVIL, what=EVIL), TAG(host="", what="x" * 1_000_000)
    about = About(id=EVIL, name=EVIL, addresses=(EVIL,), platform=EVIL, environment=EVIL, roles=(EVIL,))
    return replace(
        sample(),
        run="r1",
        ticket=EVIL,
        subject=EVIL,
        customer_name=EVIL,
        contract=EVIL,
        asked_by=EVIL,
        stopped=EVIL,
        areas=("linux", EVIL),
        hosts={EVIL: about, "quiet" + EVIL: replace(about, id="quiet" + EVIL)},
        causes=(
            Cause(finding=first, explains=(second,)),
            Cause(finding=TAG(host="b", what=EVIL), sure="likely"),
        ),
        findings=(first, second),
        results=(
            result(EVIL, "linux.disk", Seen({}, (first,)), clause=EVIL, evidence=("1" + EVIL, "2")),
            result("quiet" + EVIL, "linux.load", Seen({})),
            result("b", "linux.disk", NoAnswer(Kind.UNPARSABLE, Phase.ASK, EVIL)),
            result("c", "linux.disk", Broken(EVIL)),
            result("d", "linux.disk", Refused(EVIL, (EVIL,), EVIL)),
        ),
        evidence=(
            exchange(
                "1" + EVIL, EVIL, "run", "cat", EVIL, stdout=EVIL.encode("utf-8", "replace") + b"\xff\xfe"
            ),
            exchange("2", EVIL, "run", "cat", "/long", stdout=b"y" * 1_000_000, stderr=bytes(range(256))),
            exchange(
                "3",
                "b",
                "ask",
                EVIL,
                EVIL,
                "A",
                "udp",
                "rd",
                facts={"answer": {"rcode": EVIL, "flags": [EVIL]}},
            ),
            exchange("4", "b", "run", EVIL, unanswered=(Kind.CUT_OFF, Phase.ASK, EVIL)),
            replace(exchange("5", "b", "run", "x"), parts={EVIL: "0" * 64}, cut=True),
        ),
        touched=(Touch(number=1, at=BEGAN, what=EVIL, host=EVIL, clause=EVIL, who=EVIL),),
        clauses={EVIL: EVIL},
        questions={"linux.load": (EVIL, EVIL)},
    )
