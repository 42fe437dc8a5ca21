"""Which finding explains which where people make calls?"""

from __future__ import annotations

from collectors import Finding
from controller.links import Rule, Sure, one_of, said_in, same_host

__all__ = ["VOIP_RULES"]

_ABSENT = ("voip.phone-unregistered", "voip.no-phone-registered")
_SILENT = ("voip.media-one-way", "voip.media-none", "voip.media-stopped")
_WORSE = ("voip.media-gaps", "voip.media-poor")
_FROM_OUTSIDE = ("reach.sip-*", "voip.options-*", "voip.register-*", "voip.test-call-*")
_FAILED = ("voip.calls-no-capacity", "voip.server-errors")


def _its_account(cause: Finding, effect: Finding) -> Sure | None:
    """The effect lacks just the number whose log-in the cause speaks of, or among others."""
    account = cause.facts.get("account")
    if cause.host != effect.host or account is None:
        return None
    if account == effect.facts.get("number"):
        return "certain"
    return "likely" if account in str(effect.facts.get("numbers", "")).split(", ") else None


def _called_it(cause: Finding, effect: Finding) -> Sure | None:
    """The effect is calls to the number that the cause speaks of."""
    number = str(cause.facts.get("number", "-"))
    callee = str(effect.facts.get("callee", ""))
    return "certain" if cause.host == effect.host and callee.partition("-")[0] == number else None


def _holds_its_domain(cause: Finding, effect: Finding) -> Sure | None:
    """The cause is about a zone, or names, that the effect's domain lies in: whoever looks that up finds less."""
    told = ", ".join(str(cause.facts.get(fact, "")) for fact in ("zone", "names"))
    domain = f".{effect.facts.get('domain', '')}"
    return "likely" if any(name and domain.endswith(f".{name}") for name in told.split(", ")) else None


def _anywhere(_cause: Finding, _effect: Finding) -> Sure | None:
    """A guess: the one is the sort of thing that makes the other."""
    return "likely"


