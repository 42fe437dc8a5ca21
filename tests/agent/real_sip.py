"""A real Kamailio, with an account of its own, and a real SIPp behind it that answers and sends every sound back."""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.start import SipWay
from tests.tls import Authority, authority

__all__ = ["DOMAIN", "HOME", "NAME", "RealSip", "serving_sip"]

HOME, NAME, DOMAIN = "127.9.3.1", "pbx.musterbau.test", "musterbau.test"
_USER = "test"
_CONFIG = """\
#!KAMAILIO
debug=2
log_stderror=yes
children=2
tcp_children=2
enable_tls={enable_tls}
listen=udp:{home}:{port}
listen=tcp:{home}:{port}
{listen_tls}
alias="{domain}"
server_signature=yes
mpath="/usr/lib/{machine}/kamailio/modules/"
loadmodule "kex.so"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
{load_tls}
modparam("auth", "algorithm", "{algorithm}")
modparam("auth", "qop", "auth")
modparam("auth", "nonce_expire", {nonce_expire})
modparam("registrar", "min_expires", {min_expires})
modparam("registrar", "max_contacts", 5)
modparam("usrloc", "db_mode", 0)
modparam("rr", "enable_full_lr", 1)
request_route {{
    if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    if (is_method("OPTIONS") && uri==myself && $rU==$null) {{ sl_send_reply("200", "OK"); exit; }}
    if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
    if (has_totag()) {{
        if (loose_route()) {{ t_relay(); exit; }}
        if (is_method("ACK")) {{ if (t_check_trans()) t_relay(); exit; }}
        sl_send_reply("404", "Not here"); exit;
    }}
    if (is_method("REGISTER")) {{
        if ($tU == "banned") {{ sl_send_reply("403", "Forbidden"); exit; }}
        if (!pv_www_authenticate("$td", "{password}", "0")) {{ auth_challenge("$td", "1"); exit; }}
        if ($au != "{user}" || $tU != "{user}") {{ sl_send_reply("404", "Not Found"); exit; }}
        save("location"); exit;
    }}
    if (is_method("INVITE")) {{
        if (!pv_proxy_authenticate("$fd", "{password}", "0")) {{ proxy_challenge("$fd", "1"); exit; }}
        consume_credentials();
        record_route();
        if ($rU == "600") {{ $du = "sip:{home}:{echo}"; t_relay(); exit; }}
        if ($rU == "601") {{ sl_send_reply("486", "Busy Here"); exit; }}
        if ($rU == "602") {{
            append_to_reply("Reason: Q.850;cause=1;text=\\"Unallocated number\\"\\r\\n");
            sl_send_reply("404", "Not Found"); exit;
        }}
        if ($rU == "603") {{ sl_send_reply("302", "Moved Temporarily"); exit; }}
    }}
    sl_send_reply("404", "Not Found");
}}
"""
# Answers after a moment of ringing; the sound goes to SIPp's own echo, or to an address that nobody permitted.
_ECHO = """\
<?xml version="1.0" encoding="ISO-8859-1"?>
<scenario name="echo">
<recv request="INVITE" rrs="true"/>
<send><![CDATA[
SIP/2.0 180 Ringing
[last_Via:]
[last_From:]
[last_To:];tag=[pid]echo[call_number]
[last_Call-ID:]
[last_CSeq:]
[last_Record-Route:]
Contact: <sip:[local_ip]:[local_port]>
Content-Length: 0

]]></send>
<pause milliseconds="200"/>
<send retrans="500"><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[pid]echo[call_number]
[last_Call-ID:]
[last_CSeq:]
[last_Record-Route:]
Contact: <sip:[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 {sound}
s=-
c=IN IP4 {sound}
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
]]></send>
<recv request="ACK"/>
<recv request="BYE"/>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
"""


