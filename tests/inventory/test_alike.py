"""Is a contract whose items are written alike read as the YAML reader alone would read it?"""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import yaml
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_public_key
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from inventory import fields
from inventory.alike import OFTEN, _fold, parse_alike
from inventory.contract import Host
from inventory.read import examine
from inventory.tree import Tree, parse

BASE = (Path(__file__).parent / "cases" / "base.yaml").read_text(encoding="utf-8")
HEAD, _, REST = BASE.partition("hosts:\n")
_, _, TAIL = REST.partition("outside:\n")

HOST = """\
  - id: {id}
    name: {id}.musterbau.example
    addresses: ["{address}"]
    site: hamburg
    environment: server
    roles: [web-server, dns-server]
    platform: linux
    ssh:
      user: secondline
      credential: file:musterbau
      host_keys: [{key}]
"""


def new_key() -> str:
    raw = Ed25519PrivateKey.generate().public_key()
    return raw.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def many(count: int) -> str:
    """The base, with so many more hosts that are written alike."""
    hosts = (
        HOST.format(id=f"h{n}", address=f"10.30.{n >> 8}.{n & 255}", key=new_key())
        for n in range(1, count + 1)
    )
    return BASE.replace("hosts:\n", "hosts:\n" + "".join(hosts), 1)


def same(text: str, often: int) -> Tree:
    """What both say, to the type and order of each value, and to the line of each flaw."""
    alike, whole = parse_alike(text, often=often), parse(text)
    assert repr(alike.data) == repr(whole.data)
    assert alike.flaws == whole.flaws
    return alike


def test_of_many_hosts_the_yaml_reader_sees_few() -> None:
    text = many(5 * OFTEN)
    folded = _fold(text, OFTEN)
    assert folded is not None
    assert folded.text.count("addresses") < OFTEN + BASE.count("addresses")
    assert len(same(text, OFTEN).data["hosts"]) == 5 * OFTEN + len(same(BASE, OFTEN).data["hosts"])
    contract = examine(text).contract
    assert contract is not None
    assert str(contract.targets[f"h{4 * OFTEN}"].addresses[0]) == f"10.30.{4 * OFTEN >> 8}.{4 * OFTEN & 255}"


def test_what_is_wrong_with_one_of_many_hosts_is_said_with_its_line() -> None:
    good = many(3 * OFTEN)
    for old, new in (
        ("id: h290\n", "id: h289\n"),
        ('"10.30.1.34"', '"10.30.1.034"'),
        ("name: h290.musterbau", "name: h290:musterbau"),
        ("name: h290.musterbau.example", "name: 07:00"),
        ("name: h290.musterbau.example", "name: no"),
        ("name: h290.musterbau.example", "name: &a h290"),
        ("name: h290.musterbau.example", "name: h290 # .musterbau.example"),
        ("id: h290\n", "id: h290\n    id: h290\n"),
        ("id: h290\n", "id: h290\n    di: h290\n"),
        ("id: h290\n", "id: h290\n   site: hamburg\n"),
        ("id: h290\n", 'id: "h290\n'),
    ):
        text = good.replace(old, new, 1)
        assert text != good
        line = good[: good.index(old)].count("\n") + 1
        mistakes = examine(text).mistakes
        # A quotation mark that is never closed is noticed where the next one ends it.
        if "#" not in new:
            assert any(line <= mistake.line <= line + 3 for mistake in mistakes), new
        same(text, OFTEN)


def test_a_run_that_only_looks_like_items_stays_what_it_is() -> None:
    """Inside a quoted or literal text the same signs are a text."""
    items = "  - id: a\n    name: b\n" * 3
    for before, after in (
        ('a: "', '"\n'), ("a: '", "'\n"), ("a: |\n  x\n", ""), ("a: >\n", ""), ("a: [", "]\n"), ("a: {", "}\n"),
        ("a: b\n", ""), ("- a\n", ""), ("a:\n", "b: c\n"), ("a:\n", "...\n---\nb: c\n"), ("a: # b\n", ""),
        ("  a:\n", "  b: c\n"), ("a:\n - b:\n", ""), ("a: !b\n", ""), ("a:\n  b:\n", ""), ("", ""),
        ("a:\n", "a: b\n"), ("a:\n  - [b,\n", "    c]\n"), ("%YAML 1.1\n---\na:\n", ""), ('a:\n  - "b\n', '  c"\n'),
        ("a:\n  - id: |\n", ""), ("a:\n  - id: |2\n", ""), ("a:\n  - 10000000000000000\n", "b: [10000000000000000]\n"),
    ):  # fmt: skip
        for often in (1, 2):
            same(before + items + after, often)


