"""Can every text that a zone may hold be read or refused, without an error? SPF, DMARC, DKIM and their like."""

from __future__ import annotations

from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.dns.mail_policy import (
    DkimKey,
    Dmarc,
    read_dkim,
    read_dmarc,
    wrong_in_sts,
    wrong_in_tls_reports,
)
from collectors.dns.spf import Spf, is_spf, read_spf
from collectors.dns.spf_walk import walk
from collectors.dns.texts import begins, joined

# Record -> how many look-ups it costs by itself (RFC 7208, section 4.6.4), and its end.
SOUND = {
    "v=spf1": (0, ""),
    "v=spf1 ": (0, ""),
    "v=spf1 -all": (0, "-all"),
    "v=spf1  mx   ~all ": (1, "~all"),
    "V=SPF1 MX -ALL": (1, "-all"),
    "v=spf1 +mx ?all": (1, "?all"),
    "v=spf1 all": (0, "+all"),
    "v=spf1 a a:mail.a.test a/24 a:a.test/24//64 mx//96 -all": (5, "-all"),
    "v=spf1 ip4:192.0.2.1 ip4:192.0.2.0/24 ip6:2001:db8::/32 ip6:::1 -all": (0, "-all"),
    "v=spf1 ptr ptr:a.test -all": (2, "-all"),
    "v=spf1 exists:%{ir}.%{v}._spf.%{d2} -all": (1, "-all"),
    "v=spf1 include:%{d} -all": (1, "-all"),
    "v=spf1 exists:%{l1r-}.%%.%_.%-.a.test -all": (1, "-all"),
    "v=spf1 redirect=_spf.a.test": (1, "redirect"),
    "v=spf1 redirect=_spf.a.test -all": (0, "-all"),
    "v=spf1 mx exp=why.%{d} moo.cow-far_out=man:dog/cat -all": (1, "-all"),
    "v=spf1 include:a.test. -all": (1, "-all"),
    "v=spf1 a:a.xn--p1ai -all": (1, "-all"),
    "v=spf1 a:%{d}/24 -all": (1, "-all"),
    "v=spf1 a:%_ a:.test -all": (2, "-all"),
    # No name at all, and yet what the grammar allows.
    'v=spf1 a:m"ail.a..test -all': (1, "-all"),
}
WRONG = {
    "v=spf1 mx-all": "unknown:mx-all",
    "v=spf1 ipv4:192.0.2.1": "unknown:ipv4",
    "v=spf1 -": "term:-",
    "v=spf1 mx; -all": "term:mx;",
    "v=spf1\tmx -all": "term:\tmx",
    "v=spf1 all:a.test": "argument:all",
    "v=spf1 all/8": "argument:all",
    "v=spf1 include": "argument:include",
    "v=spf1 include:": "name:",
    "v=spf1 include:a": "name:a",
    "v=spf1 include:a.123": "name:a.123",
    "v=spf1 include/24": "argument:include",
    "v=spf1 exists": "argument:exists",
    "v=spf1 ip4": "argument:ip4",
    "v=spf1 ip4:192.0.2": "address:192.0.2",
    "v=spf1 ip4:192.0.2.1/33": "address:192.0.2.1/33",
    "v=spf1 ip4:192.0.2.1/": "address:192.0.2.1/",
    "v=spf1 ip4:2001:db8::1": "address:2001:db8::1",
    "v=spf1 ip6:192.0.2.1": "address:192.0.2.1",
    "v=spf1 ip6:2001:db8::/129": "address:2001:db8::/129",
    "v=spf1 ip6:fe80::1%eth0": "address:fe80::1%eth0",
    "v=spf1 a/33": "length:a/33",
    "v=spf1 a:a.test//129": "length:a//129",
    "v=spf1 mx:": "name:",
    "v=spf1 ptr/24": "argument:ptr",
    "v=spf1 -redirect=a.test": "term:-redirect=",
    "v=spf1 redirect=": "name:",
    "v=spf1 redirect=a.test redirect=b.test": "twice:redirect",
    "v=spf1 exp=a.test exp=b.test": "twice:exp",
    "v=spf1 exists:%{z}.a.test": "name:%{z}.a.test",
    "v=spf1 a:%%{d}": "name:%%{d}",
    "v=spf1 a:%{d2.}mx": "name:%{d2.}mx",
    "v=spf1 exists:%a.test": "name:%a.test",
    "v=spf1 exists:%{i.a.test": "name:%{i.a.test",
    "v=spf1 x=%": "name:%",
}


@pytest.mark.parametrize("text", SOUND)
def test_a_record_that_the_grammar_allows_is_read(text: str) -> None:
    assert is_spf(text)
    spf = read_spf(text)
    assert isinstance(spf, Spf), spf
    assert (len(spf.asking), spf.end) == SOUND[text]


@pytest.mark.parametrize("text", WRONG)
def test_a_record_that_the_grammar_forbids_is_refused_with_the_place(text: str) -> None:
    assert read_spf(text) == WRONG[text]