VOIP_RULES: tuple[Rule, ...] = (
    *(
        Rule(service, ("voip.kamailio-down",), one_of("unit", "kamailio"))
        for service in ("linux.service-failed", "linux.service-stopped", "linux.service-flapping")
    ),
    *(
        Rule(service, ("voip.asterisk-down",), one_of("unit", "asterisk"))
        for service in ("linux.service-failed", "linux.service-stopped", "linux.service-flapping")
    ),
    Rule("voip.asterisk-down", ("voip.calls-unanswered", *_FROM_OUTSIDE, *_ABSENT, *_FAILED), same_host),
    Rule("voip.trunk-unregistered", ("voip.calls-unanswered", *_FAILED), same_host),
    *(
        Rule(service, ("voip.rtpengine-down",), one_of("unit", "rtpengine"))
        for service in ("linux.service-failed", "linux.service-stopped", "linux.service-flapping")
    ),
    Rule("voip.kamailio-down", ("voip.no-requests", "voip.calls-unanswered", *_ABSENT, *_FAILED), same_host),
    *(
        Rule(cause, (*_ABSENT, "voip.calls-unanswered"), same_host)
        for cause in (
            "voip.no-udp",
            "voip.no-requests",
            "voip.requests-wait",
            "voip.requests-dropped",
            "voip.memory-low",
        )
    ),
    Rule("voip.memory-low", _FAILED, same_host),
    # What is seen from outside, by SIP, of what the server's own tools say.
    *(
        Rule(cause, _FROM_OUTSIDE, same_host)
        for cause in (
            "voip.kamailio-down",
            "voip.no-requests",
            "voip.no-udp",
            "voip.requests-wait",
            "voip.requests-dropped",
        )
    ),
    Rule("linux.certificate-expired", ("voip.tls-expired", "reach.sip-certificate"), same_host),
    Rule("voip.rtpengine-down", ("voip.test-call-*",), same_host),
    Rule("voip.relay-lost", ("voip.test-call-*",), same_host),
    Rule("voip.media-ports-out", ("voip.test-call-*",), same_host),
    Rule("voip.relay-at-limit", ("voip.test-call-*",), same_host),
    Rule("voip.targets-gone", ("voip.test-call-*",), same_host),
    # Who tests the log-in is logged as anybody else.
    Rule("voip.register-password", ("voip.phone-refused",), same_host),
    # What keeps all SIP out keeps the answers of destinations out as well.
    Rule("voip.no-requests", ("voip.targets-gone", "voip.target-down"), same_host),
    Rule("voip.phone-refused", _ABSENT, _its_account),
    *(
        Rule(cause, ("voip.calls-unanswered",), _called_it)
        for cause in (
            "voip.contact-silent",
            "voip.contact-elsewhere",
            "voip.phone-unregistered",
            "voip.phone-other-domain",
        )
    ),
    Rule("voip.rtpengine-down", ("voip.relay-lost", *_SILENT, *_FAILED), same_host),
    Rule("voip.relay-lost", (*_SILENT, *_FAILED), same_host),
    Rule("voip.media-ports-out", ("voip.relay-no-ports", *_SILENT, *_FAILED), same_host),
    Rule("voip.relay-no-ports", (*_SILENT, *_FAILED), same_host),
    Rule("voip.relay-at-limit", ("voip.media-rejected", *_FAILED), same_host),
    Rule("voip.media-rejected", _FAILED, same_host),
    Rule("voip.targets-gone", ("voip.calls-unanswered", *_FAILED), same_host),
    Rule("voip.calls-no-capacity", ("voip.server-errors",), same_host),
    Rule("voip.ack-missing", ("voip.calls-cut-at-32",), same_host),
    # A server that waits for names answers nobody meanwhile.
    *(
        Rule(cause, ("voip.dns-fails", "voip.requests-wait", "voip.requests-dropped"), same_host)
        for cause in ("linux.resolver-dead", "linux.resolver-dead-to-all", "voip.dns-fails")
    ),
    Rule("linux.resolver-dead-to-all", ("voip.no-requests", *_ABSENT), _anywhere, far=True),
    # Phones look for their registrar by name (RFC 3263): all of them, or none.
    *(
        Rule(cause, ("voip.no-phone-registered", "voip.no-requests"), _anywhere, far=True)
        for cause in (
            "dns.server-dead",
            "voip.srv-not-found",
            "voip.srv-off",
            "voip.srv-no-address",
            "voip.srv-elsewhere",
            "voip.srv-other-port",
        )
    ),
    *(
        Rule(cause, ("voip.srv-*", "voip.naptr-dead"), _holds_its_domain, far=True)
        for cause in ("dns.server-dead", "dns.address-dead", "dns.lame", "dns.recursion-*", "dns.forwarder-*")
    ),
    Rule("linux.resolver-dead-to-all", ("voip.srv-*",), same_host),
    *(
        Rule(cause, (*_WORSE, *_SILENT), _anywhere, far=True)
        for cause in (
            "net.qos-voice-drops",
            "net.qos-voice-drops-few",
            "net.qos-voice-policed",
            "net.qos-voice-over",
            "net.qos-voice-small",
            "net.qos-voice-foreign",
            "net.qos-voice-starves",
            "net.qos-voice-remarked",
            "net.qos-uplink-unqueued",
            "net.qos-uplink-unshaped",
            "net.qos-shaper-over",
        )
    ),
    Rule("voip.media-gaps", ("voip.media-poor",), same_host),
    *(
        Rule(cause, _WORSE, same_host)
        for cause in ("linux.interface-errors", "linux.half-duplex", "linux.load-high")
    ),
    *(
        Rule(
            cause,
            ("voip.kamailio-down", "voip.rtpengine-down"),
            said_in("oom", "out of memory", "no space left"),
        )
        for cause in ("linux.oom-kill", "linux.disk-full")
    ),
)