@pytest.mark.parametrize(
    "items",
    [
        ("- 'a'\n", "- 'it''s'\n", "- ''\n"),
        ('- "a"\n', '- "a\\tb"\n', '- "a""b"\n', '- ""\n'),
        ('- "\\\n    a"\n', '- "\\\n    1"\n'),
        ("- k: |-\n      a\n", "- k: |-\n      1\n"),
        ("- k: >-\n      a\n", "- k: >-\n      22\n"),
        ("- {a: b, a: c}\n", "- {a: d, a: e}\n"),
        ("- a: b\n    a: c\n", "- a: d\n    a: e\n"),
        ("- a\n...\n", "- b\n...\n"),
        ("- a: b\n  # c\n    d: e\n", "- a: f\n  # g\n    d: h\n"),
        ("- a: b # c\n", "- a: d # e\n"),
        (
            "- a: b # c\n    # d\n    e: f\n",
            "- a: b #\n    #g 'h\n    e: f\n",
            '- a: "b # c"\n    # d\n    e: f\n',
        ),
        (
            "- a: [b, # c]\n      d]\n",
            "- a: [b, # e\n      f]\n",
            "- a: b#c\n",
            "- a: 'b' #c\n",
            "- a: 'b'#c\n",
        ),
        ("- a: b #c\n", "- a: d # e: f\n"),
        ("- &a b\n", "- &a c\n"),
        ("- !a b\n", "- !a c\n"),
        ("- a: !!str 1\n", "- a: !!str 2\n"),
        ("- a: 1\n", "- a: 22\n", "- a: true\n", "- a: null\n", "- a: b\n", "- a: 1.5\n"),
        ("- a: 1\n", "- a: '1'\n", '- a: "1"\n', "- a:\n", "- a: ''\n"),
        ("- a: [b]\n", "- a: [b, c]\n", "- a: [[b]]\n", "- a: []\n", "- a: [b: c]\n", "- a: [d, ]\n"),
        ("- a: b\n", "- a: b: c\n"),
        ("- a: b\n", "- a: b\n    c\n", "- a: b c\n", "- a: b  c\n", "- a:  b\n", "- a: b \n"),
        ("- a: b\n", "- a:\n      b\n", "- a:\n    - b\n", "- a:\n      - b\n      - c: d\n        e: f\n"),
        ("- a: b\n", "- a\n", "- [a, b]\n", "- - a\n    - b\n", "- \n", "- a:\tb\n", "- ? a\n    : b\n"),
        ("- a: b\n", "- 'a': b\n", '- "a": b\n', "- a : b\n", "- {a: b}\n", "- {a: 'b'}\n", "- {'a':'b'}\n"),
        ("- a: b\r\n    c: d\r\n", "- a: e\r\n    c: f\r\n", "- a: e\n    c: f\n", "- a: e\r    c: f\n"),
    ],
    ids=lambda items: repr(items[0]),
)
def test_items_that_are_written_nearly_alike_are_told_apart(items: tuple[str, ...]) -> None:
    said = ["  " + item for item in items]
    for often in (1, 2, 3):
        same("x:\n" + "".join(item * 3 for item in said) + "y: z\n", often)
        same("x:\n" + "".join(said) * 3, often)
        for item in said:
            same("x:\n" + item * 3 + "y:\n  - z\n", often)


@pytest.mark.parametrize("name", ["10000000000000000", "w100000000n0w"])
def test_nothing_in_the_text_is_taken_for_what_stands_for_others(name: str) -> None:
    escaped = "".join(f"\\x{ord(sign):02x}" for sign in name)
    items = "  - id: c\n" * 3
    for said in (name, f"'{name}'", f'"{escaped}"', f"+{name}", f"w{name}"):
        for before in ("a: |\n", "a:\n", "a: '\n"):
            after = "'\n" if "'" in before else ""
            same(f"b:\n  - {said}\n{before}{items}{after}", 1)
            same(f"{before}{items}{after}b:\n  - {said}\n", 1)