def test_a_mechanism_written_as_a_modifier_is_one_that_nobody_knows() -> None:
    spf = read_spf("v=spf1 a=a.test -all")
    assert isinstance(spf, Spf)
    # Receivers leave an unknown modifier out (RFC 7208, section 6): it costs nothing and permits nobody.
    assert not spf.asking


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("v=DMARC1; p=none", "none"),
        ("v=DMARC1;p=Reject;", "reject"),
        ("v=DMARC1; p=quarantine; sp=none; pct=50; adkim=s; aspf=r; fo=1:d; ri=3600", "quarantine"),
        ("v=DMARC1; p=reject; np=reject; psd=n; t=y", "reject"),
        ("v=DMARC1; rua=mailto:d@a.test!10m,mailto:e@b.test", "none"),
    ],
)
def test_a_policy_that_can_be_read(text: str, policy: str) -> None:
    assert read_dmarc(text) == Dmarc(policy, ())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("p=none; v=DMARC1", "version"),
        ("v=DMARC2; p=none", "version"),
        ("v=DMARC1", "missing:p"),
        ("v=DMARC1; rua=d@a.test", "missing:p"),
        ("v=DMARC1; p=", "value:p="),
        ("v=DMARC1; p=none; pct=101", "value:pct=101"),
        ("v=DMARC1; p=none; adkim=strict", "value:adkim=strict"),
        ("v=DMARC1; p=none p=reject", "value:p=none p=reject"),
        ("v=DMARC1; p=none; p=reject", "twice:p"),
        ("v=DMARC1;; p=none", "tag:"),
    ],
)
def test_a_policy_that_cannot_be_read(text: str, why: str) -> None:
    assert read_dmarc(text) == why


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("v=DKIM2; p=", "version"),
        ("p=; v=DKIM1", "version"),
        ("v=DKIM1; k=dsa; p=AAAA", "value:k=dsa"),
        ("v=DKIM1; k=ed25519; p=AAAA", "key"),
        ("k=rsa; p=AAAA", "key"),
        ("nothing", "tag:nothing"),
    ],
)
def test_a_key_that_cannot_be_read(text: str, why: str) -> None:
    assert read_dkim(text) == why


def test_what_a_record_of_mta_sts_and_of_tls_reports_must_have() -> None:
    assert wrong_in_sts("v=STSv1") == "missing:id"
    assert wrong_in_tls_reports("v=TLSRPTv1") == "missing:rua"
    assert not wrong_in_tls_reports("v=TLSRPTv1; rua=https://a.test/tls,mailto:t@a.test")


TEXT = st.text(st.characters(max_codepoint=255), max_size=120)
WORD = st.sampled_from(
    [
        *(
            "a",
            "mx",
            "ptr",
            "all",
            "include:",
            "exists:",
            "redirect=",
            "exp=",
            "ip4:",
            "ip6:",
            "/24",
            "//64",
            "-",
        ),
        *(
            "%{d}",
            "%{i",
            "%",
            "a.test",
            "192.0.2.1",
            "::1",
            " ",
            "=",
            ";",
            "v=",
            "p=",
            "k=rsa",
            "DMARC1",
            "mailto:",
        ),
    ]
)
SHAPED = st.lists(WORD | TEXT, max_size=12).map("".join)


@settings(deadline=None, max_examples=400)
@given(TEXT | SHAPED)
def test_whatever_a_text_says_it_is_read_or_refused(text: str) -> None:
    joined(text)
    begins(text, "DMARC1")
    spf = read_spf(f"v=spf1 {text}")
    assert isinstance(spf, Spf) or spf
    assert isinstance(read_dmarc(f"v=DMARC1;{text}"), Dmarc | str)
    assert isinstance(read_dkim(text), DkimKey | str)
    assert isinstance(wrong_in_sts(text), str)
    assert isinstance(wrong_in_tls_reports(text), str)


@settings(deadline=None, max_examples=200)
@given(st.dictionaries(st.sampled_from("abcde"), st.lists(st.sampled_from("abcde"), max_size=12), max_size=5))
def test_a_walk_through_records_that_lead_to_each_other_comes_to_an_end(ways: dict[str, list[str]]) -> None:
    texts = {
        f"{name}.test": (" ".join(["v=spf1", *(f"include:{to}.test" for to in leads), "-all"]),)
        for name, leads in ways.items()
    }
    start = read_spf("v=spf1 include:a.test include:b.test -all")
    assert isinstance(start, Spf)
    seen = walk("z.test", start, texts, {})
    assert 2 <= seen.lookups <= 100
    assert set(seen.broken.values()) <= {"circle", "no-record"}


_KEY = generate_private_key(public_exponent=65537, key_size=2048).public_key()
_WHOLE = _KEY.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_a_whole_key_is_read_with_its_size() -> None:
    assert read_dkim(f"v=DKIM1; p={b64encode(_WHOLE).decode()}") == DkimKey("rsa", 2048)


@given(st.integers(0, len(_WHOLE) - 1), st.integers(0, 255), st.integers(0, len(_WHOLE)))
@settings(deadline=None)
def test_a_spoilt_key_is_read_or_refused(at: int, byte: int, end: int) -> None:
    spoilt = (_WHOLE[:at] + bytes((byte,)) + _WHOLE[at + 1 :])[:end]
    assert isinstance(read_dkim(f"k=rsa; p={b64encode(spoilt).decode()}"), DkimKey | str)


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_the_text_of_a_record_is_what_was_put_into_its_strings(raw: bytes) -> None:
    parts = [raw[i : i + 100] for i in range(0, len(raw), 100)]
    written = " ".join(
        '"' + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\{b:03}" for b in part) + '"'
        for part in parts
    )
    assert joined(written) == raw.decode("latin-1")
