"""What is wrong in bayesian-optimization before 3.4, mended by a subclass.

`explain` prints the class as it stands here, for a user to paste: it needs no other
names than the imports below.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from bayes_opt.parameter import CategoricalParameter


class DistinctCategoricalParameter(CategoricalParameter):  # type: ignore[misc]
    """A CategoricalParameter whose kernel sees different choices as different.

    The library's own gives every row of a batch the ones of all rows.
    """

    def kernel_transform(self, value: np.ndarray) -> object:
        value = np.atleast_2d(value)
        return np.eye(value.shape[1])[np.argmax(value, axis=1)]


def tells_choices_apart() -> bool:
    """Say whether the library's kernel sees different choices as different.

    Source:
        bayesian-optimization before 3.4.0, `CategoricalParameter.kernel_transform`,
        gives every row of a batch the ones of all rows.
    """
    rows = np.eye(2)
    seen = CategoricalParameter("choice", (0, 1)).kernel_transform(rows)
    return bool(np.array_equal(seen, rows))


def categorical_class() -> Any:
    """Return the library's class for choices, or ours where its model is wrong."""
    if tells_choices_apart():
        return CategoricalParameter
    return DistinctCategoricalParameter
