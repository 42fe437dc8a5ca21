"""What does the ticket complain of, and in which order is that asked about? One symptom, one chain of questions.

The order is that of an experienced 2nd level: first what is most often the cause, or cheapest to rule out.
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.symptom import Step, Symptom
from controller.symptoms_net import NET_SYMPTOMS
from controller.symptoms_voice import VOICE_SYMPTOMS
from controller.symptoms_voip import VOIP_SYMPTOMS
from controller.symptoms_vpn import VPN_SYMPTOMS

__all__ = ["EVERYTHING", "SYMPTOMS", "Step", "Symptom"]

# What is said instead of a symptom when all questions are wanted at once, whatever the ticket says.
EVERYTHING = "none"


_ACCOUNT = Step(
    asks=(
        "Is the account locked, disabled or expired, or its password?",
        "Ist das Konto gesperrt, deaktiviert oder abgelaufen, oder sein Kennwort?",
    ),
    questions=("ad.logon",),
    answers=("ad.account-*", "ad.password-*"),
    but=("ad.password-expires-soon", "ad.account-nearly-locked"),
)
_LOCKOUT = Step(
    asks=(
        "Is it locked, and where do the wrong passwords come in?",
        "Ist es gesperrt, und wo kommen die falschen Kennwörter an?",
    ),
    questions=("ad.lockout", "ad.logon", "ad.wrong-passwords", "ad.windows-lockout"),
    answers=("ad.account-locked", "ad.account-nearly-locked", "ad.wrong-passwords-from"),
)
_FOUND = Step(
    asks=(
        "Can a domain controller be found and asked?",
        "Ist ein Domänencontroller zu finden und zu fragen?",
    ),
    questions=("ad.ping", "ad.records", "ad.directory", "ad.samba-services", "ad.windows-services"),
    answers=(
        *("ad.record-*", "ad.ping-*", "ad.directory-*", "ad.no-*", "ad.role-not-advertised", "ad.samba-*"),
        *("ad.not-synchronised", "ad.other-domain", "ad.login-rejected", "reach.*"),
        *("ad.service-*", "ad.netlogon-paused"),
    ),
    but=("ad.no-aes-key", "ad.service-not-automatic"),
)
_CLOCK = Step(
    asks=("Do the clocks agree, as Kerberos sees them?", "Gehen die Uhren gleich, wie Kerberos sie sieht?"),
    questions=("ad.kerberos", "ad.network-time", "ad.time-source", "linux.clock"),
    answers=("ad.clock-*", "ad.kdc-*", "ad.time-*", "linux.clock-*", "linux.clocks-*", "linux.time-*"),
    but=("ad.clocks-differ-from-agent",),
)
_CHANNEL = Step(
    asks=("Does the computer's own account still fit?", "Passt das Konto des Computers selbst noch?"),
    questions=("ad.trust", "ad.windows-trust"),
    answers=(
        *("ad.trust-broken", "ad.winbind-silent", "ad.channel-broken", "ad.machine-password-rejected"),
        *("ad.not-a-member", "ad.member-elsewhere"),
    ),
)
_TRUSTS = Step(
    asks=("Do the trusts to other domains hold?", "Halten die Vertrauensstellungen zu anderen Domänen?"),
    questions=("ad.trusts",),
    answers=("ad.trust-not-everywhere", "ad.trust-disabled", "ad.trust-password-old", "ad.trust-rc4-only"),
)
_KEYS = Step(
    asks=("Are there keys that both sides can use?", "Gibt es Schlüssel, die beide Seiten nutzen können?"),
    questions=("ad.keys", "ad.principals", "ad.memberships"),
    answers=(
        *("ad.rc4-only", "ad.no-aes-key", "ad.krbtgt-old", "ad.spn-duplicate"),
        *("ad.account-token-large", "ad.account-in-too-many-groups"),
    ),
)
_SPN = Step(
    asks=(
        "Does exactly one account bear the service's name?",
        "Trägt genau ein Konto den Namen des Dienstes?",
    ),
    questions=("ad.principals",),
    answers=("ad.spn-*", "ad.controller-spn-missing"),
)
_REPLICATION = Step(
    asks=("Do the controllers replicate?", "Replizieren die Controller?"),
    questions=("ad.replication", "ad.changes"),
    answers=(
        "ad.replication-*",
        "ad.changes-*",
        "ad.inbound-disabled",
        "ad.outbound-disabled",
        "ad.usn-rollback",
    ),
)
_CLIENT_DNS = Step(
    asks=(
        "Do the clients ask the right resolver, and does it answer?",
        "Fragen die Clients den richtigen Resolver, und antwortet er?",
    ),
    questions=("linux.resolvers",),
    answers=("linux.resolver-*", "linux.name-lookup-*"),
)

# Name -> symptom. Names are part of the public interface (`--symptom`): they stay.
SYMPTOMS: Mapping[str, Symptom] = {
    "locked-again": Symptom(
        title=("An account is locked again and again", "Ein Konto wird immer wieder gesperrt"),
        steps=(_LOCKOUT, _ACCOUNT),
    ),
    "logon": Symptom(
        title=("Somebody cannot log on", "Jemand kann sich nicht anmelden"),
        steps=(_ACCOUNT, _FOUND, _CLOCK, _CHANNEL, _KEYS, _TRUSTS),
    ),
    "no-controller": Symptom(
        title=("No domain controller is found", "Es wird kein Domänencontroller gefunden"),
        steps=(_CLIENT_DNS, _FOUND, _CLOCK),
    ),
    "changes-missing": Symptom(
        title=("Changes do not arrive everywhere", "Änderungen kommen nicht überall an"),
        steps=(
            _REPLICATION,
            Step(
                asks=(
                    "Do the controllers' names lead to each other?",
                    "Führen die Namen der Controller zueinander?",
                ),
                questions=("ad.records",),
                answers=("ad.record-*",),
            ),
            _CLOCK,
            Step(
                asks=(
                    "Do all agree who holds the roles, and does the holder live?",
                    "Sind sich alle einig, wer die Rollen hält, und lebt er?",
                ),
                questions=("ad.roles", "ad.rid", "ad.topology", "ad.partitions", "ad.lifetime"),
                answers=(
                    "ad.role-*",
                    "ad.rid*",
                    "ad.controller-left-over",
                    "ad.connection-*",
                    "ad.partition-*",
                    "ad.backup-nearly-useless",
                ),
                but=("ad.role-not-advertised", "ad.connection-manual"),
            ),
        ),
    ),
    "policy": Symptom(
        title=(
            "A policy is not applied, or a drive is missing",
            "Eine Richtlinie wirkt nicht, oder ein Laufwerk fehlt",
        ),
        steps=(
            Step(
                asks=("Do the policies reach the account?", "Erreichen die Richtlinien das Konto?"),
                questions=("ad.policy-scope",),
                answers=("ad.policy-*",),
            ),
            Step(
                asks=(
                    "Do directory and files agree about every policy?",
                    "Sind sich Verzeichnis und Dateien über jede Richtlinie einig?",
                ),
                questions=("ad.gpo", "ad.sysvol", "ad.sysvol-state"),
                answers=("ad.policy-*", "ad.sysvol-*"),
            ),
            _REPLICATION,
            _FOUND,
        ),
    ),
    "clock": Symptom(
        title=("A clock is wrong", "Eine Uhr geht falsch"),
        steps=(_CLOCK,),
    ),
    "single-sign-on": Symptom(
        title=(
            "A service account or single sign-on fails",
            "Ein Dienstkonto oder die einmalige Anmeldung versagt",
        ),
        steps=(
            _SPN,
            _KEYS,
            Step(
                asks=(
                    "Do all controllers take the log-on, and does the service get its password?",
                    "Nehmen alle Controller die Anmeldung an, und bekommt der Dienst sein Kennwort?",
                ),
                questions=("ad.signing", "ad.windows-signing", "ad.service-accounts"),
                answers=("ad.ldap-*", "ad.managed-account-unreadable", "ad.root-key-not-yet"),
                but=("ad.ldap-unsigned",),
            ),
            Step(
                asks=(
                    "Is the directory's certificate valid for who asks?",
                    "Gilt das Zertifikat des Verzeichnisses für den, der fragt?",
                ),
                questions=("ad.certificate", "ad.directory"),
                answers=(
                    "ad.certificate-*",
                    "ad.directory-*",
                    "ad.no-ldap",
                    "ad.not-synchronised",
                    "ad.other-domain",
                ),
                but=("ad.certificate-expires-later",),
            ),
            _CLOCK,
        ),
    ),
    "trust": Symptom(
        title=(
            "The computer's trust relationship failed",
            "Die Vertrauensstellung des Computers ist gestört",
        ),
        steps=(_CHANNEL, _CLOCK, _REPLICATION, _TRUSTS),
    ),
    "mail": Symptom(
        title=("Mail does not arrive, or is taken for spam", "E-Mail kommt nicht an oder gilt als Spam"),
        steps=(
            Step(
                asks=(
                    "Does mail find its way, and is it believed?",
                    "Findet E-Mail ihren Weg, und glaubt man ihr?",
                ),
                questions=("dns.mail", "dns.zones", "dns.cloud"),
                answers=(
                    *("dns.mx-*", "dns.mail-*", "dns.spf-*", "dns.dmarc-*", "dns.dkim-*"),
                    *("dns.autodiscover-missing", "dns.alias-dangling"),
                ),
                but=("dns.spf-not-followed", "dns.spf-open-end", "dns.dmarc-none", "dns.dkim-short"),
            ),
            Step(
                asks=("Do the zones' servers answer?", "Antworten die Server der Zonen?"),
                questions=("dns.answers", "dns.recursion", "dns.split"),
                answers=(
                    *("dns.server-dead", "dns.address-dead", "dns.lame", "dns.recursion-*"),
                    *("dns.public-name-*", "dns.name-missing-inside"),
                ),
            ),
        ),
    ),
    "name": Symptom(
        title=("A name does not resolve", "Ein Name wird nicht aufgelöst"),
        steps=(
            _CLIENT_DNS,
            Step(
                asks=("Do the resolvers find the names?", "Finden die Resolver die Namen?"),
                questions=("dns.recursion", "dns.answers", "dns.forwarders", "dns.made-up"),
                answers=(
                    *("dns.recursion-*", "dns.server-dead", "dns.address-dead", "dns.no-*", "dns.garbled"),
                    *("dns.forwarder*", "dns.conditional-*", "dns.resolvers-differ", "dns.wildcard"),
                ),
                but=("dns.no-edns", "dns.forwarder-uncovered", "dns.forwarder-lone", "dns.forwarders-apart"),
            ),
            Step(
                asks=(
                    "Do the zones' servers hold the same, and the right?",
                    "Halten die Server der Zonen dasselbe, und das Richtige?",
                ),
                questions=("dns.zones", "dns.reverse", "dns.split", "dns.cloud", "dns.outside"),
                answers=("dns.*",),
            ),
            Step(
                asks=(
                    "Does the directory's own DNS hold its records?",
                    "Hält das DNS des Verzeichnisses seine Einträge?",
                ),
                questions=("ad.records",),
                answers=("ad.record-*",),
            ),
        ),
    ),
    **NET_SYMPTOMS,
    **VOICE_SYMPTOMS,
    **VPN_SYMPTOMS,
    **VOIP_SYMPTOMS,
}
