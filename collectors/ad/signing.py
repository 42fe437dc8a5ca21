"""What does a controller demand of who logs in by LDAP? Where it differs, a program works with one and not with another.

Samba: smb.conf(5), `ldap server require strong auth`. Windows: see `windows_signing`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from collectors import Finding, Kind, Shell, Unanswered, collector, note, survey, warn
from collectors.ad.windows_signing import Signing, windows_signing

__all__ = ["signing", "signing_alike"]

DIFFERS = warn(
    "ad.ldap-demands-differ",
    "controllers demand different things of LDAP log-ons ({servers}): a program works with one and not with another",
    "Controller verlangen Verschiedenes bei LDAP-Anmeldungen ({servers}): ein Programm geht bei einem, beim anderen nicht",
    do=(
        "Demand the same everywhere: signing (or TLS) for all, once no client is left that cannot.",
        "Überall dasselbe verlangen: Signatur (oder TLS) für alle, sobald kein Client mehr ohne auskommt.",
    ),
)
CLEAR_TEXT = note(
    "ad.ldap-clear-text",
    "LDAP log-ons without signature or TLS are taken by {servers}: passwords may go over the network in clear text",
    "{servers} nehmen LDAP-Anmeldungen ohne Signatur oder TLS: Kennwörter können im Klartext durchs Netz gehen",
)
TURNED_AWAY = warn(
    "ad.ldap-turned-away",
    "{server} turned away LDAP log-ons within a day, as they lack signature or channel binding: {clients}",
    "{server} wies binnen eines Tages LDAP-Anmeldungen ohne Signatur oder Kanalbindung ab: {clients}",
    do=(
        "Let these programs use LDAPS or StartTLS (port 636 or 389), with a current library.",
        "Diese Programme auf LDAPS oder StartTLS (Port 636 oder 389) umstellen, mit aktueller Bibliothek.",
    ),
)
UNSIGNED = note(
    "ad.ldap-unsigned",
    "{server} took LDAP log-ons without signature within a day: {clients}; they fail once signing is demanded",
    "{server} nahm binnen eines Tages LDAP-Anmeldungen ohne Signatur an: {clients}; sie scheitern, sobald sie Pflicht ist",
)

_PARAMETER = "ldap server require strong auth"
_KNOWN = ("no", "yes", "allow_sasl_over_tls", "allow_sasl_without_tls_channel_bindings")
_FEW = 5


def judge(_seen: Signing) -> Iterator[Finding]:
    """What one controller demands is judged beside the others."""
    yield from ()


@collector(
    "ad.signing",
    asks=("What does Samba demand of LDAP log-ons?", "Was verlangt Samba bei LDAP-Anmeldungen?"),
    judge=judge,
    platform="linux",
    role="domain-controller",
)
async def signing(host: Shell) -> Signing:
    """Let Samba's own reader say what its configuration means, with includes and defaults."""
    ran = await host.run("testparm", "-s", f"--parameter-name={_PARAMETER}")
    said = ran.stdout.strip().lower()
    if ran.code or said not in _KNOWN:
        raise Unanswered(Kind.UNPARSABLE, f"testparm says of '{_PARAMETER}': {(said or ran.stderr)[:200]}")
    return Signing(demands=said, takes_clear_text=said == "no", turned_away=(), unsigned=())


@survey("ad.signing-alike", over=(signing, windows_signing))
def signing_alike(on_samba: Mapping[str, Signing], on_windows: Mapping[str, Signing]) -> Iterator[Finding]:
    """Samba and Windows say it in other words: between them only clear text is compared."""
    seen = {**on_samba, **on_windows}
    alike = all(len({one.demands for one in part.values()}) < 2 for part in (on_samba, on_windows))
    if not alike or len({one.takes_clear_text for one in seen.values()} - {None}) > 1:
        yield DIFFERS(servers="; ".join(f"{server}: {one.demands}" for server, one in sorted(seen.items())))
    clear = [server for server, one in sorted(seen.items()) if one.takes_clear_text]
    if clear:
        yield CLEAR_TEXT(servers=", ".join(clear))
    for server, one in sorted(seen.items()):
        if one.turned_away:
            yield TURNED_AWAY(host=server, server=server, clients=_listed(one.turned_away))
        if one.unsigned:
            yield UNSIGNED(host=server, server=server, clients=_listed(one.unsigned))


def _listed(clients: tuple[str, ...]) -> str:
    return ", ".join(clients[:_FEW]) + (f", … ({len(clients)})" if len(clients) > _FEW else "")
