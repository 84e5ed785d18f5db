"""What the README says of stopping early is run, as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import hpbridge as hpb

README = Path(__file__).parents[1] / "README.md"
SECTION = (
    README.read_text(encoding="utf-8")
    .partition("\n## Stop early\n")[2]
    .partition("\n## ")[0]
)
BLOCKS = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)


@pytest.mark.parametrize("place", range(len(BLOCKS)))
def test_its_lines_run(place, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = {"hpb": hpb}
    exec(compile(BLOCKS[place], "README.md", "exec"), names)
    if "objective_of_calls" not in names:
        return
    study = names["study"]
    assert {t.state for t in study.trials} == {hpb.State.COMPLETE, hpb.State.PRUNED}
    experiment = hpb.Experiment(
        objective=names["objective_of_calls"], space=study.space
    )
    pruner = "median", {"n_warmup_steps": 2}  # it counts from 0
    how = {"n_trials": 30, "seed": 0, "store": ":memory:"}
    same = hpb.run(experiment, "random", pruner=pruner, **how)
    assert [(t.state, t.metrics) for t in same.trials] == [
        (t.state, t.metrics) for t in study.trials
    ]
