"""What was found? Lists runs, writes their reports and bundles, checks a bundle and judges it again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.choice import LANGUAGES, must_be_known
from controller.cli.show import print_error, print_json, print_line, print_table
from controller.office import Office, open_office
from inventory.contract import Contract

if TYPE_CHECKING:
    from collectors import Finding

__all__ = ["app", "judge"]

app = typer.Typer(
    help="Reports: list runs, write reports and bundles, verify a bundle.", no_args_is_help=True
)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_(
    *,
    customer: Annotated[str, typer.Option(help="Only this customer's.")] = "",
    ticket: Annotated[str, typer.Option(help="Only this ticket's.")] = "",
    json: Json = False,
) -> None:
    """List the newest runs."""
    from controller.store.runs import runs  # noqa: PLC0415 - only where it is used: start-up counts.

    found = runs(open_office(print_error).tidy().store, customer=customer, ticket=ticket)
    heads = ("run", "ticket", "customer", "state", "numbers", "evidence")
    rows = [
        (
            r.id,
            r.ticket,
            r.customer,
            r.state.value,
            " ".join(f"{n} {word}" for word, n in r.summary.items()),
            f"deleted {r.expired:%Y-%m-%d}" if r.expired else "kept",
        )
        for r in found
    ]
    if json:
        print_json([dict(zip(heads, row, strict=True)) for row in rows])
    else:
        print_table(heads, rows)


@app.command()
def write(
    run: str,
    *,
    to: Annotated[Path, typer.Option(help="The folder to write into.")] = Path("report"),
    language: Annotated[str, typer.Option(help="de or en; the contract's when not given.")] = "",
    customer_copy: Annotated[bool, typer.Option("--customer", help="As the customer may see it.")] = False,
    pdf: Annotated[bool, typer.Option("--pdf", help="On paper as well.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Findings and coverage as tables as well.")] = False,
    json: Json = False,
) -> None:
    """Write the report of a run as web page and JSON, and on paper when asked."""
    from controller.publish import write_report  # noqa: PLC0415 - see above.
    from controller.reports.redact import Audience  # noqa: PLC0415
    from controller.run import report_of  # noqa: PLC0415

    must_be_known("language", [language] if language else [], LANGUAGES)
    office = open_office(print_error).tidy()
    contract = _contract(office, run)
    report = report_of(office.store, run, contract)
    audience = Audience.CUSTOMER if customer_copy else Audience.ENGINEER
    written = write_report(
        office.store,
        report,
        contract.data.redact,
        language or contract.language,
        to,
        audience,
        pdf=pdf,
        tables=csv,
    )
    if json:
        paper = {"paper": str(written.paper)} if written.paper else {}
        print_json(
            {
                "page": str(written.page),
                "data": str(written.data),
                "note": written.note,
                "tables": list(map(str, written.tables)),
                **paper,
            }
        )
    else:
        print_line(f"report  {written.page}")
        print_line(f"data    {written.data}")
        if written.paper:
            print_line(f"paper   {written.paper}")
        for made in written.tables:
            print_line(f"table   {made}")


@app.command()
def bundle(
    run: str,
    *,
    for_: Annotated[
        str, typer.Option("--for", help="Who will read it: engineer, customer or vendor.")
    ] = "engineer",
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path("bundle.zip"),
    host: Annotated[
        list[str] | None,
        typer.Option(help="Whose answers a vendor gets; those with findings when not given."),
    ] = None,
    language: Annotated[str, typer.Option(help="de or en; the contract's when not given.")] = "",
    json: Json = False,
) -> None:
    """Write a run into one signed file: report, answers, what was done; redacted for its reader, provable offline."""
    from controller.bundle.make import make_bundle  # noqa: PLC0415 - see above.
    from controller.reports.redact import Audience  # noqa: PLC0415
    from controller.settings import signing_key  # noqa: PLC0415

    must_be_known("language", [language] if language else [], LANGUAGES)
    must_be_known("for", [for_], [Audience.ENGINEER, Audience.CUSTOMER, Audience.VENDOR])
    office = open_office(print_error).tidy()
    key, now = signing_key(office.settings.home), datetime.now(UTC)
    made = make_bundle(
        office.store,
        run,
        Audience(for_),
        output,
        key=key,
        who=office.person,
        now=now,
        language=language,
        hosts=tuple(host or ()),
    )
    if json:
        print_json({"file": str(made)})
    else:
        print_line(str(made))


@app.command()
def verify(
    bundle: Path,
    *,
    key: Annotated[Path | None, typer.Option(help="The controller's public key, from elsewhere.")] = None,
    json: Json = False,
) -> None:
    """Check a bundle, offline. Exit status: 0 it holds and the key is known, 3 it holds, but whose key it is is not known, 2 it does not hold."""
    from controller.bundle.check import check_bundle  # noqa: PLC0415 - see above.
    from controller.cli.keys import public_keys  # noqa: PLC0415

    said = check_bundle(bundle, public_keys(key) if key else ())
    if json:
        print_json(
            {
                "run": said.run,
                "customer": said.customer,
                "audience": said.audience,
                "signed_at": said.signed_at.isoformat(),
                "key": said.key.kid,
                "signer_known": said.known,
                "ledger_entry": said.ledger_entry,
                "checks": dict(said.checks),
                "not_provable": dict(said.unproven),
            }
        )
    else:
        print_line(f"run {said.run}, for the {said.audience}")
        for check, detail in said.checks:
            print_line(f"  holds       {check}: {detail}")
        for unproven, detail in said.unproven:
            print_line(f"  not proven  {unproven}: {detail}")
        print_line(f"the ledger said so in the entry {said.ledger_entry}")
    raise typer.Exit(0 if said.known else 3)


@app.command()
def expire(*, json: Json = False) -> None:
    """Delete evidence and reports that are older than the contracts' keep_days. A run's end does so, too."""
    from dataclasses import asdict  # noqa: PLC0415 - see above.

    from controller.expire import expire as expire_now  # noqa: PLC0415

    office = open_office(print_error).tidy()
    gone = expire_now(office.store, datetime.now(UTC), office.who)
    if json:
        print_json([asdict(one) for one in gone])
        return
    for one in gone:
        print_line(
            f"run {one.run} of {one.customer}: {one.exchanges} exchanges deleted, after {one.keep_days} days"
        )
    if not gone:
        print_line("nothing is older than the contracts let it be")


def judge(bundle: Path, *, json: Json = False) -> None:
    """Judge a bundle of evidence again, offline. Exit status: 0 no fault, 1 faults, 2 not a bundle."""
    from collectors import Severity  # noqa: PLC0415 - see above.
    from controller.bundle.read import read_bundle  # noqa: PLC0415
    from controller.judge import judge as judge_again  # noqa: PLC0415
    from controller.progress import shown  # noqa: PLC0415

    evidence = read_bundle(bundle)
    if evidence.keep_until < datetime.now(UTC):
        print_error(
            f"the contract let this evidence be kept until {evidence.keep_until:%Y-%m-%d}: delete {bundle}"
        )
    said = judge_again(evidence)
    if json:
        print_json(
            {
                "same": said.same,
                "redacted": said.redacted,
                "causes": [
                    {"tag": c.finding.tag.name, "host": c.finding.host, "sure": c.sure} for c in said.causes
                ],
                "findings": [_shown(f) for f in said.findings],
                "new": [_shown(f) for f in said.new],
                "gone": [_shown(f) for f in said.gone],
                "lost": [{"job": one.job.id, "why": shown(one.outcome)[1]} for one in said.lost],
            }
        )
    else:
        for cause in said.causes:
            print_line(_told(cause.finding))
            for finding in cause.explains:
                print_line(f"    explains {_told(finding)}")
        print_line(
            "the same findings as in the run" if said.same else "the findings differ from those of the run:"
        )
        if said.redacted:
            print_line(
                f"  {said.redacted} results rest on answers out of which secrets were taken: they may be judged otherwise"
            )
        for sign, findings in (("+", said.new), ("-", said.gone)):
            for finding in findings:
                print_line(f"  {sign} {_told(finding)}")
        for one in said.lost:
            print_line(f"  ? {one.job.id} cannot be judged again: {shown(one.outcome)[1]}")
    raise typer.Exit(1 if any(f.severity > Severity.NOTE for f in said.findings) else 0)


def _told(finding: Finding) -> str:
    """A finding on one line, without secrets: those are for nobody."""
    from controller.reports.withhold import remove_secrets  # noqa: PLC0415 - see above.

    said = remove_secrets(finding.text("en"), lambda _: None)
    return f"{finding.host or '-'}: {said} [{finding.tag.name}]"


def _shown(finding: Finding) -> dict[str, object]:
    from agent.codec import finding_json  # noqa: PLC0415 - see above.

    return {**finding_json(finding), "severity": finding.severity.name.lower()}


def _contract(office: Office, run_id: str) -> Contract:
    """The contract under which a run was made."""
    from controller.store.runs import get_run  # noqa: PLC0415 - see above.

    return office.contract_with(get_run(office.store, run_id).contract)
