"""Whether defaults were trusted: not evaluated, or never tried otherwise.

Which parameters are worth tuning is known from studies over many data sets. What is
searched, or set to another value by its author, is no default that is trusted.

Source:
    P. Probst, A.-L. Boulesteix and B. Bischl, Tunability: Importance of
    Hyperparameters of Machine Learning Algorithms, JMLR 20 (2019). J. N. van Rijn and
    F. Hutter, Hyperparameter Importance Across Datasets, KDD 2018. The scikit-learn
    classes that these do not have, by skore 0.28's table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.checks.finding import Finding, cannot

if TYPE_CHECKING:
    from hpbridge.analysis.evaluated import Evaluated

TRUSTED, TRUSTED_TITLE = "HPB204", "defaults trusted"

STEPS = "steps"
"""Where a record says which estimators there are, and what their author changed."""

Group = tuple[str, ...]

_DEPTH: Group = ("max_depth", "max_leaf_nodes", "min_samples_leaf", "min_samples_split")
_TREE: tuple[Group, ...] = (_DEPTH, ("ccp_alpha",), ("max_features",))
_FOREST: tuple[Group, ...] = (_DEPTH, ("max_features",))
_BOOSTED: tuple[Group, ...] = (("learning_rate",), _DEPTH)
_ALPHA, _C = (("alpha",),), (("C",),)
_KERNEL: tuple[Group, ...] = (("C",), ("gamma",))
_NETWORK: tuple[Group, ...] = (
    ("hidden_layer_sizes",),
    ("learning_rate_init",),
    ("alpha",),
)
_LIGHTGBM: tuple[Group, ...] = (
    ("learning_rate",),
    ("num_leaves", "max_depth", "min_child_samples"),
)
_XGBOOST: tuple[Group, ...] = (
    ("learning_rate",),
    ("max_depth", "max_leaves", "min_child_weight"),
)
_COMPONENTS = (("n_components",),)

WORTH_TUNING: dict[str, tuple[Group, ...]] = {
    **dict.fromkeys(("Ridge", "RidgeClassifier", "Lasso"), _ALPHA),
    **dict.fromkeys(("SGDClassifier", "SGDRegressor", "KernelRidge"), _ALPHA),
    **dict.fromkeys(("BernoulliNB", "MultinomialNB", "ComplementNB"), _ALPHA),
    "ElasticNet": (("alpha",), ("l1_ratio",)),
    **dict.fromkeys(("LogisticRegression", "LinearSVC", "LinearSVR"), _C),
    **dict.fromkeys(("SVC", "SVR"), _KERNEL),
    "NuSVC": (("nu",), ("gamma",)),
    "NuSVR": (("nu", "C"), ("gamma",)),
    **dict.fromkeys(("DecisionTreeClassifier", "DecisionTreeRegressor"), _TREE),
    **dict.fromkeys(("RandomForestClassifier", "RandomForestRegressor"), _FOREST),
    **dict.fromkeys(("ExtraTreesClassifier", "ExtraTreesRegressor"), _FOREST),
    **dict.fromkeys(
        ("GradientBoostingClassifier", "GradientBoostingRegressor"),
        (*_BOOSTED, ("max_features", "subsample")),
    ),
    **dict.fromkeys(
        ("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"), _BOOSTED
    ),
    **dict.fromkeys(
        ("AdaBoostClassifier", "AdaBoostRegressor"),
        (("learning_rate",), ("n_estimators",)),
    ),
    **dict.fromkeys(
        ("BaggingClassifier", "BaggingRegressor"), (("max_samples",), ("max_features",))
    ),
    **dict.fromkeys(("LGBMClassifier", "LGBMRegressor"), _LIGHTGBM),
    **dict.fromkeys(("XGBClassifier", "XGBRegressor"), _XGBOOST),
    **dict.fromkeys(("CatBoostClassifier", "CatBoostRegressor"), _BOOSTED),
    **dict.fromkeys(("MLPClassifier", "MLPRegressor"), _NETWORK),
    **dict.fromkeys(
        ("KNeighborsClassifier", "KNeighborsRegressor", "KNNImputer"),
        (("n_neighbors",),),
    ),
    **dict.fromkeys(
        ("RadiusNeighborsClassifier", "RadiusNeighborsRegressor"), (("radius",),)
    ),
    **dict.fromkeys(("PCA", "KernelPCA", "SparsePCA", "TruncatedSVD"), _COMPONENTS),
    "Nystroem": _COMPONENTS,
    "RBFSampler": (("n_components",), ("gamma",)),
    "SkewedChi2Sampler": (("n_components",), ("skewedness",)),
    "AdditiveChi2Sampler": (("sample_steps",),),
    "PolynomialCountSketch": (("n_components",), ("degree",), ("gamma",)),
    "KBinsDiscretizer": (("n_bins",),),
    "SplineTransformer": (("n_knots",),),
    "SelectKBest": (("k",),),
    "SelectPercentile": (("percentile",),),
}
"""By class, what is worth tuning; of the parameters of a group, one does."""

_ALIASES = {
    "eta": "learning_rate",
    "iterations": "n_estimators",
    "depth": "max_depth",
    "min_data_in_leaf": "min_child_samples",
}


def defaults_trusted(evaluated: Evaluated) -> Finding:
    """Say whether defaults were evaluated, and which ones were never left."""
    code, title = TRUSTED, TRUSTED_TITLE
    if not evaluated.about:
        return cannot(code, title, "the record does not say which estimator it was")
    steps = evaluated.about.get(STEPS)
    left = _left(steps, set(evaluated.study.space)) if _is_list(steps) else []
    said = []
    if left:
        named = "; ".join(f"{', '.join(names)} of {kind}" for kind, names in left)
        said.append(f"left at the default, and worth tuning as a rule: {named}")
    if evaluated.defaults is None:
        said.append("what the defaults are worth was not evaluated, or failed")
    if said:
        n_left = sum(len(names) for _, names in left)
        hint = "search them, or set them on purpose" if left else _HINT_EVALUATE
        sentence = "; ".join(said) + "."
        return Finding(code, title, True, sentence, float(n_left), hint)
    if not _is_list(steps):
        return cannot(code, title, "the record does not say what was left at defaults")
    sentence = "the defaults were evaluated, and none that is known to matter is left."
    return Finding(code, title, False, sentence, 0.0)


_HINT_EVALUATE = "evaluate the estimator as it comes, to know what tuning buys"


def _is_list(steps: object) -> bool:
    return isinstance(steps, Sequence) and not isinstance(steps, str)


def _left(steps: Any, searched: set[str]) -> list[tuple[str, list[str]]]:
    """Return what is left at its default, by class."""
    found = []
    for step in steps:
        if not isinstance(step, Mapping):
            continue
        kind, at = step.get("class"), step.get("at", "")
        groups = WORTH_TUNING.get(str(kind), ())
        own = {_plain(name) for name in step.get("changed", ())}
        prefix = f"{at}__" if at else ""
        own |= {
            _plain(name.removeprefix(prefix))
            for name in searched
            if name.startswith(prefix)
        }
        # A step that is itself chosen by the search is tried with other ones.
        missing = [group[0] for group in groups if not own & set(group)]
        if missing and not (at and at in searched):
            found.append((str(kind), missing))
    return found


def _plain(name: str) -> str:
    return _ALIASES.get(name, name)
