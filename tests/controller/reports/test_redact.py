"""Does anything leave that must stay? Accounts, addresses, names and secrets, in any spelling."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from agent.job import Refused
from collectors import Kind, Phase
from controller.reports.html import render_html
from controller.reports.json import render_json
from controller.reports.model import Report
from controller.reports.note import render_note
from controller.reports.redact import Audience, leaks, redactor
from controller.reports.withhold import MARK, remove_secrets
from inventory.contract import Redaction
from tests.controller.reports.markup import read
from tests.controller.reports.sample import STORE, exchange, sample

ALL = Redaction(accounts=True, addresses=True, names=True, also=("Projekt Falke", "Warenkorb"))
_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\nAAAA\n-----END OPENSSH PRIVATE KEY-----"


def _saying(*texts: str) -> Report:
    items = tuple(
        exchange(f"t{n}", "web1", "run", "cat", "/x", stdout=text.encode()) for n, text in enumerate(texts)
    )
    silent = exchange(
        "s", "db1", "run", "id", unanswered=(Kind.CUT_OFF, Phase.ASK, "login of user=c.vogel broke")
    )
    return replace(
        sample(), evidence=(*sample().evidence, *items, silent), subject="Projekt Falke: web1 langsam"
    )


_TEXTS = (
    "Nov 1 web1 sshd[1]: Accepted publickey for B.Kranz from 192.0.2.77 port 22 ssh2",
    "WEB1.Musterbau.Example 2001:DB8:0:0:0:0:0:54 2001:db8::54 ::ffff:192.0.2.53 [2001:db8::54]:53 192.0.2.53/24",
    "54.2.0.192.in-addr.arpa unbekannt.musterbau.example web10 web1_alt /home/b.kranz/x db1:5432 aa:bb:cc:00:11:22",
    "projekt FALKE und Projekt Falkenstein; c.vogel, C.VOGEL; uid=1007(d.amsel)",
    "e.specht:x:1044:1044:Erna Specht,,,:/home/e.specht:/bin/bash\nroot:x:0:0:root:/root:/bin/sh",
)


@pytest.mark.parametrize("language", ["de", "en"])
def test_no_learned_word_remains_in_any_form(language: str) -> None:
    report = _saying(*_TEXTS)
    hide = redactor(report, ALL, Audience.CUSTOMER, STORE.get_bytes)
    page = render_html(report, STORE.get_bytes, language, audience=Audience.CUSTOMER, rules=ALL)
    content = render_json(report, audience=Audience.CUSTOMER, rules=ALL, blobs=STORE.get_bytes)
    note = render_note(report, language, Audience.TICKET, ALL, blobs=STORE.get_bytes)
    assert {"web1", "a.huber", "b.kranz", "c.vogel", "d.amsel", "erna specht", "projekt falke"} <= hide.words
    for output in (" ".join(read(page).texts), content, note):
        assert leaks(output, hide) == ()
        assert "Specht" not in output
        assert "huber" not in output.lower()
        assert "unbekannt" not in output
        assert "Gelb-42-Kran" not in output


def test_leaks_finds_what_was_left() -> None:
    hide = redactor(_saying(*_TEXTS), ALL, Audience.CUSTOMER, STORE.get_bytes)
    assert leaks("see WEB1, 2001:DB8::0054 and 198.51.100.7", hide) == (
        "198.51.100.7",
        "2001:DB8::0054",
        "web1",
    )


def test_the_same_thing_has_the_same_pseudonym_everywhere() -> None:
    hide = redactor(sample(), ALL, Audience.CUSTOMER, STORE.get_bytes)
    assert hide.text("web1 WEB1.musterbau.example. (192.0.2.11)") == "host-1 host-1. (address-1)"
    assert hide.text("2001:DB8:0::54") == hide.text("2001:db8::54") == "address-5"
    assert hide.text("::ffff:192.0.2.11") == "address-1"
    assert hide.text("11.2.0.192.in-addr.arpa") == "address-1.in-addr.arpa"
    assert hide.text("198.51.100.99") == hide.text("198.51.100.99") == "address-6"
    assert hide.text("x.musterbau.example") == "name-1"
    assert (
        hide.text("web10 127.0.0.1 ::1 255.255.255.0 12:30:45 1.2.3")
        == "web10 127.0.0.1 ::1 255.255.255.0 12:30:45 1.2.3"
    )


def test_what_the_contract_lets_through_stays() -> None:
    hide = redactor(sample(), Redaction(), Audience.CUSTOMER, STORE.get_bytes)
    assert re.fullmatch(r"web1 192\.0\.2\.11 account-\d root", hide.text("web1 192.0.2.11 a.huber root"))
    engineer = redactor(sample(), ALL, Audience.ENGINEER, STORE.get_bytes)
    assert engineer.text("web1 192.0.2.11 a.huber Warenkorb") == "web1 192.0.2.11 a.huber Warenkorb"


def test_what_was_withheld_is_counted() -> None:
    content = json.loads(render_json(sample(), audience=Audience.CUSTOMER, rules=ALL, blobs=STORE.get_bytes))
    assert set(content["redactions"]) >= {"host", "address", "word", "domain"}
    page = render_html(sample(), STORE.get_bytes, "en", audience=Audience.CUSTOMER, rules=ALL)
    assert "Withheld in this copy: " in page
    assert "1 secret" in page
    assert "nothing was withheld" not in page.lower()


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("password=Hunter2-x", "Hunter2-x"),
        ('{"Password": "a b\\"c d", "user": "x"}', "c d"),
        ("DB_PASSWORD='se cret'", "se cret"),
        ("passwd: tiger", "tiger"),
        ("root_password = correct horse battery", "battery"),
        ("Passwort: Käse123", "Käse123"),
        ("token abcdef0123456789", "abcdef0123456789"),
        ("api_key: 9f8e7d", "9f8e7d"),
        ("Authorization: Bearer abc.def.ghi", "abc.def.ghi"),
        ("curl -H 'Authorization: Basic dXNlcjpwYXNz'", "dXNlcjpwYXNz"),
        ('Proxy-Authorization: Digest username="x", response="6629fae"', "6629fae"),
        ("Set-Cookie: session=8d7f6e; Path=/", "8d7f6e"),
        ("anna:$6$saltsalt$kQ1/Zx.yQabcdefghijklmnop:19000:0", "saltsalt"),
        ("anna:$y$j9T$abcdefgh$0123456789abcdef:19000", "j9T"),
        ("{SSHA}abcdefghijklmnop==", "abcdefghijklmnop"),
        ("postgres://shop:p/a:s@s@db1/shop", "p/a:s"),
        (_KEY, "b3BlbnNzaC1rZXk"),
        (_KEY[:60], "b3Blbn"),
        (_KEY.replace("OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK"), "b3BlbnNzaC1rZXk"),
        ("PrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=", "yAnz5TF"),
        ("mysql --password hunter", "hunter"),
        ("machine x login anna password pa55word", "pa55word"),
        ("requirepass foobared", "foobared"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcDEF", "eyJzdWIi"),
        ('secret "K2tGd0pXZQ==";', "K2tGd0pXZQ"),
    ],
)
@pytest.mark.parametrize("audience", Audience)
def test_secrets_leave_for_nobody(text: str, secret: str, audience: Audience) -> None:
    report = _saying(f"before\n{text}\nafter the secret")
    hide = redactor(report, Redaction(), audience, STORE.get_bytes)
    cleaned = hide.text(text)
    assert secret in text
    assert secret not in cleaned
    assert MARK in cleaned
    assert hide.removed["secret"]
    for output in (render_html(report, STORE.get_bytes, "en", audience=audience), render_note(report, "en")):
        assert secret not in output


@pytest.mark.parametrize(
    "text",
    [
        "passwd:         files systemd",
        "PWD=/srv/app",
        "Failed password for invalid user x",
        "auth required pam_unix.so",
        "https://example.org/a:b",
        "the keyboard is broken",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert remove_secrets(text, lambda _: None) == text


def test_a_password_that_was_seen_once_is_removed_everywhere() -> None:
    report = _saying("password=Blau7Meer9", "then the log says Blau7Meer9 again")
    hide = redactor(report, Redaction(), Audience.ENGINEER, STORE.get_bytes)
    assert "Blau7Meer9" not in hide.text("then the log says Blau7Meer9 again")


def test_a_megabyte_of_anything_is_cleaned_in_time() -> None:
    hide = redactor(sample(), ALL, Audience.CUSTOMER)
    for text in (
        "a" * 1_000_000,
        "1." * 500_000,
        ":" * 1_000_000,
        "a@" * 300_000,
        "\\" * 1_000_000,
        "pass" * 200_000,
    ):
        assert hide.text(text)


def test_a_word_cut_in_two_does_not_slip_through() -> None:
    line = "x" * 3_990 + " a.huber " + "z " * 4_000
    report = _saying("user=a.huber", line)
    page = render_html(report, STORE.get_bytes, "en", audience=Audience.CUSTOMER)
    assert "a.hu" not in page


def test_a_cookie_of_a_browser_is_a_secret_and_one_of_dig_is_not() -> None:
    said = "; EDNS: version: 0, flags:; udp: 1232\n; COOKIE: 6f3c0a1be2d4955701000000654f2d1a8d5e3a90f2b1c4d7 (good)\n"
    assert remove_secrets(said, lambda _: None) == said
    assert remove_secrets("Cookie: 6f3c0a1be2d49557", lambda _: None) == f"Cookie: {MARK}"
    assert remove_secrets("COOKIE: session=6f3c0a1be2d49557", lambda _: None) == f"COOKIE: {MARK}"


@pytest.mark.parametrize(
    "line",
    [
        "sshd[1]: Disconnected from authenticating user anna 10.0.0.9 port 22 [preauth]",
        "sshd[1]: Connection closed by authenticating user anna 10.0.0.9 port 22",
        "sshd[1]: Connection closed by invalid user anna 10.0.0.9 port 22",
        "su[1]: (to root) anna on pts/0",
        "login[1]: LOGIN ON tty1 BY anna",
        "/var/mail/anna is full",
        "/var/spool/cron/crontabs/anna",
        "/dev/sdb1 on /run/media/anna/USB type vfat",
        'audit: pid=1 uid=0 auid=1000 AUID="anna" UID="root"',
        "pam_unix(sshd:auth): failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=10.0.0.1  user=anna",
        "uid=anna,ou=people,dc=muster,dc=de",
        "gdm: user 'anna' logged in",
        "Benutzer „anna“ wurde angemeldet",
    ],
)
def test_an_account_is_known_by_where_it_stands(line: str) -> None:
    report = _saying(line)
    hide = redactor(report, ALL, Audience.TICKET, STORE.get_bytes)
    assert "anna" not in hide.text(line)
    assert "anna" not in hide.text("then anna again")
    assert not {"uid", "rhost", "user", "root"} & hide.words, "what is beside a name is none"


def test_a_protected_word_is_known_in_every_spelling() -> None:
    rules = Redaction(also=("Projekt Falke", "Straße", "Müller-Gruppe"))
    hide = redactor(sample(), rules, Audience.TICKET, STORE.get_bytes)
    said = "projekt-falke PROJEKT_FALKE ProjektFalke projekt.falke STRASSE strasse Mueller-Gruppe mu\u0308llergruppe"
    assert re.fullmatch(r"(word-[123] ){7}word-3", hide.text(said)), hide.text(said)
    assert hide.text("Falkensee Strassen") == "Falkensee Strassen"


def test_a_protected_word_leaves_in_no_field_of_any_form() -> None:
    """Also in what the contract itself says: roles, numbers of clauses and their words, reasons, who asked."""
    word = "Falkenhorst"
    report = sample()
    (host, about), *_ = report.hosts.items()
    report = replace(
        report,
        hosts={**report.hosts, host: replace(about, roles=(word, "web"))},
        clauses={f"§{word}": f"Betrieb von {word}"},
        results=tuple(replace(one, clause=f"§{word}", job=replace(one.job)) for one in report.results),
        touched=tuple(
            replace(one, clause=f"§{word}", who=f"agent-{word}", about=f"{word} x") for one in report.touched
        ),
        asked_by=word,
        subject=word,
        customer_name=word,
        contract=word,
        ticket=word,
        stopped=word,
    )
    refused = next(one for one in report.results if isinstance(one.outcome, Refused))
    outcome = Refused(f"not for {word}", (f"§{word}",), word)
    report = replace(report, results=(*report.results, replace(refused, outcome=outcome)))
    rules = Redaction(also=(word,))
    for audience in (Audience.TICKET, Audience.CUSTOMER):
        for language in ("de", "en"):
            page = render_html(report, STORE.get_bytes, language, audience=audience, rules=rules)
            note = render_note(report, language, audience, rules, blobs=STORE.get_bytes)
            assert word.lower() not in (page + note).lower()
        data = render_json(report, audience=audience, rules=rules, blobs=STORE.get_bytes)
        assert word.lower() not in data.lower()
    assert word in render_html(report, STORE.get_bytes, "de", audience=Audience.ENGINEER, rules=rules)


def test_no_hash_tells_what_was_taken_out() -> None:
    """Whoever knows all of an answer but an address, or an account, could try them until the hash fits."""
    rules = Redaction(addresses=True)
    page = render_html(sample(), STORE.get_bytes, "en", audience=Audience.CUSTOMER, rules=rules)
    data = render_json(sample(), audience=Audience.CUSTOMER, rules=rules, blobs=STORE.get_bytes)
    parts = {digest for item in sample().evidence for digest in item.parts.values()}
    telling = {digest for digest in parts if b"192.0.2" in STORE[digest] or b"huber" in STORE[digest]}
    assert telling
    assert not [digest for digest in telling if digest in page]
    assert not [digest for digest in parts if digest in data]
    assert [digest for digest in parts - telling if digest in page], "what is shown as it was can be compared"
    assert all(digest in render_json(sample(), blobs=STORE.get_bytes) for digest in parts)
