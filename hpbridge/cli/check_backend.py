"""`hpbridge check-backend`: the conformance kit over any installed plugin."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hpbridge.cli.arguments import JsonOption


def check_backend(
    name: Annotated[str, typer.Argument(metavar="BACKEND", help="Its name.")],
    algorithm: Annotated[
        list[str] | None,
        typer.Option("--algorithm", "-a", help="Check only this one; repeatable."),
    ] = None,
    json: JsonOption = False,
) -> int:
    """Check that a backend keeps every rule of the contract."""
    from hpbridge.cli.output import margin, print_json, screen, table
    from hpbridge.contract.registry import registry
    from hpbridge.testing import check_backend as check

    spec = registry().backend(name)
    for each in algorithm or []:
        registry().algorithm(f"{name}:{each}")

    def tell(result: Any) -> None:
        if not json:
            word = (
                "skip" if result.skipped_reason else "ok" if result.passed else "FAIL"
            )
            line = f"{word:4} {name}:{result.algorithm} {result.check}"
            margin().print(line, markup=False)

    results = check(spec, algorithms=algorithm, on_result=tell)
    failed = [r for r in results if not r.passed and not r.skipped_reason]
    if json:
        print_json([vars(result) for result in results])
    else:
        rows = [[f"{name}:{r.algorithm}", r.check, r.message] for r in failed]
        if rows:
            screen().print(table("", ["optimizer", "broken rule", "why"], rows))
        n_skipped = sum(bool(r.skipped_reason) for r in results)
        n_kept = len(results) - len(failed) - n_skipped
        line = f"{n_kept} kept, {len(failed)} broken, {n_skipped} skipped"
        screen().print(line, markup=False)
    return 1 if failed else 0
