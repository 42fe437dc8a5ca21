"""How does a log-in by Kerberos get its ticket? From the KDCs that the grant opens, each packet on a line of ours.

What is said with a KDC is not kept: whoever has it can try passwords on it, for ever and unseen.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Sequence

from agent.sessions.kerberos_faults import Step, kerberos_fault
from agent.sessions.krb5 import ElsewhereError, Krb5, Krb5Error, LackingError, Packets
from agent.sessions.reach import reached
from agent.sessions.spnego import Reply, TokenError, asked, checksum, reply_of
from agent.start import WinrmWay
from collectors.silence import Kind, Phase, Unanswered
from inventory.grant import Door, GrantRefusedError, Leave, NotGranted
from inventory.kdcs import WAY

__all__ = ["Proof", "Tickets"]

# Seconds for a KDC to be reached, and to answer one packet.
_CONNECT, _ANSWER = 2.0, 3.0
_MOST = 65_536
# The service of WS-Management, which Windows hosts have by the name of their own account (MS-WSMV 3.1.4.1).
_SERVICE = "HTTP"


class Tickets:
    """The tickets of one log-in: fetched once, when they are first needed, and forgotten at the end."""

    def __init__(self, leave: Leave, way: WinrmWay, host: str) -> None:
        """Raises GrantRefusedError when the grant opens no KDC's door."""
        kerberos = way.kerberos
        kdcs = kerberos.kdcs if kerberos is not None else ()
        self._kdcs = tuple((name, door) for name in kdcs for door in leave.doors(name, WAY))
        if kerberos is None or not self._kdcs:
            raise GrantRefusedError(
                NotGranted.NOT_NAMED, f"the grant opens no KDC's door for the log-in to {host!r}"
            )
        self._realm, self._way = kerberos.realm, way
        self._user = way.user.rpartition("@")[0]
        self._krb5: Krb5 | None = None
        self.service = f"{_SERVICE}/{way.name}"

    def prove(self, binding: bytes, seconds: float) -> Proof:
        """A proof for the host, bound to the channel; a fresh one each time. Raises Unanswered; PermissionError, the wall's."""
        if self._krb5 is None:
            self._krb5 = self._fetched(time.monotonic() + seconds)
        return Proof(self._krb5, self.service, self._way.name, checksum(binding))

    def close(self) -> None:
        """Forget every key."""
        if self._krb5 is not None:
            self._krb5.close()
            self._krb5 = None

    def _fetched(self, end: float) -> Krb5:
        try:
            krb5 = Krb5(self._realm)
        except LackingError as error:
            # As with a credential of ours that cannot be used: nobody was asked anything.
            raise Unanswered(Kind.CREDENTIALS_REJECTED, str(error), phase=Phase.CONNECT) from None
        step = Step.ACCOUNT
        line = _Lines(self._kdcs, end)
        try:
            line.carry(krb5.log_in(self._user, self._way.secret))
            step = Step.SERVICE
            line.carry(krb5.fetch(self._user, _SERVICE, self._way.name))
        except BaseException as error:
            ahead = krb5.offset
            krb5.close()
            match error:
                case Krb5Error(number=number):
                    raise kerberos_fault(
                        number, step, service=self.service, who=f"KDC {line.name}", ahead=ahead
                    ) from None
                case ElsewhereError():
                    detail = f"the KDC {line.name} sends us to another realm ({error}), and nobody follows"
                    raise Unanswered(Kind.NOT_THERE, detail, phase=Phase.GREET) from None
                case _:
                    raise
        return krb5


class Proof:
    """An AP-REQ, and what its answer must be."""

    def __init__(self, krb5: Krb5, service: str, host: str, said: bytes) -> None:
        self._krb5, self._service, self._host = krb5, service, host
        self._talk, self._request = krb5.request(said)

    def token(self, *, is_wrapped: bool) -> bytes:
        """See `spnego.asked`."""
        return asked(self._request, is_wrapped=is_wrapped)

    def judge(self, token: bytes, *, is_let_in: bool) -> None:
        """Hear the host's answer, its token or nothing: returns only where it let us in and proved who it is. Raises Unanswered."""
        try:
            self._heard(token, is_let_in=is_let_in)
        except (TokenError, Krb5Error) as error:
            detail = f"what answers does not prove that it could read the ticket for {self._service}: {error}"
            raise Unanswered(Kind.TICKET_REJECTED, detail, phase=Phase.LOGIN) from None
        finally:
            self._krb5.forget(self._talk)

    def _heard(self, token: bytes, *, is_let_in: bool) -> None:
        reply = reply_of(token) if token else Reply()
        if reply.error:
            raise self._fault(self._krb5.error_of(reply.error))
        if reply.is_rejected or not is_let_in:
            raise self._fault(0)
        if not reply.proof:
            raise TokenError("it sends no proof")
        self._krb5.verify(self._talk, reply.proof)

    def _fault(self, number: int) -> Unanswered:
        return kerberos_fault(
            number, Step.HOST, service=self._service, who=f"host {self._host}", ahead=self._krb5.offset
        )


class _Lines:
    """To the KDCs, one connection a packet; the first that answers is asked from then on."""

    def __init__(self, kdcs: Sequence[tuple[str, Door]], end: float) -> None:
        self._kdcs, self._end = list(kdcs), end
        self.name = kdcs[0][0]

    def carry(self, packets: Packets) -> None:
        """Raises Unanswered when no KDC answers, and what the packets' maker raises."""
        with contextlib.closing(packets), contextlib.suppress(StopIteration):
            packet = next(packets)
            while True:
                packet = packets.send(self._asked(packet))

    def _asked(self, packet: bytes) -> bytes:
        missed: list[str] = []
        for name, door in tuple(self._kdcs):
            try:
                answer = self._answer(door, packet)
            except Unanswered as reason:
                missed.append(f"{name}: {reason.detail}")
                continue
            self._kdcs, self.name = [(name, door)], name
            return answer
        # It says nothing of the host: that one was not logged in to, because no other gave a ticket.
        raise Unanswered(Kind.UNREACHABLE, f"no KDC answers ({'; '.join(missed)})", phase=Phase.LOGIN)

    def _answer(self, door: Door, packet: bytes) -> bytes:
        """RFC 4120, section 7.2.2."""
        where = f"{door.address} port {door.port}"
        line = reached(door, max(0.01, min(_CONNECT, self._end - time.monotonic())))
        end = min(self._end, time.monotonic() + _ANSWER)
        try:
            with line:
                line.settimeout(_left(end))
                line.sendall(struct.pack("!I", len(packet)) + packet)
                (size,) = struct.unpack("!I", _exactly(line, 4, end))
                if not 0 < size <= _MOST:
                    raise Unanswered(Kind.UNPARSABLE, f"what answers at {where} is no KDC")
                return _exactly(line, size, end)
        except PermissionError:
            raise
        except TimeoutError:
            raise Unanswered(Kind.TIMED_OUT, f"{where} takes the question and says nothing") from None
        except OSError as error:
            raise Unanswered(Kind.CUT_OFF, f"{where} ends the connection ({error.strerror})") from None


def _left(end: float) -> float:
    """Seconds, or TimeoutError."""
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _exactly(line: socket.socket, size: int, end: float) -> bytes:
    got = bytearray()
    while len(got) < size:
        line.settimeout(_left(end))
        piece = line.recv(size - len(got))
        if not piece:
            raise Unanswered(Kind.CUT_OFF, f"the connection ends after {len(got)} of {size} bytes")
        got += piece
    return bytes(got)
