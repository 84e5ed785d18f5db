"""`hpbridge explain`: what will run, and what is emulated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from hpbridge.cli.arguments import (
    BackendOption,
    DirectionOption,
    ExperimentArg,
    JsonOption,
    SettingOption,
    SpaceOption,
)

if TYPE_CHECKING:
    from hpbridge.contract.backend import Problem
    from hpbridge.learning.choice import Choice


def explain(  # noqa: PLR0913, PLR0917 - a command takes what it takes
    experiment: ExperimentArg,
    backend: BackendOption = None,
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
    from hpbridge.errors import ExperimentError
    from hpbridge.learning.choice import choose, problems_of

    asked = Asked(experiment, space, direction)
    optimizer, options = asked.optimizer(backend, read_settings(option), "optuna")
    seed = checked_seed(asked.seed(seed) or 0)
    loaded = asked.experiment(is_quiet=json)
    if loaded.is_growing:
        raise ExperimentError.not_known_yet(loaded.name, experiment)
    choice = choose(optimizer, loaded, options)
    names = [part.name for part in loaded.parts if part.space.searched]
    made = [_Explained.of(choice, each, seed) for each in problems_of(loaded)]
    if json:
        plain = [each.to_json() for each in made]
        of_parts = {"parts": dict(zip(names, plain, strict=True))} if names else {}
        print_json({"optimizer": choice.name, **plain[0], **of_parts})
        return
    out = screen()
    for name, each in zip(names or [""], made, strict=True):
        if name:
            out.print(f"For {name}, by an optimizer of its own:", markup=False)
        if each.notes:
            columns = ["parameter", "encoding", "what it does"]
            out.print(table(f"Emulated for {choice.name}", columns, each.notes))
        else:
            out.print(f"Everything is native to {choice.name}.", markup=False)
        out.print()
        _print_source(each.source)


@dataclass(frozen=True)
class _Explained:
    """What runs, and what is emulated.

    Attributes:
        notes: As of `hpbridge.encoding.encoded.Encoded.notes`.
        source: The library's own code.
    """

    notes: list[tuple[str, str, str]]
    source: str

    @classmethod
    def of(cls, choice: Choice, problem: Problem, seed: int) -> _Explained:
        from hpbridge.encoding.encode import encode

        told = choice.told(problem)
        inner = problem if told is None else told.problem
        encoded = encode(inner, choice.algorithm, choice.options, choice.name)
        beside = [] if told is None else told.emulations()
        source = ""
        if choice.spec.explain is not None:
            source = choice.spec.explain(inner, choice.algorithm, choice.options, seed)
            lines = [f"# {what}: {text} ({name})" for what, name, text in beside]
            if lines:
                lines.append("# hpbridge makes that value; here, objective returns it.")
            source = "\n".join([*lines, source])
        return cls([*encoded.notes(), *beside], source)

    def to_json(self) -> dict[str, object]:
        """Return it as JSON data."""
        names = ("parameter", "encoding", "note")
        notes = [dict(zip(names, note, strict=True)) for note in self.notes]
        return {"encodings": notes, "source": self.source}


def _print_source(source: str) -> None:
    from hpbridge.cli.output import screen
    from hpbridge.cli.streams import results

    out = screen()
    if out.is_terminal:
        from rich.syntax import Syntax

        out.print(Syntax(source, "python", background_color="default"))
    else:
        results().write(source + "\n")
