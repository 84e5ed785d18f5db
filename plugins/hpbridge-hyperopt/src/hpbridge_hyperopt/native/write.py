"""Ours in Hyperopt's words: the nodes of a space, and the documents of trials.

A label is the parameter's own name: Hyperopt draws in the order of the labels, so
other labels would be other trials.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Call, Categorical, Float, Int, LogNormal, Normal, Quantized
from hpbridge_hyperopt.native.distributions import row_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hpbridge.plugin import Encoded, Parameter
    from hpbridge_hyperopt.backend.space import Layout


def to_nodes(
    encoded: Encoded, layout: Layout, as_node: Callable[[str, Call], Any]
) -> dict[str, Any]:
    """Return Hyperopt's space: what stands for its nodes by name, nested in choices.

    Args:
        encoded: What is searched.
        layout: Where each of it is drawn.
        as_node: Returns what stands for the node of a parameter, given its name and
            the call that makes it; children come first, since their parents hold them.
    """
    nodes: dict[str, Any] = {}

    def add(name: str) -> None:
        if name in nodes:
            return
        for option in layout.branches.get(name, ()):
            for child in option:
                add(child)
        call = _call(name, encoded.native[name], layout, nodes)
        nodes[name] = as_node(name, call)

    for name in layout.roots:
        add(name)
    return {name: nodes[name] for name in layout.roots}


def make(_name: str, call: Call) -> Any:
    """Return the node itself: a label may be in a space twice only as one node."""
    from hpbridge_hyperopt._upstream import hyperopt

    function = getattr(hyperopt.hp, call.name.removeprefix("hp."))
    return call.make({call.name: function, "math.log": math.log})


def _call(
    name: str, parameter: Parameter, layout: Layout, nodes: Mapping[str, Any]
) -> Call:
    if not isinstance(parameter, Categorical):
        return _number(name, parameter)
    if _is_randint(name, parameter, layout):
        return Call("hp.randint", (name, parameter.n_values))
    options: list[Any] = list(parameter.labels)
    if name in layout.branches:
        options = [
            {name: label, **{child: nodes[child] for child in children}}
            for label, children in zip(options, layout.branches[name], strict=True)
        ]
    if parameter.weights is None:
        return Call("hp.choice", (name, options))
    pairs = list(zip(parameter.weights, options, strict=True))
    return Call("hp.pchoice", (name, pairs))


def _number(name: str, parameter: Parameter) -> Call:
    if isinstance(parameter, Int):
        # Half a unit beyond both ends: every int has the same share.
        return Call("hp.quniform", (name, parameter.low - 0.5, parameter.high + 0.5, 1))
    assert isinstance(parameter, (Float, Quantized))
    if parameter.prior is not None:
        return _normal(name, parameter)
    ends: list[Any] = [parameter.low, parameter.high]
    kind = "uniform"
    if parameter.log:
        ends, kind = [Call("math.log", (end,)) for end in ends], "loguniform"
    if isinstance(parameter, Quantized):
        return Call(f"hp.q{kind}", (name, *ends, float(parameter.q)))
    return Call(f"hp.{kind}", (name, *ends))


def is_normal(parameter: Parameter) -> bool:
    """Say whether ``hp.normal`` or one of its kin draws a parameter as it is."""
    if not isinstance(parameter, (Float, Quantized)) or parameter.high < math.inf:
        return False
    if isinstance(parameter.prior, LogNormal):
        return parameter.low <= 0
    return isinstance(parameter.prior, Normal) and parameter.low == -math.inf


def _normal(name: str, parameter: Float | Quantized) -> Call:
    kind = "lognormal" if isinstance(parameter.prior, LogNormal) else "normal"
    law = (parameter.prior.mu, parameter.prior.sigma)
    if isinstance(parameter, Quantized):
        return Call(f"hp.q{kind}", (name, *law, float(parameter.q)))
    return Call(f"hp.{kind}", (name, *law))


def _is_randint(name: str, parameter: Categorical, layout: Layout) -> bool:
    """Say whether the choices are ints in a row, which ``hp.randint`` draws alike.

    Without a node for each of them, that is: thousands of choices take seconds an ask.
    """
    is_bare = name not in layout.branches and parameter.weights is None
    return is_bare and row_of(parameter) is not None


def to_misc(
    tid: int,
    drawn: Mapping[str, float],
    labels: Iterable[str],
    cmd: tuple[str, str],
    workdir: str | None = None,
) -> dict[str, Any]:
    """Return the part of a document that says what was drawn, of all labels."""
    idxs: dict[str, list[int]] = {}
    vals: dict[str, list[float]] = {}
    for label in labels:
        idxs[label] = [tid] if label in drawn else []
        vals[label] = [drawn[label]] if label in drawn else []
    return {"tid": tid, "cmd": cmd, "workdir": workdir, "idxs": idxs, "vals": vals}


def to_document(
    trials: Any,
    domain: Any,
    tid: int,
    drawn: Mapping[str, float],
    result: dict[str, Any],
) -> dict[str, Any]:
    """Return the document of a trial, as an algorithm of Hyperopt's would make it.

    Args:
        trials: The `Trials` that it is for, which it is not added to.
        domain: The `Domain` that `fmin` made of the space.
        tid: Its id.
        drawn: By label.
        result: Of the trial.
    """
    labels = sorted(domain.params)
    misc = to_misc(tid, drawn, labels, domain.cmd, domain.workdir)
    (made,) = trials.new_trial_docs([tid], [None], [result], [misc])
    return made  # type: ignore[no-any-return]
