"""`hpbridge explain`: what will run, and what is emulated."""

from __future__ import annotations

from typing import Annotated

import typer

from hpbridge.cli.arguments import ExperimentArg, JsonOption, SettingOption


def explain(
    experiment: ExperimentArg,
    backend: Annotated[
        str, typer.Option("--backend", "-b", help="BACKEND or BACKEND:ALGORITHM.")
    ] = "optuna",
    seed: Annotated[int, typer.Option("--seed", "-s", help="Of the study.")] = 0,
    option: SettingOption = None,
    json: JsonOption = False,
) -> None:
    """Print the library's own code for an experiment, and every emulation."""
    from hpbridge.cli.arguments import read_settings
    from hpbridge.cli.output import print_json, screen, table
    from hpbridge.contract.references import load_experiment
    from hpbridge.encoding.encode import encode
    from hpbridge.errors import ExperimentError
    from hpbridge.learning.choice import choose, problem_of

    loaded = load_experiment(experiment)
    if loaded.is_growing:
        why = "its objective defines the space while it runs: nothing to explain"
        raise ExperimentError.invalid(loaded.name, [why])
    choice = choose(backend, loaded, read_settings(backend, option))
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

    out = screen()
    if out.is_terminal:
        from rich.syntax import Syntax

        out.print(Syntax(source, "python", background_color="default"))
    else:
        typer.echo(source)
