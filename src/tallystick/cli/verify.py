"""`tallystick verify`: whether the books keep their promises."""

import typer

from tallystick.cli.options import AsJson, examples
from tallystick.cli.output import JsonArray, flush, say, write_json, write_line
from tallystick.cli.runtime import run_in_context
from tallystick.services.context import Context
from tallystick.services.verify import Finding
from tallystick.services.verify import verify as verify_books

app = typer.Typer()


@app.command(
    "verify", epilog=examples("tallystick verify", "tallystick verify --json > report.json")
)
def verify(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Check every promise of the books over the whole database.

    Prints a line per check, with the first rows that break it. Ends with 1 if there are any.
    """
    findings = run_in_context(ctx, lambda context: _findings(context, as_json=as_json))
    broken = [finding for finding in findings if finding.offenders]
    if broken:
        say(f"{len(broken)} of {len(findings)} checks found rows that break them.")
        raise typer.Exit(1)
    say(f"All {len(findings)} checks hold.")


async def _findings(context: Context, *, as_json: bool) -> list[Finding]:
    """All findings, each printed as soon as it is there."""
    findings = []
    array = JsonArray()
    async for finding in verify_books(context):
        findings.append(finding)
        if as_json:
            array.add([{"check": finding.check, "offenders": finding.offenders}])
        else:
            _print(finding)
        flush()
    if as_json:
        array.end()
    return findings


def _print(finding: Finding) -> None:
    write_line(f"{'broken' if finding.offenders else 'holds'}  {finding.check}")
    for offender in finding.offenders:
        write_json(offender)
