"""How is what people write put into an LDAP filter, so that it is a value and nothing else? (RFC 4515, section 3)"""

from __future__ import annotations

__all__ = ["escaped", "who"]


def escaped(text: str) -> str:
    r"""The text as a value of a filter.

    >>> escaped("a*)(b\\")
    'a\\2a\\29\\28b\\5c'
    """
    return "".join(f"\\{ord(sign):02x}" if sign in "*()\\\0" else sign for sign in text)


def who(account: str) -> str:
    """Finds one account by its short name or by its user principal name.

    >>> who("bob")
    '(&(objectClass=user)(sAMAccountName=bob))'
    """
    key = "userPrincipalName" if "@" in account else "sAMAccountName"
    return f"(&(objectClass=user)({key}={escaped(account)}))"
