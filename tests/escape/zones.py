"""What do the name servers say? Real BIND: one that the contract names, and one that is nobody's."""

from __future__ import annotations

from pathlib import Path

__all__ = ["write_named"]

_ZONE = """\
$TTL 60
@ IN SOA ns.escape.test. hostmaster.escape.test. 1 3600 600 604800 60
@ IN NS ns.escape.test.
@ IN NS far.escape.test.
ns IN A 10.66.8.230
far IN A 10.66.1.231
@ IN MX 10 far.escape.test.
www IN CNAME far.escape.test.
_ldap._tcp IN SRV 0 0 389 far.escape.test.
plain IN A 10.66.0.230
$GENERATE 1-250 n$ A 10.66.1.$
$GENERATE 1-250 turning.n$ A 10.66.0.$
$GENERATE 1-250 turning.n$ A 10.66.1.$
$GENERATE 1-250 alias-$ CNAME n$
$GENERATE 1-250 _ldap._tcp.srv-$ SRV "0 0 22 n$"
$GENERATE 1-250 mx-$ MX "10 n$"
$GENERATE 1-250 sub-$ NS ns.sub-$
$GENERATE 1-250 ns.sub-$ A 10.66.1.$
$GENERATE 1-250 six-$ AAAA fd66::1:${0,0,x}
$GENERATE 1-250 text-$ TXT ask-10.66.1.$
"""


def write_named(folder: Path, *without: str) -> tuple[str, ...]:
    """Write the zone and the configuration; gives the command that serves them on every address but these."""
    folder.mkdir()
    (folder / "escape.test").write_text(_ZONE, "ascii")
    others = " ".join(f"!{address};" for address in without)
    (folder / "named.conf").write_text(
        f'options {{ directory "{folder}"; pid-file none; listen-on {{ {others} any; }}; listen-on-v6 {{ none; }};'
        " recursion no; querylog yes; dnssec-validation no; notify no; rrset-order { order cyclic; };"
        ' minimal-responses no; };\ncontrols { };\nzone "escape.test" { type primary; file "escape.test"; };\n',
        "ascii",
    )
    return ("/usr/sbin/named", "-g", "-n", "1", "-c", str(folder / "named.conf"))
