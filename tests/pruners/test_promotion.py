"""`asha:promotion` beside algorithm 2 of its paper, and in studies that never hang."""

from __future__ import annotations

import math
import random
from collections import Counter
from pathlib import Path

import pytest

import hpbridge as hpb
from hpbridge.contract.attempt import Reply
from hpbridge.contract.pruning import Watched
from hpbridge.errors import ExperimentError, OptionError
from hpbridge.pruners.choosing import chosen_pruner, make_pruner
from hpbridge.pruners.promotion import HalvingPromotions, Rungs
from hpbridge.trial import State

SPACE = {"x": hpb.Float(0, 1)}


class Algorithm2:
    """Asynchronous successive halving, as Li et al. (2020) write it.

    ``get_job``: for k from the second highest rung down, the candidates are the top
    ``|rung k| / eta`` of rung k, and those of them are promotable that were not
    promoted yet; the first of them goes on. Without any, a new trial begins.
    """

    def __init__(self, eta, *, maximizes) -> None:
        self.eta, self.sign = eta, -1 if maximizes else 1
        self.rungs: dict[int, dict[int, float]] = {}
        self.promoted: dict[int, set[int]] = {}

    def result(self, trial, rung, value) -> None:
        self.rungs.setdefault(rung, {})[trial] = value

    def get_job(self):
        for rung in sorted(self.rungs, reverse=True):
            found = self.rungs[rung]
            numbers = [t for t, value in found.items() if not math.isnan(value)]
            numbers.sort(key=lambda t: (self.sign * found[t], t))
            candidates = numbers[: math.floor(len(found) / self.eta)]
            promoted = self.promoted.setdefault(rung, set())
            promotable = [trial for trial in candidates if trial not in promoted]
            if promotable:
                promoted.add(promotable[0])
                return promotable[0]
        return None


def value_of(rng) -> float:
    if rng.random() < 0.1:
        return rng.choice([math.nan, math.inf, -math.inf])
    return rng.choice([round(rng.uniform(-1, 1), 1), rng.gauss(0, 1)])


@pytest.mark.parametrize("maximizes", [False, True])
@pytest.mark.parametrize("eta", [2, 3, 4, 2.5])
def test_it_promotes_as_the_algorithm_of_its_paper(eta, maximizes) -> None:
    for seed in range(400):
        rng = random.Random(f"{eta}-{maximizes}-{seed}")
        oracle = Algorithm2(eta, maximizes=maximizes)
        rungs = Rungs(rng.choice([1, 1, 2, 5]), eta)
        promotions = HalvingPromotions(maximizes=maximizes, rungs=rungs)
        reports: dict[int, list[tuple[int, float]]] = {}
        at: dict[int, int] = {}
        running: list[int] = []
        for _ in range(rng.randrange(5, 60)):
            if running and rng.random() < 0.7:
                trial = running.pop(rng.randrange(len(running)))
                rung = at[trial]
                begin = rungs.steps(rung - 1) + 1 if rung else 1
                for step in range(begin, rungs.steps(rung) + 1):
                    reports[trial].append((step, value_of(rng)))
                if rng.random() < 0.1:
                    # It dies before it has told of the rung.
                    told = tuple(reports[trial][:-1])
                    promotions.end(trial, told, State.FAILED)
                    continue
                oracle.result(trial, rung, reports[trial][-1][1])
                promotions.pause(trial, tuple(reports[trial]))
                continue
            expected = oracle.get_job()
            found = promotions.choose(is_last=False)
            assert found == expected
            if found is None:
                found = len(reports)
                reports[found], at[found] = [], -1
            at[found] += 1
            running.append(found)


def made(maximizes=False, **options):
    chosen = chosen_pruner(("asha:promotion", options))
    return make_pruner(chosen, Watched("study", maximizes=maximizes))


def test_a_trial_pauses_at_each_rung_once() -> None:
    pruner = made(min_resource=2, reduction_factor=3)
    answers = [pruner.report(0, step, 0.5) for step in range(1, 3)]
    assert answers == [Reply.GO_ON, Reply.PAUSE]
    pruner.begin_again(0)
    pruner.promote(0, 2)
    pruner.go_on(0, [(1, 0.5)])  # its checkpoint is from before the rung
    answers = [pruner.report(0, step, 0.5) for step in range(2, 7)]
    assert answers == [Reply.GO_ON] * 4 + [Reply.PAUSE]


