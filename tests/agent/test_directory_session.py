"""Is a directory asked safely, and is no answer ever less than it seems? Against servers that nobody should meet."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from agent.sessions.ldap import DirectorySession, open_directory
from agent.sessions.ldap_login import first_login
from agent.start import LdapWay
from collectors import Entry, Kind, Phase, Unanswered
from collectors.exchange import Exchange
from inventory.grant import Door, GrantRefusedError
from tests.agent.odd_ldap import BIND, OddLdap, done, entry, referral, tlv
from tests.leave import leave_for
from tests.tls import Authority, Identity, authority

pytestmark = pytest.mark.slow

HOME, NAME = "127.0.0.1", "dc1.ad.musterbau.test"
BASE = "DC=ad,DC=musterbau,DC=test"
SECRET = "not-for-anybody"


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("tls"), "ad")


@pytest.fixture
def identity(trusted: Authority) -> Identity:
    return trusted.issue(NAME)


def way(trusted: Authority, *, starttls: bool = False) -> LdapWay:
    return LdapWay(
        user=f"secondline@{NAME}",
        secret=SECRET,
        name=NAME,
        authorities=(trusted.root.read_text("ascii"),),
        starttls=starttls,
    )


def nothing(_number: int, number: int, _asked: object) -> Iterator[bytes | None]:
    yield done(number)


class Asked:
    """A session with an odd server, and what was recorded of it."""

    def __init__(self, server: OddLdap, trusted: Authority, *, patience: float = 1.0) -> None:
        self.records: list[Exchange] = []
        login = first_login([Door(ip_address(HOME), server.port)], way(trusted))
        self.session = DirectorySession(login, self.records.append, patience=patience)

    def search(self, *attributes: str, most: int = 10_000) -> list[str]:
        found = self.session.ask_search(BASE, "(objectClass=user)", attributes, "subtree", most, "")
        return [one.dn for one in found]


def unmet(
    server: OddLdap, trusted: Authority, *, most: int = 10_000, patience: float = 1.0
) -> tuple[Unanswered, Exchange]:
    asked = Asked(server, trusted, patience=patience)
    with pytest.raises(Unanswered) as caught:
        asked.search("cn", most=most)
    asked.session.close()
    return caught.value, asked.records[-1]


def two_pages(count: int, number: int, _asked: object) -> Iterator[bytes | None]:
    for which in range(2):
        yield entry(number, f"CN={count}{which},{BASE}", {"cn": [b"x"]})
    yield done(number, cookie=b"more" if count == 0 else b"")


def test_all_pages_are_one_answer(identity: Identity, trusted: Authority) -> None:
    with OddLdap(HOME, identity, two_pages) as server:
        asked = Asked(server, trusted)
        assert asked.search("cn") == [f"CN={page}{which},{BASE}" for page in (0, 1) for which in (0, 1)]
        asked.session.close()
    assert asked.records[-1].parts["ldif"].count(b"dn: ") == 4


def test_a_server_that_stops_in_the_middle_of_a_page_has_not_answered(
    identity: Identity, trusted: Authority
) -> None:
    def stops(count: int, number: int, asked: object) -> Iterator[bytes | None]:
        if count == 0:
            yield from two_pages(0, number, asked)
        else:
            yield entry(number, f"CN=10,{BASE}", {"cn": [b"x"]})[:-3]
            yield None

    with OddLdap(HOME, identity, stops) as server:
        reason, record = unmet(server, trusted)
    assert reason.kind is Kind.CUT_OFF
    # What came before is kept as evidence.
    assert (record.parts["ldif"].count(b"dn: "), record.cut) == (2, True)


def test_a_server_that_falls_silent_in_a_page_has_not_answered(
    identity: Identity, trusted: Authority
) -> None:
    def half(_count: int, number: int, _asked: object) -> Iterator[bytes | None]:
        yield entry(number, f"CN=a,{BASE}", {"cn": [b"x"]})

    with OddLdap(HOME, identity, half) as server:
        reason, _ = unmet(server, trusted)
    assert reason.kind is Kind.TIMED_OUT


def test_pages_without_end_are_no_answer(identity: Identity, trusted: Authority) -> None:
    def endless(_count: int, number: int, asked: object) -> Iterator[bytes | None]:
        yield from two_pages(0, number, asked)

    with OddLdap(HOME, identity, endless) as server:
        # Twenty pages take their time on a busy machine.
        reason, _ = unmet(server, trusted, most=40, patience=20.0)
    assert (reason.kind, reason.detail) == (Kind.CUT_OFF, "more than 40 entries")


def test_more_than_any_answer_may_be_ends_the_question(identity: Identity, trusted: Authority) -> None:
    def flood(_count: int, _number: int, _asked: object) -> Iterator[bytes | None]:
        # One message of a gigabyte is announced, and sent until somebody hangs up.
        yield b"\x30\x84\x40\x00\x00\x00"
        while True:
            yield bytes(1 << 20)

    with OddLdap(HOME, identity, flood) as server:
        asked = Asked(server, trusted)
        asked.session._patience = 60
        with pytest.raises(Unanswered) as caught:
            asked.search("cn")
        asked.session.close()
    assert caught.value.kind in {Kind.CUT_OFF, Kind.UNPARSABLE}


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (32, Kind.NOT_THERE),
        (50, Kind.REFUSED),
        (3, Kind.CUT_OFF),
        (4, Kind.CUT_OFF),
        (11, Kind.CUT_OFF),
        (10, Kind.REFUSED),
        (1, Kind.REFUSED),
    ],
)
def test_a_result_code_is_never_an_empty_answer(
    code: int, kind: Kind, identity: Identity, trusted: Authority
) -> None:
    def says(_count: int, number: int, _asked: object) -> Iterator[bytes | None]:
        yield done(number, code, "because")

    with OddLdap(HOME, identity, says) as server:
        reason, _ = unmet(server, trusted)
    assert (reason.kind, reason.phase) == (kind, Phase.ASK)


def test_references_to_other_servers_are_left_where_they_are(identity: Identity, trusted: Authority) -> None:
    def storm(_count: int, number: int, _asked: object) -> Iterator[bytes | None]:
        for which in range(500):
            yield referral(number, f"ldap://192.0.2.{which % 250}/{BASE}")
        yield entry(number, f"CN=a,{BASE}", {"cn": [b"a"]})
        yield done(number, cookie=b"")

    with OddLdap(HOME, identity, storm) as server:
        asked = Asked(server, trusted)
        assert asked.search("cn") == [f"CN=a,{BASE}"]
        asked.session.close()
        assert server.heard == [BIND, "searchRequest"]


def test_values_come_as_they_are(identity: Identity, trusted: Authority) -> None:
    odd = {
        "ObjectGUID": [bytes(range(16))],
        "description": ["Büro".encode(), b" x"],
        "empty": [b""],
        "cn": [b"a"],
    }

    def says(_count: int, number: int, _asked: object) -> Iterator[bytes | None]:
        yield entry(number, f"CN=Büro,{BASE}", odd)
        yield done(number, cookie=b"")

    with OddLdap(HOME, identity, says) as server:
        asked = Asked(server, trusted)
        (found,) = asked.session.ask_search(BASE, "(cn=*)", ("cn",), "subtree", 10, "")
        asked.session.close()
    assert found.dn == f"CN=Büro,{BASE}"
    assert found.attributes == {
        "objectguid": (bytes(range(16)),),
        "description": ("Büro".encode(), b" x"),
        "empty": (b"",),
        "cn": (b"a",),
    }
    assert found.guid("objectGUID") == "03020100-0504-0706-0809-0a0b0c0d0e0f"
    assert found.texts("description") == ("Büro", " x")
    with pytest.raises(Unanswered, match="one value alone"):
        found.text("description")
    with pytest.raises(Unanswered, match="not text"):
        Entry(found.dn, {"cn": (b"\xff",)}).text("cn")


def test_attributes_in_parts_are_fetched_whole(identity: Identity, trusted: Authority) -> None:
    def parts(count: int, number: int, _asked: object) -> Iterator[bytes | None]:
        names = ["member;range=0-1", "member;range=2-3", "member;range=4-*"]
        members = [b"a", b"b"] if count == 0 else [b"c", b"d"] if count == 1 else [b"e"]
        yield entry(number, f"CN=g,{BASE}", {names[count]: members})
        yield done(number, cookie=b"" if count == 0 else None)

    with OddLdap(HOME, identity, parts) as server:
        asked = Asked(server, trusted)
        (found,) = asked.session.ask_search(BASE, "(cn=g)", ("member",), "subtree", 10, "")
        asked.session.close()
    assert found.texts("member") == ("a", "b", "c", "d", "e")


@pytest.mark.parametrize(
    "noise",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        tlv(0x30, tlv(0x02, b"\0")),
        b"\x30\x80\x00\x00",
        b"\x30\x03\x02\x01\x05",
        bytes(64),
    ],
)
def test_noise_is_no_answer(noise: bytes, identity: Identity, trusted: Authority) -> None:
    def says(_count: int, _number: int, _asked: object) -> Iterator[bytes | None]:
        yield noise
        yield None

    with OddLdap(HOME, identity, says) as server:
        reason, record = unmet(server, trusted)
    assert reason.kind in {Kind.UNPARSABLE, Kind.CUT_OFF}
    assert record.unanswered is not None


@pytest.mark.parametrize("sort", ["other name", "over", "somebody else's"])
def test_nothing_is_said_to_a_server_whose_certificate_is_not_the_hosts(
    sort: str, trusted: Authority, tmp_path: Path
) -> None:
    match sort:
        case "other name":
            shown, said = trusted.issue("dc7.ad.musterbau.test"), "dc1.ad.musterbau.test"
        case "over":
            shown, said = trusted.issue(NAME, days=-1), "expired"
        case _:
            shown, said = authority(tmp_path, "other").issue(NAME), "issuer"
    with OddLdap(HOME, shown, nothing) as server, pytest.raises(Unanswered, match=said) as caught:
        first_login([Door(ip_address(HOME), server.port)], way(trusted))
    assert (caught.value.kind, caught.value.phase) == (Kind.CERTIFICATE_REJECTED, Phase.GREET)
    assert server.heard == []


def test_tls_within_ldap_is_verified_as_well(identity: Identity, trusted: Authority, tmp_path: Path) -> None:
    with OddLdap(HOME, identity, nothing, starts_tls=True) as server:
        login = first_login([Door(ip_address(HOME), server.port)], way(trusted, starttls=True))
        login.socket.close()
        assert server.heard == ["extendedReq", BIND]
    other = authority(tmp_path, "other").issue(NAME)
    with OddLdap(HOME, other, nothing, starts_tls=True) as server, pytest.raises(Unanswered) as caught:
        first_login([Door(ip_address(HOME), server.port)], way(trusted, starttls=True))
    assert caught.value.kind is Kind.CERTIFICATE_REJECTED
    assert server.heard == ["extendedReq"]


def test_without_tls_nobody_logs_in(identity: Identity, trusted: Authority) -> None:
    with (
        OddLdap(HOME, identity, nothing, starts_tls=True, refuses_tls=True) as server,
        pytest.raises(Unanswered) as caught,
    ):
        first_login([Door(ip_address(HOME), server.port)], way(trusted, starttls=True))
    assert (caught.value.kind, caught.value.phase) == (Kind.REFUSED, Phase.GREET)
    assert BIND not in server.heard


@pytest.mark.parametrize(
    ("code", "said", "kind", "detail"),
    [
        (
            49,
            "80090308: LdapErr: DSID-0C09, comment: AcceptSecurityContext error, data 775, v4563",
            "r",
            "locked",
        ),
        (
            49,
            "80090308: LdapErr: DSID-0C09, comment: AcceptSecurityContext error, data 52e, v4563",
            "r",
            "wrong",
        ),
        (49, "nope", "r", "does not say why"),
        (8, "Transport encryption required.", "refused", "strongerAuthRequired"),
        (51, "", "refused", "busy"),
    ],
)
def test_a_refused_log_in_says_why_in_no_language(  # noqa: PLR0917 - the columns of a table.
    code: int, said: str, kind: str, detail: str, identity: Identity, trusted: Authority
) -> None:
    wanted = Kind.CREDENTIALS_REJECTED if kind == "r" else Kind.REFUSED
    with (
        OddLdap(HOME, identity, nothing, bind=(code, said)) as server,
        pytest.raises(Unanswered, match=detail) as caught,
    ):
        first_login([Door(ip_address(HOME), server.port)], way(trusted))
    assert (caught.value.kind, caught.value.phase) == (wanted, Phase.LOGIN)
    assert SECRET not in str(caught.value)


def test_the_secret_is_in_no_record(identity: Identity, trusted: Authority) -> None:
    with OddLdap(HOME, identity, two_pages) as server:
        asked = Asked(server, trusted)
        asked.search("cn")
        asked.session.close()
    assert SECRET not in repr(asked.records)
    assert SECRET not in repr(way(trusted))


def test_no_way_is_opened_that_the_grant_does_not_name(trusted: Authority) -> None:
    with pytest.raises(GrantRefusedError):
        open_directory(leave_for("dc1", HOME, ssh=22), "dc1", way(trusted), lambda _: None)


def test_a_closed_port_is_told_and_recorded(trusted: Authority) -> None:
    records: list[Exchange] = []
    with OddLdap(HOME, Identity(trusted.root, trusted.folder / "ad.key"), nothing) as server:
        port = server.port
    with pytest.raises(Unanswered) as caught:
        open_directory(leave_for("dc1", HOME, ldap=port), "dc1", way(trusted), records.append)
    assert (caught.value.kind, caught.value.phase) == (Kind.REFUSED, Phase.CONNECT)
    assert [record.question for record in records] == [("open",)]
