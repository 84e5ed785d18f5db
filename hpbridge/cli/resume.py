"""`hpbridge resume`: go on with a study that stopped."""

from __future__ import annotations

from typing import Annotated

import typer

from hpbridge.cli.arguments import DriverOption, JsonOption, StoreOption, StudyArg


def resume(
    study: StudyArg,
    trials: Annotated[
        int | None,
        typer.Option("--trials", "-n", help="A new budget in all; else the old one."),
    ] = None,
    experiment: Annotated[
        str | None,
        typer.Option("--experiment", help="FILE[:NAME], if it lies elsewhere by now."),
    ] = None,
    store: StoreOption = None,
    driver: DriverOption = None,
    json: JsonOption = False,
) -> int:
    """Go on with a study: bit for bit where its algorithm is deterministic."""
    import hpbridge
    from hpbridge.cli.interrupted import say_how_to_go_on
    from hpbridge.cli.output import print_outcome
    from hpbridge.cli.progress import Display
    from hpbridge.contract.references import load_experiment

    loaded = None if experiment is None else load_experiment(experiment)
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
