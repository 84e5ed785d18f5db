"""A run that failed before there was a record of it is missing for a known reason."""

from __future__ import annotations

import dataclasses
import json

import pytest

import hpbridge as hpb
from hpbridge.cli.app import app
from hpbridge.contract.registry import registry
from hpbridge.engine.compare import load_comparison
from hpbridge.store import open_store
from hpbridge_random import SPEC

WHY = "no licence for seed 1"
MISSING = {"breaks:random on noisy_bowl, seed 1", "breaks:random on branin, seed 1"}


@pytest.fixture
def mended(tmp_path, monkeypatch):
    """Register an optimizer that fails with seed 1 until this file is there."""
    mark = tmp_path / "mended"

    def create(problem, algorithm, options, seed):
        if seed == 1 and not mark.exists():
            raise hpb.HpbridgeError(WHY)
        return SPEC.create(problem, algorithm, options, seed)

    spec = dataclasses.replace(SPEC, name="breaks", create=create)
    monkeypatch.setitem(registry().records["backend"], "breaks", spec)
    return mark


def shown(store, capsys, *words: str) -> str:
    app([*words, "--store", str(store)], standalone_mode=False)
    said = capsys.readouterr()
    return " ".join((said.out + said.err).split())


def benched(store, *problems: str, **more) -> hpb.Comparison:
    given = {"problems": [*problems], "n_trials": 3, "seeds": 2, "store": store}
    return hpb.bench("fast", ["random", "breaks"], **given, **more)


def test_a_bench_tells_later_why_a_run_is_missing(mended, tmp_path, capsys) -> None:
    store = tmp_path / "s.db"
    found = benched(store, "branin", "noisy_bowl")
    assert set(found.failures) == MISSING
    assert len(found.studies) == 6
    again = load_comparison("fast-bench", store)
    assert again.failures == found.failures
    assert all(WHY in why for why in again.results.why.values())
    assert "2 of 8 runs have not begun (2 failed before a first trial)" in str(
        again.verdict()
    )
    said = shown(store, capsys, "show", "fast-bench")
    assert f"Failed: {', '.join(found.failures)}: " in said
    assert WHY in said
    assert (
        set(
            json.loads(shown(store, capsys, "show", "fast-bench", "--json"))["failures"]
        )
        == MISSING
    )
    first, later = tmp_path / "first.html", tmp_path / "later.html"
    found.report(first)
    shown(store, capsys, "report", "-c", "fast-bench", "-o", str(later))
    assert first.read_bytes() == later.read_bytes()
    assert WHY in later.read_text()


def test_an_interrupted_resume_keeps_the_reasons_that_it_did_not_come_to(
    mended, tmp_path
) -> None:
    store = tmp_path / "s.db"
    benched(store, "branin", "noisy_bowl")
    mended.touch()

    def interrupt(step) -> None:
        if step.what == "ended":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hpb.bench("fast", store=store, resume=True, on_step=interrupt)
    assert [each.problem for each in load_comparison(1, store).broken] == ["noisy_bowl"]
    whole = hpb.bench("fast", store=store, resume=True)
    assert (whole.failures, len(whole.studies)) == ({}, 8)
    assert load_comparison(1, store).failures == {}
    assert not whole.results.why


def test_a_run_that_broke_later_tells_why_too(tmp_path) -> None:
    def fails(trial) -> float:
        if trial.number == 1:
            raise SystemError(WHY)
        return 1.0

    tuned = hpb.Experiment(objective=fails, space={"x": hpb.Float(0, 1)}, name="fails")
    store = tmp_path / "s.db"
    hpb.compare(tuned, ["random"], n_trials=3, on_error="stop", store=store)
    (why,) = load_comparison(1, store).results.why.values()
    assert why.startswith("it broke after 2 trials: ")
    assert WHY in why


def test_a_comparison_tells_later_why_a_study_is_missing(
    mended, tmp_path, capsys
) -> None:
    def given(**more) -> hpb.Comparison:
        tuned = hpb.Experiment(objective=len, space={"x": hpb.Float(0, 1)}, name="one")
        rivals = ["random", "breaks"]
        return hpb.compare(tuned, rivals, n_trials=2, repeats=2, store=store, **more)

    store = tmp_path / "s.db"
    found = given()
    assert set(found.failures) == {"breaks:random seed 1"}
    later = load_comparison("one-comparison", store)
    assert later.failures == found.failures
    (why,) = found.results.why.values()
    assert WHY in why
    assert [*later.results.why.values()] == [why]
    said = shown(store, capsys, "show", "one-comparison")
    assert "Failed: breaks:random seed 1: " in said
    mended.touch()
    assert given(resume=True).failures == {}
    settings = json.loads(open_store(store).comparisons()[0].settings)
    assert settings["failed"] == {}
