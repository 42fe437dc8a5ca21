"""The shop: takes orders over HTTPS, writes each to its log, and cannot go on when that fails."""

from __future__ import annotations

import http.server
import os
import socket
import ssl
import sys
import threading
import time

LOG, CERT, KEY = "/srv/webshop/orders.log", "/etc/webshop/tls/cert.pem", "/etc/webshop/tls/key.pem"
LIMIT = 1_000_000


def write_order(number: int) -> None:
    entry = f"{time.strftime('%FT%T%z')} order {number:08} {'item;' * 90}\n".encode()
    log = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        if os.fstat(log).st_size > LIMIT:
            os.ftruncate(log, 0)
        if os.write(log, entry) != len(entry):
            raise OSError(28, "the entry was written in part only")
        os.fsync(log)
    finally:
        os.close(log)


def take_orders() -> None:
    number = 0
    while True:
        number += 1
        try:
            write_order(number)
        except OSError as error:
            print(f"cannot write the order log {LOG}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
        time.sleep(0.4)


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"Musterbau Webshop\n")

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    write_order(0)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERT, KEY)
    server = http.server.ThreadingHTTPServer(("", 8443), Page)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=take_orders, daemon=True).start()
    print(f"the shop on {socket.gethostname()} is open", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    try:
        main()
    except OSError as problem:
        print(f"cannot start: {problem}", file=sys.stderr, flush=True)
        sys.exit(1)
