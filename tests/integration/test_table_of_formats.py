"""The README's table of formats, with random studies: what a format is said to hold
comes back equal, and what it does not hold is named when it is written."""

from __future__ import annotations

import contextlib
import math
import random
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import hpbridge as hpb
from hpbridge.contract.foreign import Part
from hpbridge.contract.registry import registry
from hpbridge.errors import FormatError
from hpbridge.experiment import Constraint
from hpbridge.formats.losses import losses_of
from hpbridge.space.constants import types_as_text
from hpbridge.space.kinds import freeze_when, with_when
from hpbridge.space.space import Space
from hpbridge.store.record import Status
from hpbridge.store.settings import Settings, StudySettings
from hpbridge.study import Study
from hpbridge.trial import FinishedTrial, State

# Whatever a file, a header, a shell or a database may take for something else.
_ODD = "ab1 ,;:|\"'\\\n\r\t\0\x01{}[]=#\udfff\u2028\ufeffé∞"
_TEXT = st.text(_ODD, max_size=6) | st.text(max_size=8)
_NAMES = st.text(_ODD, min_size=1, max_size=6) | st.sampled_from(
    [
        "x",
        "lr",
        "state",
        "nan",
        "None",
        "3",
        "hpbridge:space",
        "loss",
        "status",
        "('a', 'b')",
    ]
)
_LONG = st.just("no " + "x" * 140_000)
_FLOATS = st.floats(allow_nan=False, allow_infinity=False)
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**80), 2**80)
    | st.floats()
    | _TEXT
)
_HASHABLE = st.none() | st.booleans() | st.integers() | _TEXT | st.floats(0, 1)
_CONSTANTS = st.recursive(
    _SCALARS | st.binary(max_size=4) | st.sets(_HASHABLE, max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(_HASHABLE | st.just("hpbridge:tuple"), inner, max_size=3)
    ),
    max_leaves=6,
) | st.sampled_from([print, object(), 1 + 2j, range(3)])
_NOTED = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(_TEXT | st.just("hpbridge:number"), inner, max_size=3)
    ),
    max_leaves=5,
)


@st.composite
def _floats(draw: Any) -> hpb.Float:
    low, high = sorted(draw(st.tuples(_FLOATS, _FLOATS)))
    if not math.isfinite(high - low) or low == high:
        low, high = -1.5, 2.0
    if draw(st.booleans()) and low > 0:
        return hpb.Float(low, high, log=True)
    if draw(st.booleans()):
        low = draw(st.sampled_from([0.0, 0.1, -3.7]))
        step = draw(st.sampled_from([0.1, 0.25, 1 / 3, 1e-3]))
        return hpb.Float(low, low + draw(st.integers(1, 50)) * step, step=step)
    return hpb.Float(low, high)


@st.composite
def _ints(draw: Any) -> hpb.Int:
    most = draw(st.sampled_from([10, 2**31, 2**53, 2**62, 2**70]))
    low, high = sorted(draw(st.tuples(*[st.integers(-most, most)] * 2)))
    if draw(st.booleans()):
        return hpb.Int(abs(low) + 1, abs(low) + 2 + abs(high), log=True)
    step = draw(st.integers(1, max(1, min(high - low, 3))))
    return hpb.Int(low, high, step=step)


@st.composite
def _shaped(draw: Any) -> Any:
    prior = draw(
        st.sampled_from([hpb.Normal(0.3, 2), hpb.LogNormal(0, 1), hpb.Normal(1e9, 1e8)])
    )
    low = 0 if isinstance(prior, hpb.LogNormal) else -math.inf
    kind = draw(st.integers(0, 3))
    if kind == 0:
        return hpb.Float(low, math.inf, prior=prior)
    if kind == 1:
        return hpb.Int(low, math.inf, prior=prior)
    if kind == 2:
        q = draw(st.sampled_from([1, 3, 0.5, 0.1]))
        return hpb.Quantized(low, math.inf, q, prior=prior)
    low, high = sorted(draw(st.tuples(st.integers(1, 50), st.integers(51, 100))))
    return hpb.Quantized(low, high, draw(st.sampled_from([2, 4.0, 0.3])), log=True)


@st.composite
def _choices(draw: Any) -> hpb.Categorical:
    label = _TEXT | st.booleans() | st.none() | st.integers() | _FLOATS
    labels = draw(st.lists(label | _LONG, min_size=1, max_size=4, unique_by=_as_equal))
    weights = draw(st.none() | st.just([k + 1 for k in range(len(labels))]))
    return hpb.Categorical(labels, ordered=draw(st.booleans()), weights=weights)


def _as_equal(label: Any) -> Any:
    return float(label) if isinstance(label, (bool, float)) else label


