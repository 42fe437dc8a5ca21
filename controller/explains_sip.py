"""Which finding explains which in what a phone sees of its server?"""

from __future__ import annotations

from controller.links import Rule, one_of, same_host

__all__ = ["SIP_RULES"]

_SERVERS = ("kamailio", "opensips", "asterisk", "freeswitch", "baresip")
_GONE = ("reach.sip-silent", "reach.sip-refused", "reach.sip-hanging")
_NO_ROOM = ("voip.register-unavailable", "voip.test-call-capacity")
_RATED = ("voip.test-call-quality", "voip.test-call-quality-bad")

SIP_RULES: tuple[Rule, ...] = (
    # Who answers nobody does not answer SIP either.
    Rule("reach.no-answer", ("reach.sip-silent",), same_host),
    *(
        Rule(service, _GONE, one_of("unit", *_SERVERS))
        for service in ("linux.service-failed", "linux.service-stopped", "linux.service-flapping")
    ),
    *(
        Rule(f"voip.tls-{what}", ("reach.sip-certificate",), same_host)
        for what in ("expired", "not-yet-valid", "other-name", "other-issuer")
    ),
    Rule("voip.options-unavailable", _NO_ROOM, same_host),
    Rule("voip.register-password", ("voip.test-call-login",), same_host),
    # The same lost packets: once as answers that did not come, once as sound.
    Rule("voip.options-resent", ("voip.register-slow", "voip.test-call-resent"), same_host),
    Rule(
        "voip.test-call-private-address", ("voip.test-call-not-heard", "voip.test-call-ack-lost"), same_host
    ),
    *(
        Rule(lost, _RATED, same_host)
        for lost in ("voip.test-call-loss-severe", "voip.test-call-loss", "voip.test-call-delay")
    ),
)
