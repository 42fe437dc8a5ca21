"""What else does a device take that nobody has updated? SSH algorithms that the library has given up, for one host at a time.

Only where the contract says `legacy: true`, and only behind everything better. What is still weaker stays out: groups of
1024 bits (diffie-hellman-group1-sha1), DSA, 3DES, RC4, MD5. RFC 4253 (group14-sha1, ssh-rsa), RFC 4419 (group-exchange-sha1).
"""

from __future__ import annotations

from hashlib import sha1
from types import MappingProxyType
from typing import Any

import paramiko
from cryptography.hazmat.primitives import hashes
from paramiko.kex_gex import KexGexSHA256
from paramiko.kex_group14 import KexGroup14SHA256

__all__ = ["CIPHERS", "DIGESTS", "WHAT", "Outdated"]

CIPHERS = ("aes128-cbc", "aes192-cbc", "aes256-cbc")
DIGESTS = ("hmac-sha1",)
WHAT = "diffie-hellman-group14-sha1, ssh-rsa, AES-CBC, HMAC-SHA1"


class _Group14(KexGroup14SHA256):
    name = "diffie-hellman-group14-sha1"
    hash_algo = sha1


class _Exchange(KexGexSHA256):
    """The group is the server's choice, of 2048 bits or more."""

    name = "diffie-hellman-group-exchange-sha1"
    hash_algo = sha1


class _Rsa(paramiko.RSAKey):
    """A host key that signs with SHA-1. It is compared with the pinned one as every other is."""

    HASHES = {**paramiko.RSAKey.HASHES, "ssh-rsa": hashes.SHA1}  # type: ignore[misc] # noqa: RUF012 - as its parent's.


# What the library is to know more of, it keeps in places of its own.
_LIBRARY: Any = paramiko.Transport


class Outdated(paramiko.Transport):
    """The library's transport, as it was before it gave up SHA-1 in the key exchange."""

    _kex_info = MappingProxyType(
        {**_LIBRARY._kex_info, **{kind.name: kind for kind in (_Exchange, _Group14)}}  # noqa: SLF001
    )
    _key_info = MappingProxyType({**_LIBRARY._key_info, "ssh-rsa": _Rsa})  # noqa: SLF001
    _preferred_kex = (*_LIBRARY._preferred_kex, _Exchange.name, _Group14.name)  # noqa: SLF001
    _preferred_keys = (*_LIBRARY._preferred_keys, "ssh-rsa")  # noqa: SLF001
