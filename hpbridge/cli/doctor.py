"""`hpbridge doctor`: really run every installed algorithm, and say how to mend it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hpbridge.cli.arguments import JsonOption


def doctor(
    backend: Annotated[
        list[str] | None,
        typer.Argument(metavar="[BACKEND...]", help="Only these; all by default."),
    ] = None,
    json: JsonOption = False,
) -> int:
    """Run three trials on every algorithm of every installed backend."""
    from hpbridge.cli.output import margin, print_json, screen, table
    from hpbridge.doctor.diagnosis import diagnose

    findings: list[Any] = []
    for finding in diagnose(backend):
        findings.append(finding)
        if not json:
            line = f"{finding.verdict:14} {finding.optimizer} {finding.seconds:.1f} s"
            margin().print(line, markup=False)
    if json:
        print_json([vars(finding) for finding in findings])
    else:
        rows = [[f.optimizer, f.verdict, f.why, f.mend] for f in findings]
        screen().print(table("", ["optimizer", "verdict", "why", "mend"], rows))
    return 1 if any(f.verdict == "broken" for f in findings) else 0