def test_no_trial_pauses_where_those_before_were_complete() -> None:
    pruner = made(min_resource=1, reduction_factor=3)
    pruner.go_on(0, [(step, 0.5) for step in range(1, 10)])
    pruner.end(0, State.COMPLETE, 0.5)
    for step, answer in ((3, Reply.PAUSE), (9, Reply.GO_ON)):
        pruner.promote(1, step - 1)
        assert pruner.report(1, step, 0.5) is answer
    given = made(max_resource=3, reduction_factor=3)
    assert given.report(0, 1, 0.5) is Reply.PAUSE
    assert given.report(1, 3, 0.5) is Reply.GO_ON


def test_at_the_end_the_best_of_a_rung_goes_on_unless_it_failed() -> None:
    promotions = HalvingPromotions(maximizes=True, rungs=Rungs(1, 3))
    for trial, value in enumerate((0.1, 0.9)):
        promotions.pause(trial, ((1, value),))
    assert promotions.choose(is_last=False) is None
    assert promotions.choose(is_last=True) == 1
    promotions.end(1, ((1, 0.9), (2, 0.95)), State.FAILED)
    assert promotions.choose(is_last=True) == 0
    promotions.end(0, ((1, 0.1),), State.COMPLETE)
    assert promotions.choose(is_last=True) is None


def test_a_trial_that_is_no_number_is_never_promoted() -> None:
    promotions = HalvingPromotions(maximizes=False, rungs=Rungs(1, 2))
    for trial in range(4):
        promotions.pause(trial, ((1, math.nan),))
    assert promotions.choose(is_last=False) is None
    assert promotions.choose(is_last=True) is None


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(OptionError) as caught:
        chosen_pruner(("asha:promotion", {"reduction_factor": 1, "min_resource": 0}))
    assert len(caught.value.problems) == 2


class Train:
    """Nine epochs that are worth what x says; it writes down each that it trains."""

    def __init__(self, folder, *, saves=True) -> None:
        self.log, self.saves = Path(folder, "trained"), saves

    def __call__(self, trial):
        for epoch in range(trial.load(0) + 1, 10):
            with self.log.open("a") as file:
                file.write(f"{trial.number} {epoch}\n")
            trial.report(abs(trial["x"] - 0.3) + 1 / epoch, epoch)
            if self.saves:
                trial.save(epoch)
            if trial.should_prune():
                raise hpb.TrialPruned
        return abs(trial["x"] - 0.3)

    def trained(self) -> Counter[str]:
        return Counter(self.log.read_text().splitlines())


def experiment_of(objective):
    return hpb.Experiment(
        name="promoted", objective=objective, space=SPACE, direction="minimize"
    )


OPTIONS = {"reduction_factor": 3, "max_resource": 9}


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    "backend", ["random", "optuna:tpe", "hyperopt:tpe", "skopt:gp"]
)
def test_it_promotes_under_any_optimizer(tmp_path, backend, workers) -> None:
    objective = Train(tmp_path)
    study = hpb.run(
        experiment_of(objective),
        backend,
        n_trials=10,
        seed=1,
        workers=workers,
        pruner=("asha:promotion", OPTIONS),
        store=tmp_path / "store.db",
    )
    states = Counter(trial.state for trial in study.trials)
    assert states[State.COMPLETE] >= 1
    assert states[State.FAILED] == 0
    assert len(study.trials) == 10
    trained = objective.trained()
    assert set(trained.values()) == {1}
    for trial in study.trials:
        steps = [step for step, _ in trial.reports]
        assert steps == list(range(1, len(steps) + 1))
        expected = {9} if trial.state is State.COMPLETE else {1, 3}
        assert len(steps) in expected
    assert sum(trained.values()) == sum(len(t.reports) for t in study.trials)
    best = study.best_trial
    ranked = sorted(study.trials, key=lambda t: t.reports[0][1])
    assert best in ranked[: max(len(ranked) // 3, 1)]


def test_a_trial_that_saves_nothing_begins_again_and_that_is_said(tmp_path) -> None:
    objective = Train(tmp_path, saves=False)
    study = hpb.run(
        experiment_of(objective),
        "random",
        n_trials=6,
        seed=1,
        pruner=("asha:promotion", OPTIONS),
        store=tmp_path / "store.db",
    )
    n_again = sum(count - 1 for count in objective.trained().values())
    assert n_again > 0
    (note,) = study.notes
    assert note.startswith(f"{n_again} steps ran twice")
    for trial in study.trials:
        steps = [step for step, _ in trial.reports]
        assert steps == list(range(1, len(steps) + 1))


def test_an_optimizer_that_cannot_have_pending_trials_is_refused(tmp_path) -> None:
    with pytest.raises(ExperimentError, match="driver 'tune' cannot"):
        hpb.run(
            experiment_of(Train(tmp_path)),
            "random",
            driver="tune",
            pruner="asha:promotion",
            store=":memory:",
        )
