"""`hpbridge drivers`: where trials can run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpbridge.cli.arguments import JsonOption
from hpbridge.cli.options import options_of

if TYPE_CHECKING:
    from hpbridge.contract.execution import DriverSpec, LoopSpec

DriverArg = Annotated[
    str | None, typer.Argument(metavar="[DRIVER]", help="One of them, with options.")
]


def drivers(driver: DriverArg = None, json: JsonOption = False) -> None:
    """List where trials can run, with what each needs and an address."""
    from hpbridge.cli.output import print_json, screen, table
    from hpbridge.contract.registry import registry

    found = list(registry().drivers.values())
    if driver is not None:
        found = [registry().driver(driver)]
    if json:
        print_json([_described(each) for each in found])
        return
    rows = [[each.name, each.summary, _needs(each), each.address] for each in found]
    columns = ["driver", "where trials run", "needs", "address"]
    screen().print(table("Drivers", columns, rows))
    if driver is not None:
        options = [
            [each["name"], each["type"], "" if each["is_needed"] else each["default"]]
            for each in options_of(found[0].options)
        ]
        shown = [[str(cell) for cell in row] for row in options]
        screen().print(table("Options", ["option", "", "default"], shown))
        return
    screen().print(
        "hpbridge drivers NAME shows the options of one;\n"
        "hpbridge run FILE --driver NAME --workers N --driver-option KEY=VALUE; "
        "in Python also driver= any concurrent.futures.Executor"
    )


def _described(spec: DriverSpec | LoopSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "summary": spec.summary,
        "needs": spec.needs,
        "requires": list(spec.requires),
        "missing": _missing(spec),
        "address": spec.address,
        "options": options_of(spec.options),
    }


def _missing(spec: DriverSpec | LoopSpec) -> list[str]:
    from hpbridge.contract.registry import registry

    return registry().lacking(spec.requires)


def _needs(spec: DriverSpec | LoopSpec) -> str:
    missing = _missing(spec)
    words = [spec.needs or ", ".join(spec.requires)]
    if missing:
        words.append("not installed: " + ", ".join(missing))
    return "\n".join(word for word in words if word)
