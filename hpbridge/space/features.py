"""The features: what a problem or a run needs of an optimizer."""

from __future__ import annotations

from enum import Enum


class Feature(Enum):
    """A testable fact about a problem or a run. The value is the word users read."""

    FLOAT = "float"
    """A real number on a linear scale."""
    FLOAT_LOG = "float, log scale"
    FLOAT_STEP = "float in steps"
    FLOAT_PRIOR = "float with a prior"
    INT = "int"
    INT_LOG = "int, log scale"
    INT_STEP = "int in steps"
    INT_PRIOR = "int or quantized with a prior"
    QUANTIZED = "quantized"
    """`Quantized`: rounded to multiples of q, as by Hyperopt and Ray Tune."""
    CATEGORICAL = "categorical"
    """Choices without an order."""
    CATEGORICAL_ORDERED = "categorical, ordered"
    CATEGORICAL_WEIGHTS = "categorical with weights"
    CONDITIONAL = "conditional parameters"
    """Parameters with ``when=``."""
    FORBIDDEN = "forbidden combinations"
    """A space with ``forbid=``."""
    MULTI_OBJECTIVE = "several metrics"
    """More than one metric with a direction; the result is a Pareto front."""
    CONSTRAINTS = "constraints on metrics"
    """The optimizer learns which trials violate ``constraints=``."""
    FAILED_TRIALS = "failed trials"
    """A failed, pruned or non-finite trial leaves the model sound."""
    SEEDING = "seed"
    """The same seed gives the same trials, another seed gives others."""
    FOREIGN_HISTORY = "foreign history"
    """It learns from trials that it did not propose."""
    PENDING = "several at once"
    """It proposes another point while earlier ones still run."""
    OUT_OF_ORDER = "any order of results"
    """Results may arrive in another order than the proposals."""
    REPLAY = "exact resume"
    """Asked and told the same, a fresh optimizer proposes the same."""
    DEFINE_BY_RUN = "space defined while running"
    """It answers what a trial asks for while it runs; elsewhere the space is searched
    as far as earlier trials have made it known."""
