"""Do the probes send one packet, believe only its answer, and say honestly what nothing says?

The servers here are sockets that behave as a test wants; the real ones are in the lab.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import cast

import pytest

from agent.sessions.probes import IkeSession, OpenvpnSession, PathSession
from agent.sessions.vpn_packets import ike_init, openvpn_reset
from collectors import Kind, Unanswered
from collectors.exchange import Exchange
from inventory.grant import GrantRefusedError, Leave, Target
from tests.leave import leave_for, leave_over

pytestmark = pytest.mark.slow

HOST, HERE = "gw1", "127.0.0.1"
# Says what comes back, packet by packet.
Behaviour = Callable[[bytes], tuple[bytes, ...]]


class _Server(asyncio.DatagramProtocol):
    def __init__(self, behaves: Behaviour) -> None:
        self.behaves = behaves
        self.heard: list[bytes] = []
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Of two bases, and only one of them is asked for by `isinstance`.
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.heard.append(data)
        for answer in self.behaves(data):
            if self.transport is not None:
                self.transport.sendto(answer, addr)


@contextlib.asynccontextmanager
async def server(behaves: Behaviour) -> AsyncIterator[tuple[_Server, int]]:
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Server(behaves), local_addr=(HERE, 0)
    )
    try:
        yield protocol, transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


def _leave(ports: dict[str, int]) -> Leave:
    return leave_over({HOST: Target(addresses=(HERE,), ports=ports)})


def refuses(packet: bytes) -> tuple[bytes, ...]:
    """NO_PROPOSAL_CHOSEN, as strongSwan says it to a stranger."""
    head = packet[:8] + bytes(8) + bytes([41, 0x20, 34, 0x20]) + bytes(4) + (36).to_bytes(4)
    return (head + bytes.fromhex("000000080000000e"),)


async def test_an_answer_comes_back_as_it_was_and_is_evidence() -> None:
    talk: list[Exchange] = []
    async with server(refuses) as (gateway, port):
        reply = await IkeSession(leave_for(HOST, HERE, ike=port), HOST, talk.append).begin()
    (sent,) = gateway.heard
    assert reply.content[:8] == sent[:8] == talk[0].parts["wire"][:8]
    assert reply.content.endswith(b"\x00\x0e")
    assert int.from_bytes(sent[24:28]) == len(sent)


async def test_behind_translation_the_marker_stands_before_both() -> None:
    async with server(lambda raw: tuple(bytes(4) + one for one in refuses(raw[4:]))) as (gateway, port):
        session = IkeSession(_leave({"ike": port, "ike-nat": port}), HOST, lambda _: None)
        assert session.has_nat_port
        reply = await session.begin(nat=True)
    assert gateway.heard[0][:4] == bytes(4)
    assert reply.content[:8] == gateway.heard[0][4:12]


async def test_what_answers_somebody_else_is_no_answer_and_is_kept_in_words() -> None:
    talk: list[Exchange] = []
    async with server(lambda _: (b"\xde\xad\xbe\xef" * 12,)) as (gateway, port):
        with pytest.raises(Unanswered) as caught:
            await IkeSession(leave_for(HOST, HERE, ike=port), HOST, talk.append).begin()
    assert caught.value.kind is Kind.UNPARSABLE
    assert "deadbeef" in caught.value.detail
    assert "48 bytes" in caught.value.detail
    assert len(gateway.heard) == 1
    assert talk[0].unanswered is not None


async def test_strays_do_not_hide_the_answer() -> None:
    async with server(lambda raw: (b"noise", b"", *refuses(raw))) as (_, port):
        reply = await IkeSession(leave_for(HOST, HERE, ike=port), HOST, lambda _: None).begin()
    assert reply.content[19] == 0x20


async def test_silence_is_said_after_one_packet() -> None:
    async with server(lambda _: ()) as (gateway, port):
        with pytest.raises(Unanswered) as caught:
            await IkeSession(leave_for(HOST, HERE, ike=port), HOST, lambda _: None).begin()
    assert caught.value.kind is Kind.TIMED_OUT
    assert len(gateway.heard) == 1


async def test_a_closed_port_is_told_apart_from_silence() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((HERE, 0))
        port = taken.getsockname()[1]
    with pytest.raises(Unanswered) as caught:
        await IkeSession(leave_for(HOST, HERE, ike=port), HOST, lambda _: None).begin()
    assert caught.value.kind is Kind.REFUSED


async def test_what_the_grant_does_not_name_is_not_tried() -> None:
    leave = leave_for(HOST, HERE, ike=500)
    with pytest.raises(GrantRefusedError):
        await IkeSession(leave, HOST, lambda _: None).begin(nat=True)
    with pytest.raises(GrantRefusedError):
        OpenvpnSession(leave, HOST, lambda _: None)
    with pytest.raises(GrantRefusedError):
        PathSession(leave, HOST, lambda _: None)


async def test_openvpn_is_believed_when_it_repeats_our_number() -> None:
    def answers(raw: bytes) -> tuple[bytes, ...]:
        wrong = bytes([8 << 3]) + b"server!!" + b"\x01" + bytes(4) + b"somebody" + bytes(4)
        return (wrong, bytes([8 << 3]) + b"server!!" + b"\x01" + bytes(4) + raw[1:9] + bytes(4))

    async with server(answers) as (gateway, port):
        reply = await OpenvpnSession(leave_for(HOST, HERE, openvpn=port), HOST, lambda _: None).reset()
    assert gateway.heard[0][0] == 7 << 3
    assert gateway.heard[0][1:9] in reply.content


async def test_openvpn_over_tcp_has_its_length_before_it() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw = await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
        answer = bytes([8 << 3]) + b"server!!" + b"\x01" + bytes(4) + raw[1:9] + bytes(4)
        writer.write(len(answer).to_bytes(2) + answer)
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, HERE, 0)
    port = listening.sockets[0].getsockname()[1]
    async with listening:
        leave = _leave({"openvpn": port, "openvpn-tcp": port})
        reply = await OpenvpnSession(leave, HOST, lambda _: None).reset()
    assert reply.content[0] >> 3 == 8


async def test_no_two_packets_have_the_same_numbers() -> None:
    assert len({ike_init()[1] for _ in range(50)} | {openvpn_reset()[1] for _ in range(50)}) == 100


async def test_a_host_that_says_that_nobody_listens_was_reached() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((HERE, 0))
        port = taken.getsockname()[1]
    session = PathSession(leave_for(HOST, HERE, path=port), HOST, lambda _: None)
    assert session.addresses == (HERE,)
    assert (await session.fits(HERE, 1400)).outcome == "arrived"


async def test_a_packet_that_nobody_answers_is_silent_twice() -> None:
    async with server(lambda _: ()) as (host, port):
        seen = await PathSession(leave_for(HOST, HERE, path=port), HOST, lambda _: None).fits(HERE, 600)
    assert seen.outcome == "silent"
    assert [len(raw) for raw in host.heard] == [572, 572]
