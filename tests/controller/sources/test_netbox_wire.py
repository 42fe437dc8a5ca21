"""Is a NetBox asked for everything, and does the token go to it alone? Against a stand-in over real HTTP(S)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from controller.sources.netbox import NetBox
from inventory.sources.netbox import from_netbox
from inventory.sources.seen import Found, SourceError
from tests.controller.sources.standin_netbox import TOKEN, StandIn, Trouble, device, standing_in
from tests.tls import Authority, authority

pytestmark = pytest.mark.slow


def asked(
    url: str, token: str = TOKEN, ca: Path | None = None, tenant: str = "", deadline: float = 30
) -> Found:
    rows = asyncio.run(NetBox(url, token, ca=ca, deadline=deadline).rows(tenant))
    return from_netbox(rows, tenant=tenant)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("house"), "house")


def test_every_device_and_machine_is_asked_for_page_by_page() -> None:
    rows = [device(number) for number in range(25)]
    with standing_in(*rows, machines=[device(30, site=None)], most=10) as netbox:
        found = asked(netbox.url)
        assert [host.name for host in found.hosts] == [row["name"] for row in (*rows, device(30))]
        offsets = [int(query["offset"][0]) for _, query, _ in netbox.asked]
        assert offsets == [0, 10, 20, 0]
        assert {token for _, _, token in netbox.asked} == {f"Token {TOKEN}"}


def test_a_token_of_the_second_version_is_sent_as_such() -> None:
    token = f"nbt_abcdef012345.{TOKEN}"
    with standing_in(device(1), token=f"Bearer {token}") as netbox:
        assert len(asked(netbox.url, token).hosts) == 1


def test_a_netbox_may_stand_below_a_path() -> None:
    with standing_in(device(1), device(2), below="/netbox", most=1) as netbox:
        assert len(asked(netbox.url).hosts) == 2
        assert len(asked(f"{netbox.url}/").hosts) == 2


def test_of_one_tenant_only_its_own_hosts_come() -> None:
    other = device(2, tenant={"slug": "other"})
    with standing_in(device(1), other, device(3, tenant=None)) as netbox:
        assert [host.place[:8] for host in asked(netbox.url, tenant="musterbau").hosts] == ["device 1"]
        with pytest.raises(SourceError, match="is there such a tenant"):
            asked(netbox.url, tenant="unknown")


def test_over_tls_the_certificate_must_be_of_a_known_authority(house: Authority, tmp_path: Path) -> None:
    stranger = authority(tmp_path / "stranger", "stranger")
    with standing_in(device(1), identity=house.issue("netbox", "127.0.0.1")) as netbox:
        assert len(asked(netbox.url, ca=house.root).hosts) == 1
        before = len(netbox.asked)
        for ca in (None, stranger.root):
            with pytest.raises(SourceError, match="certificate is not trusted"):
                asked(netbox.url, ca=ca)
        assert len(netbox.asked) == before, "no token went there"


def test_the_certificate_must_be_for_this_name(house: Authority) -> None:
    with standing_in(device(1), identity=house.issue("other", "127.0.0.2")) as netbox:
        with pytest.raises(SourceError, match="certificate is not trusted"):
            asked(netbox.url, ca=house.root)
        assert netbox.asked == []


def elsewhere(netbox: StandIn) -> list[str]:
    """Addresses that look like this server and are not."""
    port = netbox.url.rpartition(":")[2]
    return [
        f"http://127.0.0.2:{port}/api/dcim/devices/?offset=10",
        f"https://127.0.0.1:{port}/api/dcim/devices/",
        "http://127.0.0.1:1/api/dcim/devices/",
        f"//127.0.0.2:{port}/",
        f"http://127.0.0.1@127.0.0.2:{port}/",
        f"http://127.0.0.1:{port}@127.0.0.2/",
        "http://[::1",
        "file:///etc/passwd",
    ]


def test_a_next_page_elsewhere_is_refused() -> None:
    with standing_in(device(1), device(2), most=1) as netbox:
        for following in elsewhere(netbox):
            netbox.trouble = Trouble(following=following)
            netbox.asked.clear()
            with pytest.raises(SourceError, match="next page at"):
                asked(netbox.url)
            assert len(netbox.asked) == 1, following


def test_a_redirect_elsewhere_is_refused_and_takes_no_token_along() -> None:
    with standing_in() as other, standing_in() as netbox:
        for target in (*elsewhere(netbox), other.url):
            netbox.trouble = Trouble(redirect=target)
            with pytest.raises(SourceError, match=r"redirects to|cannot be asked"):
                asked(netbox.url)
        assert other.asked == []


def test_a_redirect_on_the_same_server_is_followed_but_not_in_a_circle() -> None:
    with standing_in(trouble=Trouble(redirect="/login/")) as netbox:
        with pytest.raises(SourceError, match="in a circle"):
            asked(netbox.url)
        assert len(netbox.asked) == 3


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        (Trouble(empty_pages=True), "has no end"),
        (Trouble(body=b"<html>Welcome</html>"), "is not JSON"),
        (Trouble(body=b'{"results": 1}'), "is this the address of a NetBox"),
        (Trouble(status=403), "token is not accepted"),
        (Trouble(status=404), "is this the address of a NetBox"),
        (Trouble(status=502), "says 502"),
    ],
)
def test_what_goes_wrong_is_said_as_what_it_is(trouble: Trouble, why: str) -> None:
    with standing_in(device(1), trouble=trouble) as netbox, pytest.raises(SourceError, match=why):
        asked(netbox.url)


def test_pages_without_end_are_not_followed_for_ever() -> None:
    many = [{"id": number} for number in range(30_000)]
    with standing_in(*many, trouble=Trouble(endless=True)) as netbox:
        with pytest.raises(SourceError, match="has no end"):
            asked(netbox.url)
        assert len(netbox.asked) == 4


def test_a_server_that_says_nothing_is_given_up() -> None:
    with (
        standing_in(trouble=Trouble(silent=True)) as netbox,
        pytest.raises(SourceError, match="did not answer"),
    ):
        asked(netbox.url, deadline=0.5)


def test_a_wrong_token_is_not_accepted_and_not_repeated() -> None:
    wrong = "f" * 40
    with standing_in(device(1)) as netbox, pytest.raises(SourceError, match="not accepted") as error:
        asked(netbox.url, wrong)
    assert wrong not in str(error.value)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://netbox.example", "in the clear"),
        ("https://netbox.example/api/dcim/", "leave out everything from"),
        ("https://user:secret@netbox.example", "is not the address"),
        ("https://netbox.example?x=1", "is not the address"),
        ("ftp://netbox.example", "is not the address"),
        ("https://", "is not the address"),
        ("https://netbox.example:port", "is not an address"),
    ],
)
def test_an_address_that_is_none_is_refused(url: str, why: str) -> None:
    with pytest.raises(SourceError, match=why):
        NetBox(url, TOKEN)


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "\u00e4"])
def test_a_token_that_is_none_is_refused(token: str) -> None:
    with pytest.raises(SourceError, match="holds what no token holds"):
        NetBox("https://netbox.example", token)
