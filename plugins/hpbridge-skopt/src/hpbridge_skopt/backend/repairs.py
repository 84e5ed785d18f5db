"""Parts of scikit-optimize that are wrong or broken, mended by a subclass each.

`explain` prints these classes as they stand here, for a user to paste: they need no
other names than the imports below.
"""

from __future__ import annotations

from skopt.learning import GradientBoostingQuantileRegressor
from skopt.space import Integer
from skopt.space.transformers import Normalize


class FullInteger(Integer):  # type: ignore[misc]
    """An Integer whose end points have the weight of the others.

    Where skopt normalizes a range, under a Gaussian process and in an initial design,
    it rounds [low, high], which gives both end points half of the weight.
    """

    def set_transformer(self, transform: str = "identity") -> None:
        super().set_transformer(transform)
        if transform == "normalize":
            # Integer.inverse_transform clips and rounds what comes out of this.
            self.transformer = Normalize(self.low - 0.5, self.high + 0.5)


class RepairedGBRT(GradientBoostingQuantileRegressor):  # type: ignore[misc]
    """Skopt's quantile regressor, which crashes under scikit-learn 1.6 and NumPy 2.4.

    It inherits in an order that hides from scikit-learn that it is a regressor, and
    calls `numpy.in1d`, which is gone (github.com/holgern/scikit-optimize/issues/11).
    """

    def __sklearn_tags__(self) -> object:
        from sklearn.utils import RegressorTags

        tags = super().__sklearn_tags__()
        tags.estimator_type = "regressor"
        tags.regressor_tags = RegressorTags()
        return tags

    def predict(self, points: object, return_std: bool = False) -> object:
        if not return_std:
            return super().predict(points)
        low, middle, high = super().predict(points, return_quantiles=True).T
        return middle, (high - low) / 2.0
