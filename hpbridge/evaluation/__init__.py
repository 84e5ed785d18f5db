"""Evaluating models: the objective, the procedure and the honest answer at the end.

An `hpbridge.evaluation.evaluation.Evaluation` is an experiment whose objective fits an
estimator on parts of the data and scores it on others. What it adds to
scikit-learn's own functions is the procedure: splits that are the same for every trial,
a test that no trial sees, the defaults and a dummy beside the trials, and a report
that says which data each number was computed on.

The modules of this room need scikit-learn; it is imported when the room is.
"""
