"""Which finding explains which where zones speak of mail, of names inside and outside, and of where questions go?"""

from __future__ import annotations

from collectors import Finding
from controller.links import Rule, Sure, same

__all__ = ["NAME_RULES"]


def of_some_copies(cause: Finding, effect: Finding) -> Sure | None:
    """The copies of a zone differ, and the effect is seen on one of them alone."""
    return same("zone")(cause, effect) if effect.host else None


NAME_RULES: tuple[Rule, ...] = (
    Rule("dns.copy-differs", ("dns.mail-record-differs",), same("zone"), far=True),
    Rule(
        "dns.mail-record-differs",
        ("dns.mx-*", "dns.mail-no-way", "dns.spf-*", "dns.dmarc-*", "dns.dkim-*"),
        of_some_copies,
        far=True,
    ),
    Rule("dns.internal-address-shown", ("dns.public-name-differs",), same("name"), far=True),
    *(
        Rule(cause, ("linux.resolver-lacks-name", "dns.recursion-no-address"), same("name"), far=True)
        for cause in ("dns.public-name-missing", "dns.name-missing-inside")
    ),
)
