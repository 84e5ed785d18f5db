"""`hpbridge create`: a study whose loop is one's own, for `ask` and `tell`."""

from __future__ import annotations

from typing import Annotated

import typer

from hpbridge.cli.arguments import (
    BackendOption,
    DirectionOption,
    JsonOption,
    NameOption,
    SeedOption,
    SettingOption,
    StoreOption,
    TargetOption,
)


def create(  # noqa: PLR0913, PLR0917 - a command takes what it takes
    space: Annotated[
        str,
        typer.Option(
            "--space",
            metavar="FILE",
            help="A .toml, .yaml or .json file of the space, or file.py:name.",
        ),
    ],
    backend: BackendOption = None,
    seed: SeedOption = None,
    option: SettingOption = None,
    direction: DirectionOption = None,
    trials: Annotated[
        int | None,
        typer.Option("--trials", "-n", help="After how many it is over; else never."),
    ] = None,
    target: TargetOption = None,
    name: NameOption = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Make a study for a loop of your own, which any shell asks and tells.

    `hpbridge ask STUDY` gives a trial, `hpbridge tell STUDY TRIAL loss=0.3` takes what
    became of it.
    """
    from hpbridge.cli.arguments import read_direction, read_settings
    from hpbridge.cli.output import print_json, screen
    from hpbridge.contract.references import load_object
    from hpbridge.engine.turns import create as create_study
    from hpbridge.experiment import Experiment
    from hpbridge.space.space import Space

    found = Space.of(load_object(space)[0])
    ways = read_direction(direction)
    if isinstance(ways, list) and len(ways) == 1:
        ways = ways[0]
    experiment = Experiment(
        objective=None,
        space=found,
        name=name or "experiment",
        direction=ways or "minimize",  # type: ignore[arg-type]  # checked there
    )
    made = create_study(
        experiment,
        backend,
        n_trials=trials,
        seed=seed,
        options=read_settings(option),
        target=target,
        name=name,
        store=store,
    )
    if json:
        print_json({"study": made.name, "optimizer": made.optimizer, "seed": made.seed})
        return
    metrics = ", ".join(f"{m} ({way})" for m, way in made.metrics.items())
    out = screen()
    out.print(f"Study {made.name}: {made.optimizer}, seed {made.seed}, {metrics}.")