@dataclass(slots=True, kw_only=True)
class RealSip:
    """A running Kamailio. port: of UDP and TCP; tls: of TLS, 0 for none; media: where SIPp takes sound."""

    home: str
    port: int
    tls: int
    echo: int
    media: int
    password: str
    folder: Path
    authority: Authority | None

    def way(self, transport: str = "udp", *, user: str = _USER, secret: str = "") -> SipWay:
        root = self.authority.root.read_text() if self.authority and transport == "tls" else ""
        return SipWay(
            domain=DOMAIN,
            transport=transport,  # type: ignore[arg-type] # one of the three.
            user=user,
            secret=secret or self.password,
            name=NAME,
            authorities=(root,) if root else (),
            numbers=("600", "601", "602", "603", "999"),
        )

    def bindings(self) -> str:
        """What the registrar knows (`kamcmd ul.dump`)."""
        done = subprocess.run(
            ["kamcmd", "-s", f"unix:{self.folder / 'ctl'}", "ul.dump"],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout


def free_ports(home: str, count: int, *, step: int = 2) -> list[int]:
    """Even ports that nothing has, for UDP and TCP."""
    found: list[int] = []
    while len(found) < count:
        port = 20_000 + secrets.randbelow(10_000) * step
        try:
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                with socket.socket(socket.AF_INET, kind) as line:
                    line.bind((home, port))
        except OSError:
            continue
        if port not in found:
            found.append(port)
    return found


@contextmanager
def serving_sip(
    folder: Path,
    *,
    home: str = HOME,
    algorithm: str = "SHA-256",
    min_expires: int = 30,
    nonce_expire: int = 300,
    with_tls: bool = False,
    sound: str = "",
) -> Iterator[RealSip]:
    """Kamailio and SIPp on ports of their own. sound: the address that the echo names in its SDP; its own when empty."""
    folder.mkdir(mode=0o700, exist_ok=True)
    port, tls, echo, media = free_ports(home, 4)
    made = RealSip(
        home=home,
        port=port,
        tls=tls if with_tls else 0,
        echo=echo,
        media=media,
        password=secrets.token_urlsafe(12),
        folder=folder,
        authority=authority(folder, "Telephony") if with_tls else None,
    )
    config = folder / "kamailio.cfg"
    config.touch(mode=0o600)
    config.write_text(_configured(made, algorithm, min_expires, nonce_expire))
    (folder / "echo.xml").write_text(_ECHO.replace("{sound}", sound or home))
    log = (folder / "log").open("wb")
    started = [
        subprocess.Popen(words, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        for words in (_kamailio(folder, config), _sipp(made))
    ]
    try:
        _wait(made, started)
        yield made
    finally:
        for process in started:
            process.terminate()
        for process in started:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
        log.close()


def _configured(made: RealSip, algorithm: str, min_expires: int, nonce_expire: int) -> str:
    load_tls = listen_tls = ""
    if made.authority is not None:
        identity = made.authority.issue(NAME, made.home)
        listen_tls = f"listen=tls:{made.home}:{made.tls}"
        load_tls = (
            'loadmodule "tls.so"\n'
            f'modparam("tls", "private_key", "{identity.key}")\n'
            f'modparam("tls", "certificate", "{identity.certificate}")\n'
            'modparam("tls", "tls_method", "TLSv1.2+")'
        )
    return _CONFIG.format(
        enable_tls="yes" if made.authority else "no",
        home=made.home,
        port=made.port,
        listen_tls=listen_tls,
        domain=DOMAIN,
        machine=_machine(),
        load_tls=f'loadmodule "ctl.so"\nmodparam("ctl", "binrpc", "unix:{made.folder / "ctl"}")\n{load_tls}',
        algorithm="" if algorithm == "MD5" else algorithm,
        nonce_expire=nonce_expire,
        min_expires=min_expires,
        password=made.password,
        user=_USER,
        echo=made.echo,
    )


def _machine() -> str:
    (found,) = {path.parent.parent.name for path in Path("/usr/lib").glob("*/kamailio/modules")}
    return found


def _kamailio(folder: Path, config: Path) -> list[str]:
    return ["kamailio", "-f", str(config), "-DD", "-E", "-Y", str(folder), "-m", "32", "-M", "4"]


def _sipp(made: RealSip) -> list[str]:
    words = ["sipp", "-sf", str(made.folder / "echo.xml"), "-i", made.home, "-p", str(made.echo)]
    # Without a terminal SIPp wants to be told so; it ends when its standard input does otherwise.
    return [*words, "-mi", made.home, "-mp", str(made.media), "-rtp_echo", "-nostdin", "-trace_err"]


def _wait(made: RealSip, started: list[subprocess.Popen[bytes]]) -> None:
    """Until both listen."""
    if shutil.which("kamailio") is None or shutil.which("sipp") is None:
        raise RuntimeError("kamailio and sip-tester are not installed: './run setup lab'")
    wanted = [(socket.SOCK_DGRAM, made.port), (socket.SOCK_STREAM, made.port), (socket.SOCK_DGRAM, made.echo)]
    wanted += [(socket.SOCK_STREAM, made.tls)] if made.tls else []
    end = time.monotonic() + 20
    while time.monotonic() < end and all(process.poll() is None for process in started):
        if all(_is_taken(made.home, kind, port) for kind, port in wanted):
            return
        time.sleep(0.05)
    raise RuntimeError(f"no telephony: {(made.folder / 'log').read_text('utf-8', 'replace')[-3000:]}")


def _is_taken(home: str, kind: socket.SocketKind, port: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as line:
        try:
            line.bind((home, port))
        except OSError:
            return True
    return False
