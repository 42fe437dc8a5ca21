"""Request Tracker over TLS: the token goes to who can show the right certificate, and to nobody else."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from controller.desks.desk import Desk, DeskRefusedError, DeskUnavailableError
from controller.desks.named import desk_named
from controller.store.store import Store
from tests.desk.rt import RequestTracker
from tests.desk.trouble import between
from tests.tls import Authority, Identity, authority, in_front

pytestmark = pytest.mark.desk

_MARKER = "7157ed0000000000cafe0001"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("house"), "house")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("stranger"), "stranger")


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def endpoint(folder: Path, upstream: str, identity: Identity) -> Iterator[str]:
    """A TLS endpoint on loopback in front of a server; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    argv = in_front(
        folder / f"stunnel-{port}.conf",
        accept=f"127.0.0.1:{port}",
        connect=upstream.removeprefix("http://"),
        identity=identity,
    )
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as running:
        try:
            until = time.monotonic() + 10
            while not listens(port):
                assert running.poll() is None, running.communicate()[1]
                assert time.monotonic() < until
                time.sleep(0.05)
            yield f"https://127.0.0.1:{port}"
        finally:
            running.send_signal(signal.SIGTERM)
            running.communicate(timeout=10)


@asynccontextmanager
async def desk_at(store: Store, url: str, token: str, ca: Path | str | None) -> AsyncIterator[Desk]:
    """The desk as settings make it."""
    settings: dict[str, object] = {"kind": "rt", "url": url, "credential": "file:t", "deadline": 10.0}
    if ca is not None:
        settings["ca"] = str(ca)
    desk = desk_named("d", {"d": settings}, store=store, secret=lambda _: token)
    yield desk
    await desk.close()


async def test_a_ticket_is_read_and_a_note_arrives_over_tls(
    rt: RequestTracker, house: Authority, store: Store, tmp_path: Path
) -> None:
    number = rt.ticket("tls", "Köln", customer="musterbau")
    with endpoint(tmp_path, rt.url, house.issue("rt", "127.0.0.1")) as url:
        async with desk_at(store, url, rt.writer, house.root) as desk:
            assert (await desk.read(number)).text == "Köln"
            await desk.note(number, "sicher", html="<p>x</p>", marker=_MARKER)
            assert await desk.find_marker(number, _MARKER)
    assert any("sicher" in note for note in rt.notes(number))


async def test_a_ca_beside_the_settings_is_found(
    rt: RequestTracker, house: Authority, store: Store, tmp_path: Path
) -> None:
    (store.home / "house.pem").write_bytes(house.root.read_bytes())
    with endpoint(tmp_path, rt.url, house.issue("rt", "127.0.0.1")) as url:
        async with desk_at(store, url, rt.writer, "house.pem") as desk:
            assert (await desk.read(rt.ticket("beside"))).subject == "beside"


# Who shows what to somebody who trusts whom (None: those whom the system trusts).
Shown = Callable[[Authority, Authority], tuple[Identity, Path | None]]
WRONG: dict[str, Shown] = {
    "another authority": lambda house, stranger: (house.issue("rt", "127.0.0.1"), stranger.root),
    "no authority of the system": lambda house, _: (house.issue("rt", "127.0.0.1"), None),
    "over": lambda house, _: (house.issue("old", "127.0.0.1", days=-1), house.root),
    "another server": lambda house, _: (house.issue("other", "127.0.0.2"), house.root),
    "signed by itself": lambda house, stranger: (
        Identity(stranger.root, stranger.folder / "stranger.key"),
        house.root,
    ),
}


@pytest.mark.parametrize("shown", WRONG.values(), ids=WRONG.keys())
async def test_who_cannot_be_trusted_gets_no_token_and_it_is_said_what_to_do(  # noqa: PLR0917 - fixtures.
    rt: RequestTracker, house: Authority, stranger: Authority, store: Store, tmp_path: Path, shown: Shown
) -> None:
    identity, ca = shown(house, stranger)
    async with between(rt.url) as witness:
        with endpoint(tmp_path, witness.url, identity) as url:
            async with desk_at(store, url, rt.writer, ca) as desk:
                for asking in (desk.read("1"), desk.note("1", "x", marker=_MARKER)):
                    with pytest.raises(DeskUnavailableError, match="certificate") as caught:
                        await asking
                    assert "'ca'" in str(caught.value)
                    assert rt.writer not in str(caught.value)
    assert (witness.seen, witness.tokens) == ([], 0)


async def test_a_server_that_speaks_no_tls_is_not_spoken_to(store: Store) -> None:
    heard = bytearray()

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read(4096))
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with desk_at(store, f"https://127.0.0.1:{port}", "1-14-abc", None) as desk:
            with pytest.raises(DeskUnavailableError, match="SSL"):
                await desk.note("1", "x", marker=_MARKER)
    assert heard
    assert b"1-14-abc" not in heard


@pytest.mark.parametrize("content", [None, "", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
async def test_a_ca_file_that_cannot_be_used_is_named(
    store: Store, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(DeskRefusedError, match=re.escape(str(file))):
        async with desk_at(store, "https://127.0.0.1:1", "1-14-abc", file):
            pass
