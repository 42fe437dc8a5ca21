"""What does the result code of a replication say, in no language? Names of Win32 codes, and what kind of trouble each is.

Source: MS-ERREF 2.2, and winerror.h's names.
"""

from __future__ import annotations

from typing import Literal

__all__ = ["Trouble", "spelt_code", "trouble_of"]

Trouble = Literal[
    "unreachable", "nameless", "denied", "clock", "off", "lingering", "schema", "waits", "other"
]

_UNREACHABLE = {
    58: "ERROR_BAD_NET_RESP",
    59: "ERROR_UNEXP_NET_ERR",
    64: "ERROR_NETNAME_DELETED",
    121: "ERROR_SEM_TIMEOUT",
    1225: "ERROR_CONNECTION_REFUSED",
    1231: "ERROR_NETWORK_UNREACHABLE",
    1232: "ERROR_HOST_UNREACHABLE",
    1236: "ERROR_CONNECTION_ABORTED",
    1256: "ERROR_HOST_DOWN",
    1460: "ERROR_TIMEOUT",
    1722: "RPC_S_SERVER_UNAVAILABLE",
    1723: "RPC_S_SERVER_TOO_BUSY",
    1726: "RPC_S_CALL_FAILED",
    1727: "RPC_S_CALL_FAILED_DNE",
    1753: "EPT_S_NOT_REGISTERED",
    1818: "RPC_S_CALL_CANCELLED",
    8444: "ERROR_DS_DRA_CONNECTION_FAILED",
}
_NAMELESS = {
    2: "ERROR_FILE_NOT_FOUND",
    8524: "ERROR_DS_DNS_LOOKUP_FAILURE",
    9003: "DNS_ERROR_RCODE_NAME_ERROR",
    11001: "WSAHOST_NOT_FOUND",
}
_DENIED = {
    5: "ERROR_ACCESS_DENIED",
    86: "ERROR_INVALID_PASSWORD",
    1311: "ERROR_NO_LOGON_SERVERS",
    1326: "ERROR_LOGON_FAILURE",
    1396: "ERROR_WRONG_TARGET_NAME",
    1825: "RPC_S_SEC_PKG_ERROR",
    1908: "ERROR_DOMAIN_CONTROLLER_NOT_FOUND",
    8453: "ERROR_DS_DRA_ACCESS_DENIED",
    8589: "ERROR_DS_CANT_DERIVE_SPN_FOR_DELETED_DOMAIN",
    0x80090303: "SEC_E_TARGET_UNKNOWN",
    0x80090311: "SEC_E_NO_AUTHENTICATING_AUTHORITY",
    0x80090322: "SEC_E_WRONG_PRINCIPAL",
}
_CLOCK = {1398: "ERROR_TIME_SKEW", 0x80090324: "SEC_E_TIME_SKEW"}
_OFF = {8456: "ERROR_DS_DRA_SOURCE_DISABLED", 8457: "ERROR_DS_DRA_SINK_DISABLED"}
_LINGERING = {
    8606: "ERROR_DS_INSUFFICIENT_ATTR_TO_CREATE_OBJECT",
    8614: "ERROR_DS_REPL_LIFETIME_EXCEEDED",
}
_SCHEMA = {
    8418: "ERROR_DS_DRA_SCHEMA_MISMATCH",
    8464: "ERROR_DS_DRA_INCOMPATIBLE_PARTIAL_SET",
}
# The next cycle goes on where this one had to stop.
_WAITS = {
    8438: "ERROR_DS_DRA_BUSY",
    8452: "ERROR_DS_DRA_NO_REPLICA",
    8461: "ERROR_DS_DRA_PREEMPTED",
    8463: "ERROR_DS_DRA_SHUTDOWN",
}
_OTHER = {
    8: "ERROR_NOT_ENOUGH_MEMORY",
    31: "ERROR_GEN_FAILURE",
    112: "ERROR_DISK_FULL",
    1130: "ERROR_NOT_ENOUGH_SERVER_MEMORY",
    1355: "ERROR_NO_SUCH_DOMAIN",
    8240: "ERROR_DS_NO_SUCH_OBJECT",
    8333: "ERROR_DS_OBJ_NOT_FOUND",
    8439: "ERROR_DS_DRA_BAD_DN",
    8442: "ERROR_DS_DRA_INTERNAL_ERROR",
    8446: "ERROR_DS_DRA_OUT_OF_MEM",
    8451: "ERROR_DS_DRA_DB_ERROR",
}
_KINDS: tuple[tuple[Trouble, dict[int, str]], ...] = (
    ("unreachable", _UNREACHABLE),
    ("nameless", _NAMELESS),
    ("denied", _DENIED),
    ("clock", _CLOCK),
    ("off", _OFF),
    ("lingering", _LINGERING),
    ("schema", _SCHEMA),
    ("waits", _WAITS),
    ("other", _OTHER),
)


def trouble_of(code: int) -> Trouble:
    """What kind of trouble a code is.

    >>> trouble_of(1722), trouble_of(0x80090322), trouble_of(4711)
    ('unreachable', 'denied', 'other')
    """
    return next((kind for kind, codes in _KINDS if code in codes), "other")


def spelt_code(code: int) -> str:
    """A code as engineers look it up.

    >>> spelt_code(1722), spelt_code(0x80090322), spelt_code(4711)
    ('1722 RPC_S_SERVER_UNAVAILABLE', '-2146893022 SEC_E_WRONG_PRINCIPAL', '4711')
    """
    number = code - 2**32 if code >= 2**31 else code
    name = next((codes[code] for _, codes in _KINDS if code in codes), "")
    return f"{number} {name}".strip()
