"""The one door from a problem to what a library searches.

Who makes an optimizer, who prints a script, the command line that lists the emulations
and the conformance kit all come through here, so they cannot tell different stories.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.encoding.encoded import Encoded
from hpbridge.errors import UnsupportedFeatureError

if TYPE_CHECKING:
    from hpbridge.contract.backend import Algorithm, Problem


def encode(
    problem: Problem, algorithm: Algorithm, options: Any, optimizer: str = ""
) -> Encoded:
    """Check a problem, and return its space as an algorithm searches it.

    Args:
        problem: What is to be run.
        algorithm: Who is to run it.
        options: An instance of its options.
        optimizer: Its full name, ``backend:algorithm``, for the error.

    Raises:
        UnsupportedFeatureError: With every reason why it cannot.
    """
    reasons = algorithm.reasons_against(problem, options)
    if reasons:
        raise UnsupportedFeatureError.refused(optimizer or algorithm.name, reasons)
    if algorithm.encode is not None:
        return algorithm.encode(problem, algorithm, options)
    return Encoded(problem.space, algorithm.capabilities)
