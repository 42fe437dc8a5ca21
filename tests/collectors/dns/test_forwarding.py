"""Is a resolver's configuration read as it is meant, and is nothing read out of what is none?"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.dns.forwarding import Forwarding, of_bind, of_samba, of_unbound, parsed

VIEWS = """
acl inside { 10.0.0.0/8; };
key "transfer" { algorithm hmac-sha256; secret "c2VjcmV0"; };
view "inside" {
    match-clients { inside; };
    recursion yes;
    forwarders port 53 { 10.77.1.53; fd20::53 port 5353; };
    zone "ad.musterbau.test" { type forward; forward only; forwarders { 10.77.1.61; }; };
    zone "part.musterbau.test" { type static-stub; server-addresses { 10.77.1.54; }; };
    zone "off.musterbau.test" { type forward; forwarders { }; };
};
view "others" { recursion no; };
"""
READ = (
    Forwarding(zone=".", targets=("10.77.1.53",), odd=("fd20::53@5353",)),
    Forwarding(zone="ad.musterbau.test", targets=("10.77.1.61",)),
    Forwarding(zone="part.musterbau.test", targets=("10.77.1.54",), is_to_its_servers=True),
)


@pytest.mark.skipif(shutil.which("named-checkconf") is None, reason="BIND is not installed")
def test_what_bind_prints_of_its_configuration_is_read_and_holds_no_key(tmp_path: Path) -> None:
    (tmp_path / "named.conf").write_text(VIEWS, "ascii")
    argv = ("named-checkconf", "-p", "-x", str(tmp_path / "named.conf"))
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=30)
    assert of_bind(done.stdout) == READ
    assert "c2VjcmV0" not in done.stdout


def test_unbound_and_samba() -> None:
    text = 'forward-zone:\n  name: "B.test."  # all of it\n  forward-addr: 10.77.1.53@53#ns1\n  forward-host: ns2.test\nserver:\n'
    assert of_unbound(text) == (Forwarding(zone="b.test", targets=("10.77.1.53",), odd=("ns2.test",)),)
    assert of_samba("10.77.1.53 10.77.1.53,fd20::53\n") == (
        Forwarding(zone=".", targets=("10.77.1.53", "fd20::53")),
    )
    assert of_samba("\n") == ()


WORD = st.sampled_from(
    ["options", "zone", '"a.test"', "type", "forward", "forwarders", "{", "}", ";", "10.0.0.1", "port", '"']
)


@settings(deadline=None, max_examples=300)
@given(st.lists(WORD | st.text(max_size=8), max_size=40).map(" ".join))
def test_whatever_a_host_prints_it_is_read_or_refused(text: str) -> None:
    assert (
        parsed(text) is None
        or of_bind(text) is None
        or all(one.targets or one.odd for one in of_bind(text) or ())
    )
    for read in (of_unbound(text), of_samba(text)):
        assert all(one.targets or one.odd for one in read)
