"""`hpbridge resume`: go on with a study that stopped."""

from __future__ import annotations

from typing import Annotated

import typer

from hpbridge.cli.arguments import (
    DriverOption,
    JsonOption,
    SpaceOption,
    StoreOption,
    StudyArg,
)


def resume(  # noqa: PLR0913, PLR0917 - a command takes what it takes
    study: StudyArg,
    trials: Annotated[
        int | None,
        typer.Option("--trials", "-n", help="A new budget in all; else the old one."),
    ] = None,
    experiment: Annotated[
        str | None,
        typer.Option("--experiment", help="FILE[:NAME], if it lies elsewhere by now."),
    ] = None,
    space: SpaceOption = None,
    store: StoreOption = None,
    driver: DriverOption = None,
    json: JsonOption = False,
) -> int:
    """Go on with a study: bit for bit where its algorithm is deterministic."""
    import hpbridge
    from hpbridge.cli.interrupted import say_how_to_go_on
    from hpbridge.cli.output import print_outcome
    from hpbridge.cli.progress import Display
    from hpbridge.cli.scripts import see_own_name
    from hpbridge.contract.references import Wanted, find_experiment
    from hpbridge.store import open_store

    record = open_store(store).study(study)
    see_own_name(experiment or record.reference)
    loaded = None
    if experiment is not None:
        wanted = Wanted(experiment, space, recorded=record.metrics)
        loaded = find_experiment(wanted).experiment
    with say_how_to_go_on(), Display(is_quiet=json) as display:
        finished = hpbridge.resume(
            study,
            loaded,
            store=store,
            n_trials=trials,
            driver=driver,
            callbacks=[display.show],
        )
    return print_outcome(finished, as_json=json)