@st.composite
def _spaces(draw: Any) -> Space:
    kinds = _floats() | _ints() | _shaped() | _choices()
    names = draw(st.lists(_NAMES, min_size=1, max_size=4, unique=True))
    found: dict[str, Any] = {}
    for name in names:
        parameter = draw(kinds)
        parents = [n for n, p in found.items() if getattr(p, "can_be_parent", False)]
        if parents and draw(st.booleans()):
            parent = draw(st.sampled_from(parents))
            value = found[parent].draw(random.Random(draw(st.integers(0, 9))))
            parameter = with_when(parameter, freeze_when({parent: [value]}))
        found[name] = parameter
    for name in draw(st.lists(_NAMES, max_size=2, unique=True)):
        found.setdefault(name, hpb.Constant(draw(_CONSTANTS)))
    return Space(found, forbid=draw(st.sampled_from([[], [], [_never]])))


def _never(params: Any) -> bool:
    return False


@st.composite
def _studies(draw: Any) -> Study:
    space = draw(_spaces())
    names = draw(st.lists(_NAMES, min_size=1, max_size=3, unique=True))
    n_objectives = draw(st.integers(1, len(names)))
    metrics = {
        name: draw(st.sampled_from(["minimize", "maximize"]))
        for name in names[:n_objectives]
    }
    bounds = draw(st.sampled_from([(), (Constraint(names[-1], 1, 0.1),)]))
    trials = [
        draw(_trials(k, space, list(metrics), names[n_objectives:]))
        for k in range(draw(st.integers(1, 4)))
    ]
    whole = replace(
        trials[0],
        state=State.COMPLETE,
        metrics={name: 0.1 * (k + 1) for k, name in enumerate(names)},
        error=None,
    )
    return Study(
        id=1,
        name=draw(_NAMES),
        experiment="e",
        backend="random",
        algorithm="random",
        seed=1,
        options={},
        space=space,
        metrics=metrics,
        settings=StudySettings(Settings(len(trials)), "local", bounds),
        status=Status.FINISHED,
        created_at=1.7e9,
        updated_at=1.7e9,
        trials=(whole, *trials[1:]),
        attributes=draw(st.dictionaries(_NAMES, _NOTED, max_size=2)),
    )


@st.composite
def _trials(
    draw: Any, number: int, space: Space, metrics: list[str], further: list[str]
) -> FinishedTrial:
    state = draw(st.sampled_from(list(State)))
    params = space.sample(random.Random(draw(st.integers(0, 2**32))))
    number_of = st.floats(allow_nan=False)
    values: dict[str, float] = {}
    if state is State.COMPLETE:
        values = {name: draw(number_of) for name in metrics}
    for name in further:
        if draw(st.booleans()):
            values[name] = draw(st.floats())
    steps = st.integers(-5, 5) | st.integers(-(2**40), 2**40)
    is_failed = state is State.FAILED
    return FinishedTrial(
        number=number,
        state=state,
        params=params,
        values=space.to_objects(params),
        metrics=values,
        tells_before=number,
        told=number,
        reports=tuple(draw(st.lists(st.tuples(steps, st.floats()), max_size=3))),
        error=draw(st.text(_ODD, min_size=1) | _LONG) if is_failed else None,
        seed=number,
        worker="main",
        asked_at=1.7e9 + number,
        started_at=1.7e9 + number + draw(st.floats(0, 1)),
        ask_seconds=0.1,
        run_seconds=draw(st.floats(0, 1e6)),
        tell_seconds=0.1,
        attributes=draw(st.dictionaries(_NAMES, _NOTED, max_size=2)),
    )


def _constants(study: Study) -> Any:
    return {
        name: p.value for name, p in study.space.items() if isinstance(p, hpb.Constant)
    }


def _labels(study: Study) -> Any:
    chosen = {n for n, p in study.space.items() if isinstance(p, hpb.Categorical)}
    return [
        {name: value for name, value in trial.params.items() if name in chosen}
        for trial in study.trials
    ]


def _infinite(study: Study) -> Any:
    return [
        {name: value for name, value in trial.metrics.items() if math.isinf(value)}
        for trial in study.trials
    ]


ASPECTS: dict[Part, Callable[[Study], Any]] = {
    Part.SPACE: lambda study: study.space.to_json(),
    Part.CONDITIONS: lambda study: [list(trial.params) for trial in study.trials],
    Part.PRIORS: lambda study: study.space.searched,
    Part.CONSTANTS: _constants,
    Part.LABELS: _labels,
    Part.DIRECTIONS: lambda study: list(study.metrics.values()),
    Part.SEVERAL: lambda study: list(study.metrics.items()),
    Part.FURTHER: lambda study: [dict(trial.metrics) for trial in study.trials],
    Part.FAILED: lambda study: [t.state is State.FAILED for t in study.trials],
    Part.ERRORS: lambda study: [t.error for t in study.trials],
    Part.PRUNED: lambda study: [t.state is State.PRUNED for t in study.trials],
    Part.STAGES: lambda study: [
        (t.budget, t.bracket, t.rung, t.parent) for t in study.trials
    ],
    Part.REPORTS: lambda study: [t.reports for t in study.trials],
    Part.NON_FINITE: _infinite,
    Part.TIMES: lambda study: [(t.started_at, t.run_seconds) for t in study.trials],
    Part.ATTRIBUTES: lambda study: [dict(t.attributes) for t in study.trials],
    Part.STUDY_ATTRIBUTES: lambda study: dict(study.attributes),
    Part.CONSTRAINTS: lambda study: study.bounds,
}


