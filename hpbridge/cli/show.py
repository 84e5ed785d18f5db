"""`hpbridge show`: one study with its trials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.cli.arguments import JsonOption, StoreOption, StudyArg

if TYPE_CHECKING:
    from hpbridge.study import Study


def show(study: StudyArg, store: StoreOption = None, json: JsonOption = False) -> None:
    """Show a study: what it came to, every trial, every error."""
    from hpbridge.cli.output import print_json
    from hpbridge.formats.export import study_to_json
    from hpbridge.study import load_study

    loaded = load_study(study, store)
    if json:
        print_json(study_to_json(loaded))
    else:
        _print_trials(loaded)


def _print_trials(study: Study) -> None:
    from hpbridge.cli.output import params_line, print_study, screen, seconds, table

    print_study(study)
    rows = [
        [
            t.number,
            t.state.value,
            ", ".join(f"{m}={v:.6g}" for m, v in t.metrics.items()) or t.error,
            seconds(t.run_seconds),
            params_line(t.params),
        ]
        for t in study.trials
    ]
    columns = ["trial", "state", "metrics or error", "time", "parameters"]
    screen().print(table("Trials", columns, rows))
