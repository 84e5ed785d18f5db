"""The names of optimizers: the one grammar, and the one place that reads it.

``BACKEND[:ALGORITHM][@ENVIRONMENT]``; of a backend whose algorithms take members,
``BACKEND:[ALGORITHM:]MEMBER+MEMBER...``, each member such a name. As in ``optuna``,
``skopt:gp``, ``portfolio:optuna:tpe+skopt:gp`` and
``portfolio:elimination:optuna:tpe+skopt:gp``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpbridge.errors import OptimizerNameError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

JOIN = "+"
"""Between members."""
_ENVIRONMENT = "@"

_GRAMMAR = (
    "write BACKEND or BACKEND:ALGORITHM, as in skopt:gp; `+` joins the members of a "
    "portfolio, as in portfolio:optuna:tpe+skopt:gp"
)


@dataclass(frozen=True)
class OptimizerName:
    """The name of an optimizer, read.

    Attributes:
        backend: As written.
        algorithm: Empty where the backend's default is meant.
        members: The names that it joins, if it joins any.
    """

    backend: str
    algorithm: str = ""
    members: tuple[OptimizerName, ...] = ()

    def __str__(self) -> str:
        parts = [self.backend, self.algorithm, JOIN.join(map(str, self.members))]
        return ":".join(part for part in parts if part)


def read_name(
    text: str, variants: Callable[[str], Collection[str] | None]
) -> OptimizerName:
    """Read the name of an optimizer.

    Args:
        text: As written.
        variants: ``variants(backend)``: the algorithms of a backend, where they take
            members; None of any other one.

    Raises:
        OptimizerNameError: With all that is wrong with it.
    """
    backend, _, rest = text.partition(":")
    known = variants(backend)
    if known is None:
        problems = _against(text)
        if problems:
            raise OptimizerNameError.wrong(text, problems, _GRAMMAR)
        return OptimizerName(backend, rest)
    first, _, others = rest.partition(":")
    algorithm, joined = (first, others) if first in known else ("", rest)
    if not joined.strip():
        left = f"{backend}:{algorithm}" if algorithm else backend
        hint = f"name them, as in {left}:optuna:tpe+skopt:gp"
        problem = f"{backend!r} is made of other optimizers, and none is named"
        raise OptimizerNameError.wrong(text, [problem], hint)
    members = [name.strip() for name in joined.split(JOIN)]
    problems = [each for name in members for each in _against_member(name, variants)]
    if problems:
        raise OptimizerNameError.wrong(text, list(dict.fromkeys(problems)), _GRAMMAR)
    read = [name.partition(":") for name in members]
    plain = tuple(OptimizerName(who, which) for who, _, which in read)
    return OptimizerName(backend, algorithm, plain)


def _against_member(
    name: str, variants: Callable[[str], Collection[str] | None]
) -> list[str]:
    backend = name.partition(":")[0]
    if not name:
        return [f"a member has no name: there is nothing on one side of {JOIN!r}"]
    if variants(backend) is not None:
        return [f"{backend!r} cannot be a member, since it has members itself"]
    return _against(name)


def _against(name: str) -> list[str]:
    """Return what is wrong with the name of an optimizer that joins no others."""
    problems = []
    if _ENVIRONMENT in name:
        where = name.partition(_ENVIRONMENT)[2]
        problems.append(
            f"{name!r} asks for the environment {where!r}: optimizers run in this "
            f"one, and nothing may follow {_ENVIRONMENT!r} yet"
        )
    if JOIN in name:
        problems.append(f"{JOIN!r} joins the members of a portfolio alone")
    return problems
