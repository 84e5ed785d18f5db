from __future__ import annotations

import contextlib
import dataclasses
import gzip
import io
import math
import os
import pickle
import random
import time
import warnings
from pathlib import Path

import joblib
import matplotlib as mpl
import numpy as np
import pytest
import skopt
import skopt.plots
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier
from skopt.space import Categorical, Integer, Real, Space

import hpbridge as hpb
from hpbridge.contract.foreign import Hints
from hpbridge.contract.registry import registry
from hpbridge.errors import FormatError, SpaceError
from hpbridge_skopt import FORMAT

mpl.use("Agg")


def cost(point):
    return float(point[0] ** 2 + point[1])


def first(point):
    return point[0]


@pytest.fixture(scope="module")
def result():
    dimensions = [
        Real(-5, 5, name="x"),
        (1, 4),
        Categorical(["a", "b"], prior=[0.25, 0.75], name="c"),
        Real(1e-3, 1.0, prior="log-uniform", base=2, name="lr"),
        Integer(1, 100, prior="log-uniform", name="n"),
    ]
    return skopt.forest_minimize(
        cost, dimensions, n_calls=9, n_initial_points=6, n_points=50, random_state=0
    )


EXPECTED = hpb.Space(
    {
        "x": hpb.Float(-5, 5),
        "x1": hpb.Int(1, 4),
        "c": hpb.Categorical(["a", "b"], weights=[0.25, 0.75]),
        "lr": hpb.Float(1e-3, 1.0, log=True),
        "n": hpb.Quantized(1, 100, 1, log=True),
    }
)


def check(study, result):
    assert study.space == EXPECTED
    assert study.metrics == {"value": "minimize"}
    points = [list(trial.params.values()) for trial in study.trials]
    assert points == [[np.array(v).item() for v in p] for p in result.x_iters]
    assert [t.metrics["value"] for t in study.trials] == list(result.func_vals)
    for trial in study.trials:
        assert study.space.violations(study.space.canonical(trial.params)) == []


@pytest.mark.parametrize("ending", ["pkl", "gz", "bz2", "xz", "z", "lzma"])
@pytest.mark.parametrize("store_objective", [True, False])
def test_dumps_are_read(tmp_path, result, ending, store_objective):
    path = tmp_path / f"study.{ending}"
    skopt.dump(result, path, store_objective=store_objective)
    assert FORMAT.recognizes(path)
    study = FORMAT.read(path, Hints())
    check(study, result)
    assert study.name == "study"
    assert study.algorithm == "et"
    assert study.native["n_points"] == 50
    assert "dimensions without a name are called x1" in study.notes


def test_a_live_result_an_optimizer_and_a_checkpoint_are_read(tmp_path, result):
    check(FORMAT.read(result, Hints(name="mine")), result)
    assert FORMAT.read(result, Hints(name="mine")).name == "mine"
    path = tmp_path / "checkpoint.pkl"
    saver = skopt.callbacks.CheckpointSaver(str(path), compress=3)
    other = skopt.gp_minimize(
        first, [(0.0, 1.0)], n_calls=3, n_initial_points=3, random_state=1
    )
    saver(other)
    study = FORMAT.read(path, Hints(direction={"loss": "minimize"}))
    assert [t.metrics["loss"] for t in study.trials] == list(other.func_vals)
    assert study.algorithm == "gp"
    optimizer = skopt.Optimizer([(0.0, 1.0)], "ET", random_state=0)
    optimizer.tell([0.5], 2.0)
    assert FORMAT.recognizes(optimizer)
    read = FORMAT.read(optimizer, Hints())
    assert (read.trials[0].params, read.algorithm) == ({"x0": 0.5}, "et")


def test_every_result_of_a_search_is_read_by_its_place(tmp_path):
    iris = load_iris()
    search = skopt.BayesSearchCV(
        DecisionTreeClassifier(random_state=0),
        [
            ({"max_depth": Integer(1, 4)}, 2),
            ({"criterion": Categorical(["gini", "entropy"])}, 2),
        ],
        optimizer_kwargs={"base_estimator": "ET"},
        cv=2,
        random_state=0,
    ).fit(iris.data, iris.target)
    path = tmp_path / "results.pkl"
    joblib.dump(search.optimizer_results_, path)
    for source in (search.optimizer_results_, path):
        assert FORMAT.recognizes(source)
        study = FORMAT.read(source, Hints(name="1"))
        assert list(study.space) == ["criterion"]
        assert len(study.trials) == 2
        with pytest.raises(FormatError, match="holds 2 studies") as caught:
            FORMAT.read(source, Hints())
        assert str(caught.value).endswith("Hint: `--name 0` reads the first one.")


