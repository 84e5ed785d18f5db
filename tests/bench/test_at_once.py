"""Several benches, comparisons and resumes at once on one store."""

from __future__ import annotations

import threading

import pytest

import hpbridge as hpb
from hpbridge.bench import running
from hpbridge.bench.steps import Outlook
from hpbridge.cli.app import app
from hpbridge.engine.compare import load_comparison
from hpbridge.errors import ExperimentError, StoreLockedError

FEW = {"problems": ["branin"], "n_trials": 3, "seeds": 3, "reference": False}


def test_a_bench_that_runs_is_not_run_by_another(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(running, "_LEAVING_SECONDS", 0.2)
    store, said = tmp_path / "s.db", []

    def intrude(step) -> None:
        # Between two studies none of them runs.
        if step.what == "ended" and not said:
            with pytest.raises(StoreLockedError) as caught:
                hpb.bench("fast", store=store, resume=True)
            said.append(str(caught.value))

    found = hpb.bench("fast", ["random"], store=store, on_step=intrude, **FEW)
    assert "Comparison 'fast-bench' is being run by process" in said[0]
    assert [study.seed for study in found.studies] == [0, 1, 2]
    assert len(hpb.bench("fast", store=store, resume=True).studies) == 3


def test_new_benches_at_once_are_two_benches(tmp_path) -> None:
    found = []

    def run() -> None:
        found.append(hpb.bench("fast", ["random"], store=tmp_path / "s.db", **FEW))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each.name for each in found) == ["fast-bench", "fast-bench-2"]
    assert [[s.seed for s in each.studies] for each in found] == [[0, 1, 2]] * 2
    first, second = ([s.trials for s in each.studies] for each in found)
    assert [[t.params for t in trials] for trials in first] == [
        [t.params for t in trials] for trials in second
    ]


def test_a_comparison_that_runs_is_not_run_by_another(tmp_path) -> None:
    tuned = hpb.Experiment(objective=len, space={"x": hpb.Float(0, 1)}, name="one")
    settings = {"n_trials": 2, "repeats": 2, "store": tmp_path / "s.db"}
    said = []

    def intrude(_session, _trial) -> None:
        if not said:
            with pytest.raises(StoreLockedError) as caught:
                hpb.compare(tuned, ["random"], resume=True, **settings)
            said.append(str(caught.value))

    found = hpb.compare(tuned, ["random"], callbacks=[intrude], **settings)
    assert "Comparison 'one-comparison' is being run by process" in said[0]
    assert len(found.studies) == 2


def test_a_study_of_a_bench_goes_on_with_its_bench(tmp_path) -> None:
    store = tmp_path / "s.db"
    study = hpb.bench("fast", ["random"], store=store, **FEW).studies[1]
    with pytest.raises(ExperimentError) as caught:
        hpb.resume(study.name, n_trials=5, store=store)
    assert "`hpbridge bench fast --resume`" in str(caught.value)
    mine = hpb.Experiment(objective=len, space={"x": hpb.Float(0, 1)}, name="mine")
    study = hpb.bench([mine], ["random"], n_trials=1, seeds=1, store=store).studies[0]
    with pytest.raises(ExperimentError, match="pass its experiment to hpbridge"):
        hpb.resume(study.name, n_trials=5, store=store)
    assert len(hpb.resume(study.name, mine, n_trials=5, store=store).trials) == 5


def test_a_study_of_a_bench_of_files_goes_on_by_itself(tmp_path) -> None:
    file = tmp_path / "own.py"
    file.write_text(
        "import hpbridge as hpb\n"
        "space = {'x': hpb.Float(0, 1)}\n"
        "own = hpb.Experiment(objective=len, space=space, name='own')\n"
    )
    settings = {"seeds": 2, "reference": False, "store": tmp_path / "s.db"}
    study = hpb.bench(f"{file}:own", ["random"], n_trials=3, **settings).studies[1]
    more = hpb.resume(study.name, n_trials=5, store=tmp_path / "s.db")
    assert len(more.trials) == 5
    whole = hpb.bench(f"{file}:own", resume=True, n_trials=5, **settings)
    assert [len(each.trials) for each in whole.studies] == [5, 5]
    assert whole.studies[1].trials[3].params == more.trials[3].params


def test_a_timeout_ends_each_study_of_a_bench_and_is_said(tmp_path, capsys) -> None:
    store = tmp_path / "s.db"
    words = "bench fast -b random,optuna -p branin -n 100000 --seeds 2 --timeout 0.2"
    words += f" --no-reference --store {store}"
    app(words.split(), standalone_mode=False)
    said = capsys.readouterr().err
    found = load_comparison("fast-bench", store)
    assert {study.status for study in found.studies} == {"finished"}
    n_ran = [len(study.trials) for study in found.studies]
    assert all(0 < n < 100_000 for n in n_ran)
    assert f"4/4 studies, {sum(n_ran):,} trials, 0 s left" in said
    assert set(found.results.why.values()) == {"timeout of 0.2 seconds"}
    assert "seed 1: timeout of 0.2 seconds" in " ".join(said.split())
    short = sorted(n for n in n_ran if n < max(n_ran))
    after = f"{len(short)} of 4 runs ended before that, after {short[0]:,}"
    assert after in str(found.verdict())
    # They have had their time: there is nothing to go on with.
    looks: list[Outlook] = []
    hpb.bench("fast", store=store, resume=True, on_start=looks.append)
    assert looks[0].n_trials == {}
