"""Checks that a declaration is true: what is declared works, the rest is refused."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from hpbridge.contract.backend import Problem
from hpbridge.contract.capabilities import SPACE_FEATURES, Feature
from hpbridge.encoding.encode import encode
from hpbridge.errors import UnsupportedFeatureError
from hpbridge.space.categorical import Categorical
from hpbridge.space.kinds import Searched, with_when
from hpbridge.space.parameters import Float, Int
from hpbridge.space.priors import Normal
from hpbridge.space.quantized import Quantized
from hpbridge.space.space import Space
from hpbridge.testing.case import play
from hpbridge.testing.checks import CheckFailed, NotApplicable, check, require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.testing.case import Case

PROBES: dict[Feature, Searched] = {
    Feature.FLOAT: Float(-1, 1),
    Feature.FLOAT_LOG: Float(1e-3, 1, log=True),
    Feature.FLOAT_STEP: Float(0, 1, step=0.25),
    Feature.FLOAT_PRIOR: Float(0, 1, prior=Normal(0.5, 0.2)),
    Feature.INT: Int(1, 9),
    Feature.INT_LOG: Int(1, 100, log=True),
    Feature.INT_STEP: Int(1, 9, step=2),
    Feature.INT_PRIOR: Int(0, 9, prior=Normal(4, 2)),
    Feature.QUANTIZED: Quantized(0, 1, 0.25),
    Feature.CATEGORICAL: Categorical(["a", "b", "c"]),
    Feature.CATEGORICAL_ORDERED: Categorical(["a", "b", "c"], ordered=True),
    Feature.CATEGORICAL_WEIGHTS: Categorical(["a", "b"], weights=[0.8, 0.2]),
}
"""A parameter that needs the feature, and no other."""


def _probe(case: Case, feature: Feature) -> Space:
    """Return a space that needs the feature, beside what the algorithm declares."""
    if feature in PROBES:
        return Space({"probe": PROBES[feature]})
    if feature is Feature.FORBIDDEN:
        return Space(dict(case.main), forbid=[_is_forbidden])
    free = case.usable({"n": Int(1, 9), "c": Categorical(["a", "b"])})
    parent, parameter = next(iter(free.searched.items()))
    value = parameter.at(0)
    kind = PROBES[next(f for f in PROBES if case.can(f))]
    return Space({**free, "probe": with_when(kind, ((parent, (value,)),))})


def _is_forbidden(params: Mapping[str, Any]) -> bool:
    return not params


@check(rule=2)
def check_declared_features(case: Case) -> None:
    """Every kind of parameter that is declared can be searched, by itself too."""
    for feature in filter(case.can, SPACE_FEATURES):
        space = _probe(case, feature)
        try:
            steps = play(case.create(space), 2)
        except Exception as error:  # a plugin may raise anything
            seen = f"{type(error).__name__}: {error}"
            msg = f"expected to search {space!r}, as declared; saw {seen}"
            raise CheckFailed(msg) from error
        require(bool(steps), f"a suggestion for {feature.value}", "none")


@check(rule=2)
def check_refusals(case: Case) -> None:
    """What is not declared is refused by the plugin itself, and named."""
    for feature in SPACE_FEATURES:
        if case.can(feature):
            continue
        name = "forbid=" if feature is Feature.FORBIDDEN else "'probe'"
        with contextlib.suppress(NotApplicable):  # no kind that could be a parent
            _require_refusal(case, feature, name, _probe(case, feature))
    if not case.can(Feature.MULTI_OBJECTIVE):
        feature = Feature.MULTI_OBJECTIVE
        _require_refusal(case, feature, case.spec.name, case.main, n_objectives=2)
    if not case.can(Feature.CONSTRAINTS):
        feature = Feature.CONSTRAINTS
        _require_refusal(case, feature, case.spec.name, case.main, n_constraints=1)


EXTREMES: tuple[Searched, ...] = (
    Int(0, 2**53 + 1),
    Int(-(2**64), 0),
    Int(2**62 - 9, 2**62 - 2),
    Int(2**52 - 100, 2**52 - 2, log=True),
    Int(0, 2**70, step=3),
    Float(0, 1e39),
    Float(-1e300, 1e300),
    Float(0, 5e-324),
    Float(1e10, 1e10 + 1e-5, log=True),
    Quantized(0, 1e300, 1e299),
)
"""Numbers at which the arithmetic of one library or another ends."""


@check(rule=2)
def check_sizes(case: Case) -> None:
    """What speaks against a size is said before: what `refine` lets through runs."""
    options = case.algorithm.options()
    for parameter in EXTREMES:
        if not _searches(case, parameter.feature):
            continue
        space = Space({"probe": parameter})
        if case.algorithm.reasons_against(Problem(space), options):
            name = "'probe'"
            _require_refusal(case, parameter.feature, name, space)
            continue
        try:
            play(case.create(space), 1)
        except Exception as error:  # a plugin may raise anything
            seen = f"{type(error).__name__}: {error}"
            msg = f"expected to search {space!r}, as `refine` lets it; saw {seen}"
            raise CheckFailed(msg) from error


def _searches(case: Case, feature: Feature) -> bool:
    """Say whether a kind is searched at all; another check says where it is not."""
    if not case.can(feature):
        return False
    try:
        return bool(play(case.create(_probe(case, feature)), 1))
    except Exception:  # noqa: BLE001 - a plugin may raise anything
        return False


@check(rule=2)
def check_encodings(case: Case) -> None:
    """What is emulated is said in the source that `explain` prints."""
    explain = case.spec.explain
    if explain is None:
        msg = "it explains nothing"
        raise NotApplicable(msg)
    options = case.algorithm.options()
    for feature in filter(case.can, SPACE_FEATURES):
        problem = Problem(_probe(case, feature))
        try:
            comments = encode(problem, case.algorithm, options).comments()
        except (ImportError, LookupError) as error:  # the business of another check
            raise NotApplicable(str(error)) from error
        source = explain(problem, case.algorithm, options, 1)
        for comment in comments:
            require(comment in source, f"the comment {comment!r}", source)


def _require_refusal(
    case: Case, feature: Feature, name: str, space: Space, **problem: int
) -> None:
    expected = f"UnsupportedFeatureError for {feature.value}, which is not declared"
    try:
        case.create(space, **problem)
    except UnsupportedFeatureError as error:
        require(name in str(error), f"an error that names {name}", str(error))
        return
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything
        seen: object = error
    else:
        seen = "an optimizer"
    cure = "let `create` call `encode`, which refuses what is not declared"
    require(False, expected, seen, cure)