def test_choices_of_any_kind_keep_their_meaning(tmp_path):
    dimensions = [
        Categorical([None, True, 1.5], name="mixed"),
        Categorical([(32,), (64, 64)], name="layers"),
        Categorical([np.sqrt, np.exp], name="f"),
        Categorical([np.float32(0.5), 2], name="number"),
        Categorical([Path("a"), Path("b")], name="path"),
    ]
    points = Space(dimensions).rvs(12, random_state=0)
    result = skopt.utils.create_result(points, list(range(12)), Space(dimensions))
    path = tmp_path / "r.pkl"
    skopt.dump(result, path)
    live, study = FORMAT.read(result, Hints()), FORMAT.read(path, Hints())
    assert study.space["mixed"].labels == (None, True, 1.5)
    assert study.space["layers"].labels == ("(32,)", "(64, 64)")
    assert study.space["f"].labels == live.space["f"].labels == ("sqrt", "exp")
    assert study.space["number"].labels == (0.5, 2)
    assert study.space["path"].labels == ("choice_0", "choice_1")
    for trial, point in zip(live.trials, points, strict=True):
        assert live.space.to_objects(trial.params)["layers"] is point[1]
    places = [
        [study.space[n].index(label) for n, label in trial.params.items()]
        for trial in study.trials
    ]
    assert places == [
        [d.categories.index(v) for d, v in zip(dimensions, p, strict=True)]
        for p in points
    ]


def test_nan_is_failed_and_times_per_second_arrive():
    space = Space([(0.0, 1.0)])
    values = [(1.0, 0.0), (math.nan, 1.0)]
    with np.errstate(invalid="ignore"):
        result = skopt.utils.create_result([[0.1], [0.2]], values, space)
    study = FORMAT.read(result, Hints())
    assert [t.state.value for t in study.trials] == ["complete", "failed"]
    assert study.trials[1].error == "returned nan for metric 'value'"
    assert [t.run_seconds for t in study.trials] == [1.0, math.e]


def test_hints_give_another_space_and_disagreeing_directions_are_refused(result):
    space = hpb.Space(
        {name: hpb.Float(-5, 200) for name in "abde"}
        | {"c": hpb.Categorical(["a", "b"])}
    )
    ordered = hpb.Space({n: space[n] for n in ["a", "b", "c", "d", "e"]})
    study = FORMAT.read(result, Hints(space=ordered))
    assert list(study.trials[0].params) == ["a", "b", "c", "d", "e"]
    with pytest.raises(FormatError, match="the given space has the parameters"):
        FORMAT.read(result, Hints(space=hpb.Space({"x": hpb.Float(0, 1)})))
    with pytest.raises(FormatError, match="scikit-optimize minimizes one value"):
        FORMAT.read(result, Hints(direction={"value": "maximize"}))


def test_a_space_without_our_meaning_is_refused_by_name(tmp_path):
    dimensions = [Real(-3, -1, name="neg"), Categorical(["a", "b"], name="c")]
    dimensions[0].prior = "log-uniform"
    space = Space(dimensions)
    result = skopt.utils.create_result([[-2.0, "a"]], [1.0], space)
    with pytest.raises(FormatError, match="'neg': a log-uniform range needs low > 0"):
        FORMAT.read(result, Hints())


def test_what_is_no_result_is_not_recognized(tmp_path):
    import scipy.optimize

    other = scipy.optimize.minimize(lambda x: x[0] ** 2, [1.0])
    joblib.dump(other, tmp_path / "scipy.pkl")
    (tmp_path / "text.pkl").write_text("OptimizeResult")
    (tmp_path / "bad.gz").write_bytes(b"\x1f\x8b broken")
    for source in [other, *tmp_path.iterdir(), tmp_path, 3, "x", None, [], {}]:
        assert not FORMAT.recognizes(source)


# --- writing


def run_study(**settings):
    def objective(trial):
        if trial["x"] > 4:
            msg = "too far"
            raise RuntimeError(msg)
        if trial["x"] < -4:
            trial.report(trial["x"], 1)
            raise hpb.TrialPruned
        return {"gain": 1 / trial["x"] ** 2, "size": float(trial["n"])}

    space = {
        "x": hpb.Float(-5, 5),
        "n": hpb.Int(1, 9, step=4),
        "lr": hpb.Float(1e-3, 1.0, log=True),
        "batch": hpb.Int(1, 64, log=True),
        "q": hpb.Quantized(1, 10, 2.0),
        "c": hpb.Categorical([None, True, 1.5], weights=[1, 2, 1]),
        "one": hpb.Categorical(["only"]),
        "k": 7,
        "m": hpb.Float(0, 1, prior=hpb.Normal(0.5, 0.2), when={"c": True}),
    }
    experiment = hpb.Experiment(
        objective=objective,
        space=space,
        name="all",
        direction={"gain": "maximize"},
        constraints={"size": "<= 8"},
    )
    return hpb.run(
        experiment, "random", n_trials=30, seed=3, store=":memory:", **settings
    )