def same(left: Any, right: Any) -> bool:
    """Say whether two are equal, and of one type; NaN is NaN."""
    if isinstance(left, float) and isinstance(right, float):
        return left == right or (math.isnan(left) and math.isnan(right))
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(
            same(left[k], right[k]) for k in left
        )
    if isinstance(left, (list, tuple)):
        pairs = zip(left, right, strict=False)
        return len(left) == len(right) and all(same(a, b) for a, b in pairs)
    return bool(left == right)


def is_refused(form: str, study: Study, target: Path) -> bool:
    """Say whether it is a study that the format refuses, once it has refused it."""
    why = None
    if target.suffix == ".db" and any(map(_has_half, _names_of(study))):
        why = "which is no text"
    if form == "bayesopt" and {p.n_values for p in study.space.searched.values()} <= {
        1
    }:
        why = "nothing to search"
    if why is not None:
        with pytest.raises(FormatError, match=why):
            hpb.write_study(study, target, form)
    if form == "skopt" and any(map(_is_huge, study.space.searched.values())):
        with contextlib.suppress(FormatError):
            hpb.write_study(study, target, form)
        return True
    return why is not None


def keeps_its_row(form: str, file: str, study: Study) -> None:
    """Write and read a study; compare what the table says of the format."""
    spec = registry().formats[form]
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / file
        if is_refused(form, study, target):
            return
        notes = hpb.write_study(study, target, form)
        back = hpb.read_study(target, space=study.space if form == "csv" else None)
    assert len(back.trials) == len(study.trials)
    for part in Part:
        if part not in spec.holds:
            is_said = any(part.value in note for note in notes)
            assert is_said == bool(losses_of(study, form, frozenset(Part) - {part}))
            continue
        of = ASPECTS[part]
        before, after = of(study), of(back)
        if part is Part.CONSTANTS:  # of others the text is kept, as a note says
            before = {n: v for n, v in before.items() if not types_as_text(v)}
            after = {n: after[n] for n in before}
        if form == "csv" and part is Part.LABELS:
            before, after = _told_by_text(before, back, notes)
        assert same(before, after), (part, before, after)
    for name in study.space.functions:
        assert any("forbid" in note and repr(name) in note for note in notes)
    for name, parameter in study.space.items():
        if isinstance(parameter, hpb.Constant) and types_as_text(parameter.value):
            assert any("constant" in note and repr(name) in note for note in notes)


def _told_by_text(before: Any, back: Study, notes: tuple[str, ...]) -> Any:
    """Return labels there and back, but for those of which a note says something."""
    kept = [
        {n: v for n, v in point.items() if not any(f"of {n!r} as" in t for t in notes)}
        for point in before
    ]
    after = [
        {name: trial.params[name] for name in point}
        for point, trial in zip(kept, back.trials, strict=True)
    ]
    return kept, after


def _names_of(study: Study) -> list[str]:
    """Return the text that a database of Optuna's has in columns of text."""
    noted = [study.attributes, *(trial.attributes for trial in study.trials)]
    return [
        study.name,
        *(name for trial in study.trials for name in trial.params),
        *(name for each in noted for name in each),
        *(bound.metric for bound in study.bounds),
    ]


def _has_half(name: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in name)


def _is_huge(parameter: Any) -> bool:
    """Say whether scikit-optimize may have no dimension like that."""
    return isinstance(parameter, hpb.Int) and max(map(abs, parameter.reach)) > 2**53


def _on_random_studies(form: str, file: str, n_examples: int) -> None:
    @settings(
        max_examples=n_examples,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],  # shrinking takes minutes, and the first one tells
        suppress_health_check=list(HealthCheck),
    )
    @given(_studies())
    def test(study: Study) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of names that Optuna thinks odd
            keeps_its_row(form, file, study)

    test()


# It shows an example that fails, whatever its length.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

FILES = [
    ("csv", "study.csv"),
    ("parquet", "study.parquet"),
    ("json", "study.json"),
    ("hyperopt", "study.pkl"),
    ("bayesopt", "study.json"),
    ("skopt", "study.pkl"),
    ("optuna", "study.db"),
    ("optuna", "study.log"),
]
A_FEW = {"optuna": 4, "skopt": 5}
"""How many examples are tried of a format that takes its time."""


def test_every_format_that_is_written_is_in_the_table():
    written = {each.name for each in registry().formats.values() if each.write}
    assert written == {form for form, _ in FILES}


@pytest.mark.parametrize(("form", "file"), FILES)
def test_every_cell_of_the_table_holds_for_random_studies(form, file):
    _on_random_studies(form, file, A_FEW.get(form, 15))


@pytest.mark.slow
@pytest.mark.parametrize(("form", "file"), FILES)
def test_every_cell_of_the_table_holds_for_many_random_studies(form, file):
    _on_random_studies(form, file, 60 if form in A_FEW else 300)
