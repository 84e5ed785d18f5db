"""`hpbridge pruners`: what ends trials early that look bad."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpbridge.cli.arguments import JsonOption
from hpbridge.cli.options import options_of, words_of

if TYPE_CHECKING:
    from hpbridge.contract.pruning import PrunerSpec

PrunerArg = Annotated[
    str | None, typer.Argument(metavar="[PRUNER]", help="One of them, with options.")
]


def pruners(pruner: PrunerArg = None, json: JsonOption = False) -> None:
    """List what ends trials early, with options and sources."""
    from hpbridge.cli.output import print_json, screen, table
    from hpbridge.contract.registry import registry

    found = list(registry().pruners.values())
    if pruner is not None:
        found = [registry().pruner(pruner)]
    if json:
        print_json([_described(each) for each in found])
        return
    rows = [
        [each.name, each.summary, words_of(each.options), each.source] for each in found
    ]
    columns = ["pruner", "what it ends", "options", "source"]
    screen().print(table("Pruners", columns, rows))
    screen().print(
        "hpbridge run FILE --pruner NAME --pruner-option KEY=VALUE; an objective "
        "reports with trial.report(value, step)"
    )


def _described(spec: PrunerSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "summary": spec.summary,
        "options": options_of(spec.options),
        "source": spec.source,
        "missing": _missing(spec),
    }


def _missing(spec: PrunerSpec) -> list[str]:
    from hpbridge.contract.registry import registry

    return registry().lacking(spec.requires)
