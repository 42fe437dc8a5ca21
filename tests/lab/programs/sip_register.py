"""Registers a contact once, by digest (RFC 3261, RFC 2617): sip_register.py OWN SERVER DOMAIN NUMBER CONTACT SECONDS.

The password comes on standard input. Ends with status 0 when the registrar says 200. Standard library only.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import socket
import sys


def digest(*parts: str) -> str:
    return hashlib.md5(":".join(parts).encode()).hexdigest()  # noqa: S324 - what SIP phones use.


def main() -> int:
    own, server, domain, number, contact, seconds = sys.argv[1:]
    password = sys.stdin.read().strip()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((own, 0))
    sock.settimeout(3)
    port, call = sock.getsockname()[1], secrets.token_hex(8)
    uri, more = f"sip:{domain}", ""
    answer = ""
    for sequence in (1, 2):
        sock.sendto(
            (
                f"REGISTER {uri} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP {own}:{port};branch=z9hG4bK{secrets.token_hex(6)};rport\r\n"
                f"From: <sip:{number}@{domain}>;tag={call}\r\nTo: <sip:{number}@{domain}>\r\nCall-ID: {call}\r\n"
                f"CSeq: {sequence} REGISTER\r\nContact: <{contact}>\r\nExpires: {seconds}\r\nMax-Forwards: 70\r\n"
                f"{more}Content-Length: 0\r\n\r\n"
            ).encode(),
            (server, 5060),
        )
        answer = sock.recv(9000).decode()
        if answer.startswith("SIP/2.0 200"):
            return 0
        said = dict(re.findall(r'(realm|nonce)="([^"]*)"', answer))
        if not {"realm", "nonce"} <= said.keys():
            break
        ha1, ha2 = digest(number, said["realm"], password), digest("REGISTER", uri)
        more = (
            f'Authorization: Digest username="{number}", realm="{said["realm"]}", nonce="{said["nonce"]}", '
            f'uri="{uri}", response="{digest(ha1, said["nonce"], ha2)}", algorithm=MD5\r\n'
        )
    print(answer.partition("\r\n")[0], file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
