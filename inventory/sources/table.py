"""Which hosts are in this table? Reads CSV as people's programs write it, also a German Excel.

A header line in English or German, `,` `;` or a tab between the cells, UTF-8 or Windows-1252. A line that is
not wholly right is named and not taken; a cell that would be a formula is refused.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from io import StringIO

from inventory.fields import WrongError, identifier
from inventory.source import LARGEST
from inventory.sources.seen import Found, Seen, SourceError, Untaken
from inventory.sources.word import (
    account_of,
    address_of,
    environment_of,
    name_of,
    platform_of,
    port_of,
    too_many,
)

__all__ = ["from_table"]

_SEPARATORS = ",;\t"
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "kürzel", "kuerzel", "kurzname"),
    "name": ("name", "hostname", "host", "fqdn", "dnsname", "rechner", "rechnername", "servername"),
    "addresses": (
        *("address", "addresses", "ip", "ips", "ipaddress", "ipaddresses"),
        *("adresse", "adressen", "ipadresse", "ipadressen"),
    ),
    "site": ("site", "location", "standort", "ort"),
    "environment": ("environment", "umgebung"),
    "roles": ("role", "roles", "rolle", "rollen"),
    "platform": ("platform", "os", "operatingsystem", "plattform", "betriebssystem"),
    "port": ("port", "sshport"),
    "user": ("user", "sshuser", "account", "benutzer", "konto"),
}
_COLUMN_OF = {word: column for column, words in _COLUMNS.items() for word in words}
_FORMULA = tuple("=+@")


def from_table(raw: bytes) -> Found:
    """The hosts of a table. Raises SourceError when it is none, or has no names or addresses."""
    text, notes = _text_of(raw)
    first, text = _separator_line(text)
    separator = first or _separator(text)
    columns, rest = _header(text, separator)
    ignored = [word[:60] for word, column in columns if not column and word]
    if ignored:
        notes.append(f"columns that are not taken: {', '.join(ignored[:20])}")
    hosts: list[Seen] = []
    untaken: list[Untaken] = []
    whole = True
    for line, cells in _rows(rest, separator, 2 + bool(first)):
        too_many(len(hosts) + len(untaken) + 1)
        place = f"line {line}"
        row = _named(columns, cells) if isinstance(cells, list) else {}
        try:
            hosts.append(_host(place, columns, cells))
        except WrongError as wrong:
            names = tuple(word for word in (row.get("id"), row.get("name"), row.get("addresses")) if word)
            # A line that cannot be told apart from the next may have swallowed others.
            whole = whole and bool(row.get("name"))
            untaken.append(Untaken(place=place, problem=wrong.problem, instead=wrong.instead, names=names))
    return Found(hosts=tuple(hosts), untaken=tuple(untaken), notes=tuple(notes), whole=whole)


def _text_of(raw: bytes) -> tuple[str, list[str]]:
    if len(raw) > LARGEST:
        raise SourceError(f"the table is longer than {LARGEST // 1_000_000} MB: divide it")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in raw:
        raise SourceError("the table is written in UTF-16 or is no text: save it as 'CSV UTF-8'")
    try:
        return raw.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        pass
    try:
        return raw.decode("cp1252"), ["it is not UTF-8: Windows-1252 is assumed, as Excel writes it"]
    except UnicodeDecodeError as error:
        raise SourceError(
            f"byte 0x{raw[error.start]:02x} is neither UTF-8 nor Windows-1252: save it as 'CSV UTF-8'"
        ) from None


def _separator_line(text: str) -> tuple[str, str]:
    """The separator, where Excel's own first line `sep=;` says it, and the text after that line."""
    found = re.match(r"sep=([,;\t])\r?\n", text, re.IGNORECASE)
    return (found[1], text[found.end() :]) if found else ("", text)


def _separator(text: str) -> str:
    """The one that finds most known columns in the header."""
    header = text.partition("\n")[0]
    return max(_SEPARATORS, key=lambda sign: sum(_column(word) != "" for word in header.split(sign)))


def _column(word: str) -> str:
    plain = re.sub(r"[\s\"'_.-]", "", word).casefold()
    return _COLUMN_OF.get(plain, "")


def _header(text: str, separator: str) -> tuple[list[tuple[str, str]], str]:
    """Each column's heading and what it is, and the lines below."""
    header, _, rest = text.replace("\r\n", "\n").replace("\r", "\n").partition("\n")
    try:
        words = [word.strip() for word in next(csv.reader([header], delimiter=separator, strict=True), [])]
    except csv.Error:
        words = []
    columns = [(word, _column(word)) for word in words]
    known = [column for _, column in columns if column]
    for needed in ("name", "addresses"):
        if needed not in known:
            also = " or ".join(repr(word) for word in _COLUMNS[needed][:2])
            raise SourceError(f"the table's first line has no column for {needed}: call one {also}")
    twice = next((column for column in known if known.count(column) > 1), "")
    if twice:
        raise SourceError(f"the table's first line has two columns for {twice}: leave one out")
    return columns, rest


def _rows(text: str, separator: str, line: int) -> Iterator[tuple[int, list[str] | str]]:
    """The lines with something in them, with the number at which each begins; a text says what is wrong."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        begins = line + reader.line_num
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield begins, str(error)
            continue
        if any(cell.strip() for cell in cells):
            yield begins, [cell.strip() for cell in cells]


def _named(columns: list[tuple[str, str]], cells: list[str]) -> dict[str, str]:
    """The cells by what their columns are; a short line has nothing in the last ones."""
    return {column: cell for (_, column), cell in zip(columns, cells, strict=False) if column}


def _host(place: str, columns: list[tuple[str, str]], cells: list[str] | str) -> Seen:
    if isinstance(cells, str):
        raise WrongError(f"this line is not right as CSV: {cells}", "close each quotation mark")
    if len(cells) > len(columns):
        raise WrongError(
            f"it has {len(cells)} cells and the first line {len(columns)}",
            "put what has a separator in quotes",
        )
    row = _named(columns, cells)
    for column, cell in row.items():
        if cell.startswith(_FORMULA):
            raise WrongError(f"{cell[:40]!r} under {column} is a formula", "write the value itself")
    words = row["addresses"].split() if "addresses" in row else []
    if not words:
        raise WrongError("it has no address", "write it, like '10.1.2.3'")
    return Seen(
        place=place,
        id=identifier(row["id"][:300]) if row.get("id") else "",
        name=name_of(row.get("name", "")),
        addresses=tuple(dict.fromkeys(address_of(word) for word in words[:100])),
        site=row.get("site", ""),
        environment=environment_of(row.get("environment", "")),
        groups=tuple(dict.fromkeys(re.split(r"[\s,;]+", row["roles"]))) if row.get("roles") else (),
        platform=platform_of(row.get("platform", "")),
        port=port_of(row.get("port")),
        user=account_of(row.get("user", "")),
    )
