"""Objectives that are written for Optuna, run by hpbridge as they are."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import TrialPruned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType

    from hpbridge.plugin import Trial


def adopt(
    function: Callable[..., Any], *, is_sure: bool = False
) -> Callable[[Trial], Any] | None:
    """Return an objective of our trials for a function of Optuna's.

    Args:
        function: Of one ``trial``; it asks for its parameters with ``suggest_*``. It
            may be a generator, as an objective of ours.
        is_sure: Whether a call of ``suggest_*`` must be in sight; otherwise the name of
            its argument is enough.

    Returns:
        None where it does not look like one. What it returns for several objectives
        becomes the metrics ``value_0``, ``value_1`` and so on.
    """
    if not _is_define_by_run(function, is_sure):
        return None

    def objective(trial: Trial) -> Any:
        from hpbridge_optuna.native.trial import trial_of

        with _own_signal():
            returned = function(trial_of(trial))
        if isinstance(returned, Generator):
            return _in_our_words(returned)
        return _metrics(returned)

    return objective


@contextlib.contextmanager
def _own_signal() -> Iterator[None]:
    """Raise our signal of a trial that ends early for Optuna's."""
    import optuna

    try:
        yield
    except optuna.TrialPruned as signal:
        raise TrialPruned(str(signal)) from signal


def _in_our_words(generator: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """Return an objective that is a generator, which runs only when it is asked."""
    with _own_signal():
        returned = yield from generator
    return _metrics(returned)


def _metrics(returned: Any) -> Any:
    if isinstance(returned, Sequence) and not isinstance(returned, str):
        if len(returned) == 1:
            return returned[0]
        return {f"value_{k}": value for k, value in enumerate(returned)}
    return returned


def _is_define_by_run(function: Callable[..., Any], is_sure: bool) -> bool:
    """Say whether a function takes one argument and calls ``suggest_*`` somewhere."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    needed = [p for p in parameters if p.default is p.empty and p.kind < p.VAR_KEYWORD]
    if len([p for p in needed if p.kind is not p.VAR_POSITIONAL]) != 1:
        return False
    # Of a callable object, what is called is a method of its class.
    inner = function.func if isinstance(function, functools.partial) else function
    called = inner if hasattr(inner, "__code__") else type(inner).__call__
    code = getattr(called, "__code__", None)
    if not is_sure and needed[0].name == "trial":
        return True
    names = getattr(inspect.unwrap(called), "__globals__", {})
    return code is not None and _suggests(code, names, _DEEPEST)


_DEEPEST = 3
"""How far the functions that a function calls are looked into."""


def _suggests(code: CodeType, names: Mapping[str, Any], depth: int) -> bool:
    if any(name.startswith("suggest_") for name in code.co_names):
        return True
    inside = [each for each in code.co_consts if inspect.iscode(each)]
    if depth:  # a lambda around an objective says nothing itself
        called = [names.get(name) for name in code.co_names]
        inside += [each.__code__ for each in called if inspect.isfunction(each)]
    return any(_suggests(each, names, max(depth - 1, 0)) for each in inside)
