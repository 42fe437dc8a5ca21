"""Which finding explains which where zones speak of mail, of names inside and outside, and of where questions go?"""

from __future__ import annotations

from collectors import Finding
from controller.links import Rule, Sure, finds_not_its_zone, lies_in_its_zone, same, same_host

__all__ = ["NAME_RULES"]


def of_some_copies(cause: Finding, effect: Finding) -> Sure | None:
    """The copies of a zone differ, and the effect is seen on one of them alone."""
    return same("zone")(cause, effect) if effect.host else None


def passed_on_to(cause: Finding, effect: Finding) -> Sure | None:
    """The effect is a resolver whose forwarders do not help it, and the cause is at one of these."""
    told = ("dead", "refusing")
    useless = {a for fact in told for a in str(effect.facts.get(fact, "")).split(", ") if a}
    mine = {a for fact in ("addresses", "address") for a in str(cause.facts.get(fact, "-")).split(", ")}
    return "certain" if useless & mine else None


def lame_to_it(cause: Finding, effect: Finding) -> Sure | None:
    """The effect is a resolver that asks the cause's server for the cause's zone."""
    lame = set(str(effect.facts.get("lame", "")).split(", "))
    is_it = bool(lame & set(str(cause.facts.get("addresses", "-")).split(", ")))
    return same("zone")(cause, effect) if is_it else None


def name_of_its_zone(cause: Finding, effect: Finding) -> Sure | None:
    """The effect is about a name of the cause's zone, which resolvers may have from an old copy."""
    return "likely" if lies_in_its_zone(cause, str(effect.facts.get("name", ""))) else None


_PASSED_ON = ("dns.forwarders-dead", "dns.forwarder-dead", "dns.conditional-dead")
_FINDS_NOT = ("dns.recursion-dead", "dns.recursion-partial", "dns.recursion-wrong")

NAME_RULES: tuple[Rule, ...] = (
    Rule("dns.copy-differs", ("dns.mail-record-differs",), same("zone"), far=True),
    Rule(
        "dns.mail-record-differs",
        ("dns.mx-*", "dns.mail-no-way", "dns.spf-*", "dns.dmarc-*", "dns.dkim-*"),
        of_some_copies,
        far=True,
    ),
    *(Rule(dead, _PASSED_ON, passed_on_to, far=True) for dead in ("dns.server-dead", "dns.address-dead")),
    Rule("dns.recursion-refused", ("dns.forwarder-refuses",), passed_on_to, far=True),
    Rule("dns.lame", ("dns.conditional-lame",), lame_to_it, far=True),
    Rule("dns.forwarder-itself", ("dns.forwarders-dead", "dns.forwarder-dead", *_FINDS_NOT), same_host),
    *(Rule(wrong, _FINDS_NOT, same_host) for wrong in ("dns.forwarders-dead", "dns.forwarder-refuses")),
    *(
        Rule(wrong, _FINDS_NOT, finds_not_its_zone)
        for wrong in ("dns.conditional-dead", "dns.conditional-lame", "dns.conditional-elsewhere")
    ),
    Rule(
        "dns.internal-address-shown",
        ("dns.public-name-differs", "dns.resolvers-differ"),
        same("name"),
        far=True,
    ),
    *(
        Rule(cause, ("dns.resolvers-differ",), same("name"), far=True)
        for cause in ("dns.public-name-missing", "dns.public-name-differs", "dns.name-missing-inside")
    ),
    *(
        Rule(cause, ("dns.resolvers-differ",), name_of_its_zone, far=True)
        for cause in ("dns.serial-behind", "dns.copy-differs", "dns.lame")
    ),
    Rule("dns.recursion-invents", ("dns.resolvers-differ",), same_host),
    Rule("dns.wildcard", ("dns.dmarc-*", "dns.dkim-*"), same("zone"), far=True),
    *(
        Rule(cause, ("linux.resolver-lacks-name", "dns.recursion-no-address"), same("name"), far=True)
        for cause in ("dns.public-name-missing", "dns.name-missing-inside")
    ),
)
