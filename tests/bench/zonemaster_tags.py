"""Which of our findings say what a tag of zonemaster says? And which of its tags do not apply, with the reason for each.

Its tags: https://doc.zonemaster.net, test specifications (CC BY 4.0); the names alone are used here.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["NOT_FOR_US", "SAME"]

_SIGNATURE = (
    "dns.signature-expired",
    "dns.signature-not-yet-valid",
    "dns.signature-wrong",
    "dns.ds-unsigned-zone",
)
_KEYS = ("dns.ds-without-key", "dns.ds-key-signs-not", "dns.ds-unsigned-zone", *_SIGNATURE)
_LAME = (
    "dns.lame",
    "dns.server-dead",
    "dns.delegation-unknown",
    "dns.delegation-mismatch",
    "dns.glue-mismatch",
)
_NOT_FOUND = ("dns.delegation-missing", "dns.delegation-unknown", "dns.glue-missing", "dns.ns-no-address")
_DEAD = ("dns.server-dead", "dns.address-dead", "dns.slow", "dns.no-udp", "dns.no-tcp")

SAME: Mapping[str, tuple[str, ...]] = {
    "CN01_NO_RESPONSE_UDP": (*_DEAD, "dns.glue-mismatch", "dns.delegation-mismatch"),
    "CN02_NO_RESPONSE_TCP": (*_DEAD, "dns.glue-mismatch", "dns.delegation-mismatch"),
    "CN01_UNEXPECTED_RCODE_NS_QUERY_UDP": _LAME,
    "CN01_UNEXPECTED_RCODE_SOA_QUERY_UDP": _LAME,
    "CN02_UNEXPECTED_RCODE_NS_QUERY_TCP": _LAME,
    "CN02_UNEXPECTED_RCODE_SOA_QUERY_TCP": _LAME,
    "A_UNEXPECTED_RCODE": _LAME,
    "UNEXPECTED_RCODE": _LAME,
    "IS_NOT_AUTHORITATIVE": _LAME,
    "NS_ERROR": _LAME,
    "NS_FAILED": (*_LAME, *_DEAD),
    "SOA_NOT_EXISTS": _LAME,
    "NO_RESPONSE": (*_DEAD, *_LAME),
    "NO_RESPONSE_SOA_QUERY": (*_DEAD, *_LAME),
    "NO_RESPONSE_NS_QUERY": (*_DEAD, *_LAME),
    "Z01_MNAME_NO_RESPONSE": (*_DEAD, "dns.source-no-server", "dns.source-unasked"),
    "Z01_MNAME_UNEXPECTED_RCODE": _LAME,
    "Z01_MNAME_NOT_MASTER": ("dns.serial-turned-back", "dns.serial-behind", "dns.serial-apart"),
    "Z01_MNAME_NOT_AUTHORITATIVE": (*_LAME, "dns.source-no-server"),
    "Z01_MNAME_NOT_IN_NS_LIST": ("dns.source-no-server", "dns.source-unasked"),
    "Z01_MNAME_HAS_NO_ADDRESS": ("dns.source-no-address",),
    "MULTIPLE_SOA_SERIALS": ("dns.serial-behind", "dns.serial-turned-back", "dns.serial-apart"),
    "SOA_SERIAL_VARIATION": ("dns.serial-behind", "dns.serial-turned-back", "dns.serial-apart"),
    "MULTIPLE_NS_SET": ("dns.ns-mismatch",),
    "EXTRA_NAME_PARENT": ("dns.delegation-mismatch",),
    "EXTRA_NAME_CHILD": ("dns.delegation-mismatch",),
    "TOTAL_NAME_MISMATCH": ("dns.delegation-mismatch",),
    "NOT_ENOUGH_IPV4_NS_DEL": ("dns.delegation-mismatch", "dns.lone-server"),
    "CAN_NOT_BE_RESOLVED": (*_NOT_FOUND, "dns.delegation-mismatch"),
    "IN_BAILIWICK_ADDR_MISMATCH": ("dns.glue-mismatch", "dns.glue-incomplete", "dns.delegation-mismatch"),
    "OUT_OF_BAILIWICK_ADDR_MISMATCH": ("dns.glue-mismatch", "dns.glue-incomplete", "dns.delegation-mismatch"),
    "CANNOT_CONTINUE": _NOT_FOUND,
    "NO_GLUE_PREVENTS_NAMESERVER_TESTS": _NOT_FOUND,
    "EXPIRE_MINIMUM_VALUE_LOWER": ("dns.soa-expire-short", "dns.soa-timers"),
    "EXPIRE_LOWER_THAN_REFRESH": ("dns.soa-timers",),
    "REFRESH_HIGHER_THAN_RETRY": ("dns.soa-timers",),
    "RETRY_MINIMUM_VALUE_LOWER": ("dns.soa-timers",),
    "MX_RECORD_IS_CNAME": ("dns.mx-alias",),
    "Z09_MX_FOUND": ("dns.mx-no-address",),
    "Z09_INCONSISTENT_MX": ("dns.mail-record-differs", "dns.serial-behind"),
    "Z09_INCONSISTENT_MX_DATA": ("dns.mail-record-differs", "dns.serial-behind"),
    "Z09_MISSING_MAIL_TARGET": ("dns.mx-missing", "dns.mail-no-way"),
    "Z09_NULL_MX_WITH_OTHER_MX": ("dns.mx-null-mixed",),
    "Z11_INCONSISTENT_SPF_POLICIES": ("dns.mail-record-differs", "dns.serial-behind"),
    "Z11_DIFFERENT_SPF_POLICIES_FOUND": ("dns.mail-record-differs", "dns.serial-behind"),
    "Z11_SPF_MULTIPLE_RECORDS": ("dns.spf-several",),
    "Z11_SPF_SYNTAX_ERROR": ("dns.spf-invalid",),
    "AXFR_AVAILABLE": ("dns.transfer-open",),
    "N10_EDNS_RESPONSE_ERROR": ("dns.edns-intolerant", "dns.edns-careless"),
    "N10_NO_RESPONSE_EDNS1_QUERY": ("dns.edns-intolerant",),
    "N11_NO_RESPONSE": ("dns.edns-intolerant",),
    "NO_EDNS_SUPPORT": ("dns.no-edns", "dns.edns-intolerant"),
    "AAAA_QUERY_DROPPED": ("dns.aaaa-broken",),
    "QUERY_DROPPED": ("dns.aaaa-broken", *_DEAD),
    "RRSIG_EXPIRED": _SIGNATURE,
    "RRSIG_EXPIRATION": ("dns.signature-ends-soon",),
    "REMAINING_SHORT": ("dns.signature-ends-soon", *_SIGNATURE),
    "REMAINING_LONG": ("dns.signature-not-yet-valid",),
    "DS02_ALGO_NOT_SUPPORTED_BY_ZM": ("dns.signature-unreadable",),
    "DS02_DNSKEY_NOT_SIGNED_BY_ANY_DS": _KEYS,
    "DS02_NO_DNSKEY_FOR_DS": _KEYS,
    "DS02_NO_MATCH_DS_DNSKEY": _KEYS,
    "DS02_NO_MATCHING_DNSKEY_RRSIG": _KEYS,
    "DS02_NO_VALID_DNSKEY_FOR_ANY_DS": _KEYS,
    "DS02_RRSIG_NOT_VALID_BY_DNSKEY": _KEYS,
    "DS03_ILLEGAL_ITERATION_VALUE": ("dns.nsec3-iterations",),
    "DS05_ALGO_NOT_RECOMMENDED": ("dns.key-algorithm-old",),
    "DS05_ALGO_DEPRECATED": ("dns.key-algorithm-old",),
    "ALGORITHM_NOT_RECOMMENDED": ("dns.key-algorithm-old",),
    "DS08_DNSKEY_RRSIG_EXPIRED": _SIGNATURE,
    "DS08_DNSKEY_RRSIG_NOT_YET_VALID": _SIGNATURE,
    "DS08_MISSING_RRSIG_IN_RESPONSE": ("dns.signature-missing", "dns.ds-unsigned-zone"),
    "DS09_SOA_RRSIG_EXPIRED": _SIGNATURE,
    "DS09_SOA_RRSIG_NOT_YET_VALID": _SIGNATURE,
    "DS09_MISSING_RRSIG_IN_RESPONSE": ("dns.signature-missing", "dns.ds-unsigned-zone"),
    "DS10_NSEC_RRSIG_VERIFY_ERROR": _SIGNATURE,
    "DS10_INCONSISTENT_NSEC": ("dns.ds-unsigned-zone", "dns.denial-missing"),
    "DS10_MIXED_NSEC_NSEC3": ("dns.denial-missing", "dns.ds-unsigned-zone"),
    "DS11_INCONSISTENT_SIGNED_ZONE": ("dns.ds-unsigned-zone",),
    "DS11_DS_BUT_UNSIGNED_ZONE": ("dns.ds-unsigned-zone",),
    "DS07_DS_FOR_UNSIGNED_ZONE": ("dns.ds-unsigned-zone",),
    "DS11_NS_WITH_UNSIGNED_ZONE": ("dns.ds-unsigned-zone",),
    "DS_BUT_NOT_DNSKEY": ("dns.ds-unsigned-zone",),
    "NO_RESPONSE_DNSKEY": ("dns.ds-unsigned-zone", *_DEAD),
    "EXTRA_PROCESSING_BROKEN": ("dns.ds-unsigned-zone", "dns.signature-missing"),
    # It takes a server that lets one kind of question drop for one that minds whatever it asks next.
    "BREAKS_ON_EDNS": ("dns.edns-intolerant", "dns.aaaa-broken", *_DEAD),
    "CN01_NO_RESPONSE_NS_QUERY_UDP": ("dns.edns-intolerant", "dns.aaaa-broken", *_DEAD),
    "Z09_NO_RESPONSE_MX_QUERY": ("dns.edns-intolerant", "dns.aaaa-broken", *_DEAD),
    "DS13_ALGO_NOT_SIGNED_DNSKEY": ("dns.ds-without-key", *_SIGNATURE),
}

NOT_FOR_US: Mapping[str, str] = {
    "NAMESERVER_IP_PRIVATE_NETWORK": "the lab is an internal network; for servers outside it is dns.delegation-internal",
    "NAMESERVER_IP_WITHOUT_REVERSE": "a reverse zone is judged where the contract names it (dns.reverse-missing)",
    "IS_A_RECURSOR": "the contract names this server as a resolver; for others it is dns.recursor-open",
    "UPWARD_REFERRAL": "the contract names this server as a resolver: it may tell of the root what it remembers",
}
