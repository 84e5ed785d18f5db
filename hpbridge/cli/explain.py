"""`hpbridge explain`: what will run, and what is emulated."""

from __future__ import annotations

from typing import Annotated

import typer

from hpbridge.cli.arguments import (
    DirectionOption,
    ExperimentArg,
    JsonOption,
    SettingOption,
    SpaceOption,
)


def explain(  # noqa: PLR0913, PLR0917 - a command takes what it takes
    experiment: ExperimentArg,
    backend: Annotated[
        str | None,
        typer.Option(
            "--backend",
            "-b",
            help="BACKEND or BACKEND:ALGORITHM.",
            show_default="a script's own, or optuna",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", "-s", help="Of the study.", show_default="0")
    ] = None,
    option: SettingOption = None,
    space: SpaceOption = None,
    direction: DirectionOption = None,
    json: JsonOption = False,
) -> None:
    """Print the library's own code for an experiment, and every emulation."""
    from hpbridge.cli.arguments import checked_seed, read_settings
    from hpbridge.cli.output import print_json, screen, table
    from hpbridge.cli.scripts import Asked
    from hpbridge.encoding.encode import encode
    from hpbridge.errors import ExperimentError
    from hpbridge.learning.choice import choose, problem_of

    asked = Asked(experiment, space, direction)
    optimizer, options = asked.optimizer(backend, read_settings(option), "optuna")
    seed = checked_seed(asked.seed(seed) or 0)
    loaded = asked.experiment(is_quiet=json)
    if loaded.is_growing:
        raise ExperimentError.not_known_yet(loaded.name, experiment)
    choice = choose(optimizer, loaded, options)
    problem = problem_of(loaded)
    encoded = encode(problem, choice.algorithm, choice.options, choice.name)
    source = ""
    if choice.spec.explain is not None:
        source = choice.spec.explain(problem, choice.algorithm, choice.options, seed)
    if json:
        notes = [
            dict(zip(("parameter", "encoding", "note"), note, strict=True))
            for note in encoded.notes()
        ]
        print_json({"optimizer": choice.name, "encodings": notes, "source": source})
        return
    out = screen()
    if encoded.notes():
        columns = ["parameter", "encoding", "what it does"]
        out.print(table(f"Emulated for {choice.name}", columns, encoded.notes()))
    else:
        out.print(f"Everything is native to {choice.name}.", markup=False)
    out.print()
    _print_source(source)


def _print_source(source: str) -> None:
    from hpbridge.cli.output import screen
    from hpbridge.cli.streams import results

    out = screen()
    if out.is_terminal:
        from rich.syntax import Syntax

        out.print(Syntax(source, "python", background_color="default"))
    else:
        results().write(source + "\n")
