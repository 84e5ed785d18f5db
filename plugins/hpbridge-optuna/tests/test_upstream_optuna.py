"""What Optuna has lost or changed is told before a study meets it, and when it does."""

from __future__ import annotations

import dataclasses
import importlib
import time

import optuna
import pytest
from optuna.samplers import TPESampler
from optuna.study import Study

from hpbridge.contract.backend import Outcome, Problem
from hpbridge.contract.options import read_options
from hpbridge.contract.registry import is_met
from hpbridge.doctor import probe
from hpbridge.doctor.diagnosis import CHANGED, WORKS
from hpbridge.errors import HpbridgeError
from hpbridge.space.parameters import Float
from hpbridge.space.space import Space
from hpbridge.trial import State
from hpbridge_optuna import SPEC, _upstream
from hpbridge_optuna.backend import storage
from hpbridge_optuna.backend import tpe as quick_tpe

SPACE = Space({"x": Float(0, 1), "y": Float(1, 2)})
SLOWER = "optuna:tpe proposes by Optuna's own code, in more time"

GONE = [
    ("optuna.trial", "Trial._suggest", "no algorithm of Optuna's can propose"),
    ("optuna.distributions", "BaseDistribution._asdict", "no space of Optuna's"),
    ("optuna.study.study", "_SYSTEM_ATTR_METRIC_NAMES", "the names of metrics"),
    ("optuna.study._constrained_optimization", "_CONSTRAINTS_KEY", "constraints are"),
    ("optuna.samplers", "BaseGASampler._PARENT_CACHE_KEY_PREFIX", "a sampler kept"),
    ("optuna.samplers", "CmaEsSampler._attr_key_optimizer", "a sampler kept"),
    ("optuna.storages._rdb.storage", "_logger", "log is heard"),
    ("optuna.storages.journal._storage", "_logger", "log is heard"),
    ("optuna.storages", "InMemoryStorage._create_running_trial", "in more time"),
    ("optuna.samplers", "TPESampler._sample", SLOWER),
    ("optuna.samplers", "TPESampler._compare", SLOWER),
    ("optuna.study", "Study._get_trials", SLOWER),
    (
        "optuna.samplers._tpe.parzen_estimator",
        "_ParzenEstimator._call_weights_func",
        SLOWER,
    ),
    ("optuna.samplers._tpe._truncnorm", "_log_gauss_mass", SLOWER),
    ("optuna.samplers._tpe._truncnorm", "_norm_pdf_logC", SLOWER),
]
"""Module, name in it, what it costs."""

GONE_FROM_OBJECTS = [
    (Study, "_storage", "studies of Optuna's cannot be read"),
    (Study, "_study_id", "studies of Optuna's cannot be read"),
    (TPESampler, "_gamma", SLOWER),
    (TPESampler, "_n_ei_candidates", SLOWER),
    (TPESampler, "_rng", SLOWER),
    (TPESampler, "_parzen_estimator_cls", SLOWER),
    (TPESampler, "_parzen_estimator_parameters", SLOWER),
]

CHANGES = [
    ("optuna.study.study", "_SYSTEM_ATTR_METRIC_NAMES", "metric_names"),
    ("optuna.study._constrained_optimization", "_CONSTRAINTS_KEY", "bounds"),
    ("optuna.samplers", "BaseGASampler._PARENT_CACHE_KEY_PREFIX", "parents"),
    ("optuna.samplers", "CmaEsSampler._attr_key_optimizer", "cma:state"),
    ("optuna.distributions", "FloatDistribution.__repr__", object.__repr__),
    ("optuna.samplers", "TPESampler._sample", lambda self, study, space: {}),
]
"""Module, name in it, what stands there now: each would fail without an error."""


def test_the_installed_optuna_has_all_of_it():
    assert _upstream.problems() == []


def create(name, space=SPACE):
    options = read_options(f"optuna:{name}", SPEC.algorithms[name].options, {})
    return SPEC.create(Problem(space, 1, 0), SPEC.algorithms[name], options, 0)


def owner_of(module, path):
    owner = importlib.import_module(module)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    return owner, name


@pytest.mark.parametrize(("module", "path", "cost"), GONE, ids=[p for _, p, _ in GONE])
def test_a_name_that_is_gone_is_told(module, path, cost, monkeypatch):
    monkeypatch.delattr(*owner_of(module, path))
    sentence = f"optuna {optuna.__version__} has no {module}.{path}: "
    found = [each for each in _upstream.problems() if each.startswith(sentence)]
    assert len(found) == 1
    assert cost in found[0]


class Hidden:
    """Takes an attribute of every object of a class away."""

    def __set__(self, owner, value):
        pass

    def __get__(self, owner, cls=None):
        raise AttributeError


@pytest.mark.parametrize(
    ("cls", "name", "cost"),
    GONE_FROM_OBJECTS,
    ids=[name for _, name, _ in GONE_FROM_OBJECTS],
)
def test_what_each_object_lacks_now_is_told(cls, name, cost, monkeypatch):
    monkeypatch.setattr(cls, name, Hidden(), raising=False)
    sentence = f"optuna {optuna.__version__} has no optuna."
    (found,) = [each for each in _upstream.problems() if f".{name}:" in each]
    assert found.startswith(sentence)
    assert cost in found