@pytest.fixture(scope="module")
def study():
    found = run_study()
    trials = [dataclasses.replace(t, attributes={"at": t.number}) for t in found.trials]
    noted = {"by": "me", "list": [1, None]}
    return dataclasses.replace(found, trials=tuple(trials), attributes=noted)


def draw(result):
    numbers = ["x", "lr", "c"]
    skopt.plots.plot_convergence(result)
    skopt.plots.plot_evaluations(result, plot_dims=numbers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        skopt.plots.plot_objective(result, n_points=3, n_samples=3, plot_dims=numbers)
    mpl.pyplot.close("all")


@pytest.mark.parametrize("ending", ["pkl", "pkl.gz"])
def test_the_library_opens_what_is_written_and_we_read_it_back(tmp_path, study, ending):
    path = tmp_path / f"out.{ending}"
    notes = FORMAT.write(study, str(path))
    assert "'gain' is negated, since scikit-optimize minimizes" in notes
    assert any("without a finite value ride along" in note for note in notes)
    assert list(tmp_path.iterdir()) == [path]
    result = skopt.load(path)
    complete = [t for t in study.trials if t.state.value == "complete"]
    assert result.fun == -study.best_by_main_metric().metrics["gain"] or (
        result.fun == min(-t.metrics["gain"] for t in complete)
    )
    assert list(result.func_vals) == [-t.metrics["gain"] for t in complete]
    if ending == "pkl":
        draw(result)
    back = FORMAT.read(path, Hints())
    assert (back.space, back.metrics) == (study.space, study.metrics)
    assert (back.bounds, back.name) == ({"size": "<= 8.0"}, study.name)
    for read, ours in zip(back.trials, study.trials, strict=True):
        for name in ("state", "params", "metrics", "reports", "error", "attributes"):
            assert getattr(read, name) == getattr(ours, name)
        assert (read.started_at, read.run_seconds) == (
            ours.started_at,
            ours.run_seconds,
        )
    assert back.attributes == study.attributes


def test_what_is_written_goes_on_in_the_library(tmp_path, study):
    path = tmp_path / "out.pkl"
    FORMAT.write(study, str(path))
    loaded = skopt.load(path)
    optimizer = skopt.Optimizer(loaded.space, "ET", random_state=0, n_initial_points=1)
    optimizer.tell(loaded.x_iters, list(loaded.func_vals))
    assert optimizer.ask() in loaded.space


def test_a_target_that_exists_or_no_value_at_all_is_refused(tmp_path, study):
    path = tmp_path / "out.pkl"
    path.write_text("mine")
    with pytest.raises(FormatError, match="it exists already"):
        FORMAT.write(study, str(path))
    assert path.read_text() == "mine"
    with pytest.raises(FormatError, match="its folder does not exist"):
        FORMAT.write(study, str(tmp_path / "no" / "out.pkl"))
    failing = hpb.minimize(
        lambda p: math.nan,
        {"x": hpb.Float(0, 1)},
        backend="random",
        n_trials=2,
        store=":memory:",
    )
    with pytest.raises(FormatError, match="none of its 2 trials has a finite value"):
        FORMAT.write(failing, str(tmp_path / "none.pkl"))
    assert list(tmp_path.iterdir()) == [path]


# --- hostile files


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def hostile(result, marker):
    """Files that would run something, or fill the memory."""
    evil = skopt.utils.create_result(
        [[0.5], [Evil(marker)]], [1.0, 2.0], Space([(0.0, 1.0)])
    )
    yield "in the points", pickle.dumps(evil)
    nested = skopt.utils.create_result([[0.5]], [1.0], Space([(0.0, 1.0)]))
    nested.specs = {"args": {"func": [Evil(marker)]}}
    yield "in the specs", pickle.dumps(nested)
    objects = skopt.utils.create_result([[0.5]], [1.0], Space([(0.0, 1.0)]))
    objects["func_vals"] = np.array([Evil(marker)], dtype=object)
    file = io.BytesIO()
    joblib.dump(objects, file)
    yield "in an array of objects", file.getvalue()
    yield "bomb", gzip.compress(pickle.dumps(nested)[:-1] + b"0" * (2**28 + 1))
    plain = pickle.dumps(result.func_vals, protocol=2)
    yield "not a result", plain
    yield "getattr", b"cbuiltins\ngetattr\n(cos\nS'system'\ntRp0\n(S'touch x'\ntR."


def test_hostile_files_have_no_effect(tmp_path, result):
    marker = tmp_path / "ran"
    path = tmp_path / "hostile.pkl"
    for what, data in hostile(result, marker):
        path.write_bytes(data)
        started = time.process_time()
        FORMAT.recognizes(path)
        with contextlib.suppress(FormatError):
            study = FORMAT.read(path, Hints())
            assert study.trials[0].params == {"x0": 0.5}, what
        assert time.process_time() - started < 20, what
        assert not marker.exists(), what


@pytest.mark.parametrize("ending", ["pkl", "gz"])
def test_truncated_and_flipped_files_are_refused_or_read(tmp_path, result, ending):
    whole = tmp_path / f"whole.{ending}"
    light = skopt.utils.create_result(
        result.x_iters, result.func_vals, result.space, specs=result.specs
    )
    skopt.dump(light, whole, store_objective=False)
    data = whole.read_bytes()
    path = tmp_path / f"damaged.{ending}"
    for k in range(20):
        path.write_bytes(data[: len(data) * k // 20])
        FORMAT.recognizes(path)
        with pytest.raises(FormatError):
            FORMAT.read(path, Hints())
    rng = random.Random(0)
    for _ in range(60):
        flipped = bytearray(data)
        flipped[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(bytes(flipped))
        FORMAT.recognizes(path)
        try:
            study = FORMAT.read(path, Hints())
        except FormatError:
            continue
        assert len(study.trials) == len(result.x_iters)


# --- native spaces

NATIVE = registry().backends["skopt"].from_native


def test_lists_are_read_as_check_dimension_reads_them():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        given = [
            (0, 1),
            [1, 2],
            (0, 1.5),
            (1e-5, 0.1, "log-uniform"),
            (1, 64, "log-uniform", 2),
            (1, 5, "uniform", 2),
            ["a", "b", "c"],
            (True, False),
            ("x", "uniform"),
            [3],
            (1, 2, 3),
            np.array([0, 9]),
        ]
        kinds = [type(skopt.space.check_dimension(d)).__name__ for d in given]
    read = NATIVE(given)
    ours = {
        "Integer": ("Int", "Quantized"),
        "Real": ("Float",),
        "Categorical": ("Categorical",),
    }
    for kind, parameter in zip(kinds, read.space.values(), strict=True):
        assert type(parameter).__name__ in ours[kind]
    assert read.space["x4"] == hpb.Quantized(1, 64, 1, log=True)
    objective = read.wrap(lambda point: point)
    trial = {name: name for name in read.space}
    assert objective(trial) == list(read.space)


def test_spaces_and_dicts_of_searches_are_read():
    space = Space([Real(0, 1, name="a"), (1, 3)], constraint=lambda p: p[0] > 0.5)
    read = NATIVE(space)
    assert list(read.space) == ["a", "x1"]
    assert read.space.forbids({"a": 0.25, "x1": 1})
    assert not read.space.forbids({"a": 0.75, "x1": 1})
    search = {
        "k": Categorical(["l", "r"]),
        "C": (1e-6, 10.0, "log-uniform"),
        "d": (1, 8),
    }
    read = NATIVE(search)
    assert list(read.space) == ["C", "d", "k"]
    assert read.space["d"] == hpb.Int(1, 8)


def test_spaces_of_others_are_left_alone():
    from bayes_opt.parameter import CategoricalParameter

    others = [
        None,
        [],
        {},
        3,
        "x",
        [1, 2],
        {"x": (0, 1)},
        {"x": (1, 2, int)},
        {"x": CategoricalParameter("x", ["a", "b"])},
        {"x": hpb.Float(0, 1)},
        {"x": 3},
        Real(0, 1),
    ]
    assert [NATIVE(other) for other in others] == [None] * len(others)


def test_what_cannot_be_kept_is_refused_all_at_once():
    given = [
        [None, 1],
        (2, 1),
        Categorical(["a", "b"], prior=[1.0, 0.0]),
        Real(-3, -1, prior="uniform", name="neg"),
    ]
    given[3].prior = "log-uniform"
    with pytest.raises(SpaceError) as caught:
        NATIVE(given)
    assert str(caught.value).splitlines()[1:-1] == [
        "  - 'x0': [None, 1] is no range and no list of choices",
        "  - 'x1': its range is 2 to 1, which are not two growing numbers",
        "  - 'x2': choice 'b' has the weight 0; leave it out",
        "  - 'neg': a log-uniform range needs low > 0, got -3",
    ]
    with pytest.raises(SpaceError, match="two dimensions are called 'a'"):
        NATIVE([Real(0, 1, name="a"), Real(0, 1, name="a")])
