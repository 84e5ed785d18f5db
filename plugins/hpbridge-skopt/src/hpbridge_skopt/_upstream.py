"""What we use of scikit-optimize though its documentation does not promise it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Upstream

if TYPE_CHECKING:
    from collections.abc import Callable

_LIBRARY = Upstream("scikit-optimize", "scikit-optimize==0.10.2")


def problems() -> list[str]:
    """Return one sentence for each name that is gone or is not what it was."""
    return _LIBRARY.problems()


def _example() -> Any:
    import skopt
    from sklearn.dummy import DummyRegressor

    return skopt.Optimizer(
        [(0.0, 1.0)],
        DummyRegressor(),
        n_initial_points=2,
        initial_point_generator="lhs",
        acq_optimizer="sampling",
    )


def _is_called(name: str) -> Callable[[Any], bool]:
    """Return what says whether the library calls a method of this name itself.

    What we put in the place of a method that nobody calls does nothing, and nothing
    tells so.
    """

    def is_called(_method: Any) -> bool:
        import skopt

        methods = vars(skopt.BayesSearchCV).values()
        codes = [each.__code__ for each in methods if hasattr(each, "__code__")]
        return any(name in code.co_names for code in codes)

    return is_called


INITIAL_DESIGN = _LIBRARY.private(
    "skopt:Optimizer._initial_samples",
    "where trials fail or run beside each other, no initial design can be followed",
    lambda design: len(design) == 2,  # noqa: PLR2004 - as the example asks for
    example=_example,
)
MAKE_OPTIMIZER = _LIBRARY.private(
    "skopt:BayesSearchCV._make_optimizer",
    "a BridgeBayesSearchCV would search with scikit-optimize's own optimizer",
    _is_called("_make_optimizer"),
)
STEP = _LIBRARY.private(
    "skopt:BayesSearchCV._step",
    "a BridgeBayesSearchCV whose space is exhausted ends with an error",
    _is_called("_step"),
)