@pytest.mark.parametrize(
    ("module", "path", "value"), CHANGES, ids=[path for _, path, _ in CHANGES]
)
def test_a_change_that_nobody_would_hear_of_is_told(module, path, value, monkeypatch):
    monkeypatch.setattr(*owner_of(module, path), value)
    sentence = f"optuna {optuna.__version__} has changed {module}.{path}: "
    assert any(each.startswith(sentence) for each in _upstream.problems())


def test_a_trial_that_is_made_elsewhere_is_told(monkeypatch):
    plain = storage.InMemoryStorage.create_new_trial

    def create(self, study_id, template_trial=None):
        running = optuna.trial.create_trial(state=optuna.trial.TrialState.RUNNING)
        return plain(self, study_id, template_trial or running)

    monkeypatch.setattr(storage.InMemoryStorage, "create_new_trial", create)
    (found,) = _upstream.problems()
    assert "InMemoryStorage._create_running_trial" in found


def test_a_mixture_of_another_shape_is_told(monkeypatch):
    from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator

    hidden = property(lambda self: None, lambda self, value: None)
    monkeypatch.setattr(
        _ParzenEstimator, "_mixture_distribution", hidden, raising=False
    )
    assert any("_mixture_distribution" in each for each in _upstream.problems())


def test_the_logger_of_a_gaussian_process_that_has_moved_is_told(monkeypatch):
    monkeypatch.setattr(_upstream, "GP_LOGGERS", ("optuna._gp.elsewhere",))
    assert any("optuna._gp" in each for each in _upstream.problems())


@pytest.mark.parametrize("name", _upstream.CMA_CLASSES)
def test_a_class_of_cmaes_that_has_moved_is_told(name, monkeypatch):
    cmaes = pytest.importorskip("cmaes")
    monkeypatch.setattr(getattr(cmaes, name), "__module__", "cmaes.elsewhere")
    (found,) = _upstream.problems()
    assert found.startswith("cmaes ")
    assert f"has changed cmaes.{name}: what a sampler kept" in found


def wrong(below, above, samples):
    return above.log_pdf(samples) - below.log_pdf(samples)


def test_a_quick_way_that_differs_is_told(monkeypatch):
    monkeypatch.setattr(quick_tpe, "_scores", wrong)
    (found,) = _upstream.problems()
    assert "the quick way of optuna:tpe was given up" in found


def test_a_quick_way_that_nobody_asks_is_told(monkeypatch):
    monkeypatch.setattr(quick_tpe.QuickTPESampler, "_propose", lambda self, *args: None)
    assert _upstream.problems() == ["the quick way of optuna:tpe is never asked"]


def test_the_look_takes_less_than_two_seconds():
    _upstream.problems()  # imports
    started = time.process_time()
    quick_tpe.problems_of_quick_way()
    assert time.process_time() - started < 2


@pytest.mark.parametrize("name", [n for n in SPEC.algorithms if n != "gp"])
def test_an_optimizer_without_what_it_needs_says_so_in_a_sentence(name, monkeypatch):
    if not all(map(is_met, SPEC.algorithms[name].requires)):
        pytest.skip("not installed")
    optimizer = create(name, Space({"x": Float(0, 1, step=0.5)}))
    monkeypatch.delattr(optuna.Trial, "_suggest")
    with pytest.raises(HpbridgeError) as caught:
        optimizer.ask()
    assert str(caught.value) == (
        f"optuna {optuna.__version__} has no optuna.trial.Trial._suggest: "
        "no algorithm of Optuna's can propose.\n"
        "Hint: pip install 'optuna==5.0.0'."
    )


TPE_NAMES = [
    *("TPE_RANDOM", "TPE_N_CANDIDATES", "TPE_GAMMA", "TPE_ESTIMATOR", "TPE_SETTINGS"),
    *("TPE_COMPARE", "GET_TRIALS", "MIXTURE", "WEIGHTS", "LOG_MASS", "LOG_NORM"),
]


def proposals(optimizer, n_trials=15):
    found = []
    for _ in range(n_trials):
        suggestion = optimizer.ask()
        found.append(suggestion.params)
        value = sum(suggestion.params.values())
        optimizer.tell(suggestion, Outcome(State.COMPLETE, (value,)))
    return found


@pytest.mark.parametrize("name", TPE_NAMES)
def test_tpe_goes_on_without_a_name_of_its_own_and_notes_it(name, monkeypatch):
    """As if Optuna had called it otherwise, in its own code too."""
    expected = proposals(create("tpe"))
    private = getattr(_upstream, name)
    path = f"{private._path}_as_it_was"
    monkeypatch.setattr(_upstream, name, dataclasses.replace(private, _path=path))
    quick_tpe._unchecking.cache_clear()
    optimizer = create("tpe")
    assert proposals(optimizer) == expected
    (note,) = optimizer.notes
    assert "the quick way of optuna:tpe was given up" in note
    assert f"has no {path.replace(':', '.')}" in note


def test_the_doctor_tells_what_has_changed(monkeypatch):
    assert probe._look_upstream("optuna").verdict == WORKS
    monkeypatch.setattr(quick_tpe, "_scores", wrong)
    finding = probe._look_upstream("optuna")
    assert finding.verdict == CHANGED
    assert "the quick way of optuna:tpe was given up" in finding.why
