"""`hpbridge space`: check the file of a space, and show what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpbridge.cli.arguments import JsonOption

if TYPE_CHECKING:
    from hpbridge.space.kinds import Parameter
    from hpbridge.space.space import Space


def space(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="A .toml, .yaml or .json file, or file.py:name."
        ),
    ],
    form: Annotated[
        str | None,
        typer.Option(
            "--as", metavar="toml|yaml|json", help="Print the file in this form."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Check the file of a search space and show it; every mistake is said at once."""
    from hpbridge.cli.output import print_json
    from hpbridge.cli.streams import results
    from hpbridge.contract.references import load_object
    from hpbridge.space.files import write_space
    from hpbridge.space.space import Space

    found = Space.of(load_object(file)[0])
    if json:
        print_json(found.to_json())
    elif form is not None:
        results().write(write_space(found, form))
    else:
        _print(found, file)


def _print(space: Space, file: str) -> None:
    from hpbridge.cli.output import margin, screen, table

    out = screen()
    columns = ["parameter", "type", "values", "drawn", "active when"]
    rows = [_row(name, parameter) for name, parameter in space.items()]
    out.print(table(file, columns, rows))
    n_points = "uncounted" if space.size is None else f"{space.size:,}"
    n_searched = len(space.searched)
    out.print(f"{n_searched} searched, points: {n_points}.", markup=False)
    for clause in space.to_json().get("forbid", []):
        out.print(f"Forbidden: {_condition(clause)}.", markup=False)
    for note in space.notes:
        margin().print(f"Note: {note}", markup=False)


def _row(name: str, parameter: Parameter) -> list[object]:
    data = parameter.to_json()
    return [
        name,
        data["type"],
        _values(data),
        _drawn(data),
        _condition(data.get("when", {})),
    ]


def _values(data: dict[str, Any]) -> str:
    if "choices" in data:
        return ", ".join(map(str, data["choices"]))
    if "value" in data:
        return repr(data["value"])
    step = data.get("step", data.get("q"))
    return f"{data['low']} to {data['high']}" + (f" by {step}" if step else "")


def _drawn(data: dict[str, Any]) -> str | None:
    parts = ["log"] if data.get("log") else []
    parts += ["ordered"] if data.get("ordered") else []
    if "prior" in data:
        parts.append(" ".join(map(str, data["prior"])))
    if "weights" in data:
        parts.append("weights " + ", ".join(f"{w:.3g}" for w in data["weights"]))
    return "; ".join(parts) or None


def _condition(clause: dict[str, Any]) -> str | None:
    parts = [f"{k} is {' or '.join(map(str, values))}" for k, values in clause.items()]
    return " and ".join(parts) or None