_WORDS = st.sampled_from(
    [
        "a", "web1", "no", "null", "~", "07:00", "1.10", "010", "22", "2026-01-01", "=", "<<", "*a", "&a b", "!a b",
        "a b", "a  b", "a:b", "a: b", "a :b", "a #b", "a#b", "#", "[]", "[a]", "[a, b]", "[a, 'b', \"c\"]", "[a",
        "[a: b]", "{}", "{a: b}", "{a: b, a: c}", '"a"', '"a: b"', '"a\\"', '"a\\n"', "'a'", "'it''s'", "it's",
        'say "a"', '"a" b', "'", '"', "|", ">", "|\n        a", "a\n        b", "\n        a", "\n      a", "", "Ä",
        "Müller", "\t", "a\tb", "? a", "?", "-", "- a", "--- a", "%a", "@a", "`a`", "a,b", "a, b", "a]", "a}", ",",
        ":", "a:", "::", "x" * 1100, '"' + "x" * 1100 + '"', "10000000000000000", "w100000000n0w", "ssh-ed25519 AAAA+/==",
    ]
)  # fmt: skip
_KEYS = st.sampled_from(
    ["id", "name", "id", "site", "a b", '"q"', "no", "1", "<<", "? k", "x.y-z", "ä", "id:id"]
)
_SHAPES = st.sampled_from(
    [
        "- {k}: {v}\n  {l}: {w}\n",
        "- {k}: {v}\r\n  {l}: {w}\r\n",
        "- {k}: {v}\n\n  {l}:\n    {k}: {w}\n",
        "- {k}: [{v}, {w}]\n  {l}: {{{k}: {v}}}\n",
        "- {k}:\n    - {v}\n    - {w}\n",
        "- {k}:\n  - {v}\n  - {w}\n",
        "- {v}\n",
        "- - {v}\n  - {w}\n",
        "- {k}: {v} # {w}\n",
        "- {k}: {v} # {w}\n  # {w}\n  {l}: {v}\n",
        "# {v}\n- {k}: {w}\n",
        "-\n  {k}: {v}\n",
        "- {{{k}: {v}, {l}: {w}}}\n",
        "- [{v}, {w}]\n",
        "-  {k}: {v}\n   {l}: {w}\n",
        "{k}:\n",
        "  {k}: {v}\n",
        "- {k}: {v}\n {l}: {w}\n",
        "- {k}: {v}\n{l}: {w}\n",
        "...\n",
        "---\n",
    ]
)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Lists of items of few shapes with few words, so that some are alike, and with any defect."""
    indent = " " * draw(st.sampled_from([0, 2, 2, 4]))
    shapes = draw(st.lists(_SHAPES, min_size=1, max_size=3))
    words = draw(st.lists(_WORDS, max_size=2))
    keys = draw(
        st.sampled_from([["id", "name"]] * 3 + [["a b", "x.y-z"]]) | st.lists(_KEYS, min_size=2, max_size=2)
    )
    word = st.sampled_from([*words, "a", "b1", "c:d", "web1.a"])
    said = draw(st.sampled_from(["", "", "k: v\n", "# c\n", "---\n", "k: |\n", 'k: "\n']))
    for name in draw(
        st.lists(st.sampled_from(["hosts:\n", "sites:\n", "zones: # c\n"]), min_size=1, max_size=2)
    ):
        said += name
        for shape in draw(st.lists(st.sampled_from(shapes), min_size=1, max_size=8)):
            item = shape.format(k=keys[0], l=keys[1], v=draw(word), w=draw(word))
            said += "".join(indent + line for line in item.splitlines(keepends=True))
    return said


@given(texts(), st.integers(1, 3))
def test_any_items_are_read_as_the_yaml_reader_reads_them(text: str, often: int) -> None:
    same(text, often)


ALIKE = "x: y\nhosts:\n" + "".join(
    HOST.format(id=f"h{n}", address=f"10.0.0.{n}", key=f"'ssh-ed25519 A{n}'") for n in range(1, 5)
)


@given(
    st.integers(0, len(ALIKE)),
    st.integers(0, 3),
    st.text("\"'#:-?&*!|>%@`{}[], \n\r\t\\=~<a1.\xa0Äß€", max_size=3),
    st.integers(1, 2),
)
def test_a_slip_of_the_hand_anywhere_is_read_as_the_yaml_reader_reads_it(
    at: int, lost: int, slip: str, often: int
) -> None:
    same(ALIKE[:at] + slip + ALIKE[at + lost :] + "z: [a, b]\n", often)


def test_a_text_with_every_number_is_read_as_it_stands() -> None:
    numbers = ", ".join(f"'{number}'" for number in range(10**8, 10**8 + 100))
    text = f"{ALIKE}z: [{numbers}]\n"
    assert _fold(text, 2) is None
    assert len(same(text, 2).data["z"]) == 100


def test_comments_stand_in_nobodys_way() -> None:
    text = "".join(f"x: # {n}\n" * (n == 0) + f'  - id: a{n} # {n}, "\n    # & {n}\n' for n in range(5))
    folded = _fold(text, 2)
    assert folded is not None
    assert folded.text.count("id:") == 1
    assert same(text, 2).data == {"x": [{"id": f"a{n}"} for n in range(5)]}


def test_the_items_of_which_the_slips_are_made_are_folded() -> None:
    folded = _fold(ALIKE, 2)
    assert folded is not None
    assert folded.text.count("id:") == 1


def test_copies_do_not_write_into_what_alike_parts_share() -> None:
    host = HOST.format(id="h", address="10.1.2.3", key=new_key())
    hosts = yaml.safe_load(f"x:\n{host}{host}")["x"]
    one, other = (Host.model_validate(host) for host in hosts)
    assert "dns" not in one.model_copy(update={"site": "s"}).model_fields_set
    assert "dns" in one.model_copy(update={"dns": None}).model_fields_set
    assert one.model_fields_set == other.model_fields_set == set(hosts[0])


HOST_KEY: TypeAdapter[str] = TypeAdapter(fields.HostKey)
HOST_KEYS = tuple(
    key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    for key in (
        Ed25519PrivateKey.generate(),
        Ed25519PrivateKey.generate(),
        ec.generate_private_key(ec.SECP256R1()),
        rsa.generate_private_key(65537, 2048),
    )
)


def taken(text: str) -> bool:
    try:
        HOST_KEY.validate_python(text)
    except ValidationError:
        return False
    return True


def loads(text: str) -> bool:
    """Whether it is written as a host key is, and the library of ciphers makes a key of it."""
    try:
        load_ssh_public_key(text.encode())
    except (ValueError, NotImplementedError, UnsupportedAlgorithm):
        return False
    return fields._HOST_KEY.fullmatch(text) is not None


@pytest.mark.parametrize("key", HOST_KEYS, ids=("ed25519", "ed25519-too", "ecdsa", "rsa"))
def test_a_host_key_is_taken_and_half_of_it_is_not(key: str) -> None:
    assert taken(key)
    assert loads(key)
    assert not any(taken(key[:end]) or loads(key[:end]) for end in range(len(key)))


@given(st.sampled_from(HOST_KEYS), st.data())
def test_a_changed_host_key_is_taken_if_it_is_one(key: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(key)))
    slip = data.draw(st.text("AQgw/+= Zz9\n", max_size=2))
    text = key[:at] + slip + key[at + data.draw(st.integers(0, 2)) :]
    assert taken(text) == loads(text)


@given(st.sampled_from(HOST_KEYS), st.data())
def test_a_host_key_with_changed_bytes_is_taken_if_it_is_one(key: str, data: st.DataObject) -> None:
    kind, _, blob = key.partition(" ")
    raw = bytearray(base64.b64decode(blob))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    raw[len(raw) - data.draw(st.integers(0, 2)) :] = data.draw(st.binary(max_size=2))
    text = f"{kind} {base64.b64encode(bytes(raw)).decode()}"
    assert taken(text) == loads(text)


@given(st.binary(min_size=32, max_size=32))
def test_any_32_bytes_are_an_ed25519_key_to_both(raw: bytes) -> None:
    blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + raw
    text = f"ssh-ed25519 {base64.b64encode(blob).decode()}"
    assert taken(text)
    assert loads(text)
