"""What is written for another library, as an experiment of ours.

`native_experiment` takes a library's own objective, with the library's own space or,
where the objective says its space while it runs, without; `read_native` reads a space
alone. The command line does the same with ``hpbridge run script.py:objective``.

Example:
    >>> from hpbridge import Float, run
    >>> from hpbridge.native import native_experiment
    >>> experiment = native_experiment(lambda p: p["x"] ** 2, {"x": Float(-1, 1)})
    >>> len(run(experiment, "random", n_trials=3, seed=0, store=":memory:").trials)
    3
"""

from __future__ import annotations

from hpbridge.contract.native import native_experiment, read_native

__all__ = ["native_experiment", "read_native"]
