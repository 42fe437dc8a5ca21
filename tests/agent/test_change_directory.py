"""A real directory is changed: all attributes of an operation or none, and what a directory refuses is its refusal."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterator

import pytest

from agent.sessions.ldap import DirectorySession, open_directory
from agent.start import LdapWay
from collectors import Unanswered
from collectors.exchange import Exchange
from tests.agent.realm import REALM
from tests.agent.samba_realm import SambaRealm
from tests.leave import leave_for
from tests.tls import authority

pytestmark = pytest.mark.lab

ADDRESS = "127.9.5.1"
NAME = f"dc2.{REALM.lower()}"
BASE = ",".join(f"DC={part}" for part in REALM.lower().split("."))
ENTRY = f"CN=bob,CN=Users,{BASE}"


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LdapWay]:
    folder = tmp_path_factory.mktemp("directory")
    trusted = authority(folder, "Probe")
    password = f"aA1-{secrets.token_urlsafe(12)}"
    realm = SambaRealm(folder / "samba", ADDRESS, trusted.issue(NAME, ADDRESS))
    realm.account("bob", f"aA1-{secrets.token_urlsafe(12)}")
    realm.account("changer", password)
    realm.account("reader", password)
    realm.admin("group", "addmembers", "Domain Admins", "changer")
    with realm:
        yield LdapWay(
            user=f"changer@{REALM.lower()}",
            secret=password,
            name=NAME,
            authorities=(trusted.root.read_text(),),
        )


async def opened(way: LdapWay, talk: list[Exchange]) -> DirectorySession:
    leave, end = leave_for("dc2", ADDRESS, ldap=636), time.monotonic() + 30
    while True:
        try:
            return await asyncio.to_thread(open_directory, leave, "dc2", way, talk.append)
        except Unanswered:
            if time.monotonic() > end:
                raise
            await asyncio.sleep(0.5)


async def has(session: DirectorySession, *names: str) -> dict[str, tuple[bytes, ...]]:
    found = await asyncio.to_thread(session.ask_entry, ENTRY, names)
    assert found is not None
    return {name: found.attributes.get(name.lower(), ()) for name in names}


async def test_attributes_are_set_and_taken_back(way: LdapWay) -> None:
    talk: list[Exchange] = []
    session = await opened(way, talk)
    before = await has(session, "description", "info")
    assert before == {"description": (), "info": ()}
    deed = session.change(ENTRY, (("description", ("Größe (1)",)), ("info", ("a",))))
    assert deed.how == "done", deed
    assert await has(session, "description", "info") == {
        "description": ("Größe (1)".encode(),),
        "info": (b"a",),
    }
    assert session.change(ENTRY, (("description", ()), ("info", ()))).how == "done"
    assert await has(session, "description", "info") == before
    assert [one.question[0] for one in talk].count("modify") == 2
    session.close()


async def test_all_attributes_or_none(way: LdapWay) -> None:
    session = await opened(way, [])
    deed = session.change(ENTRY, (("description", ("neu",)), ("noSuchAttribute", ("x",))))
    assert deed.how == "failed"
    assert "the directory says" in deed.detail
    assert await has(session, "description") == {"description": ()}
    session.close()


async def test_who_only_reads_is_refused(way: LdapWay) -> None:
    reader = LdapWay(
        user=f"reader@{REALM.lower()}", secret=way.secret, name=NAME, authorities=way.authorities
    )
    session = await opened(reader, [])
    deed = session.change(ENTRY, (("description", ("neu",)),))
    assert deed.how == "failed"
    assert "insufficientAccessRights" in deed.detail
    session.close()
