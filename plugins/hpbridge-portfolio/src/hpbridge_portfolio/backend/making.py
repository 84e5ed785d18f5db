"""Make a portfolio of a problem, and print what makes one."""

from __future__ import annotations

import pprint
import textwrap
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import changed_options, create_member, encode
from hpbridge_portfolio.backend.portfolio import Portfolio
from hpbridge_portfolio.backend.turns import turns_of

if TYPE_CHECKING:
    from hpbridge.plugin import Algorithm, Optimizer, Problem


def create(
    problem: Problem, algorithm: Algorithm, options: Any, seed: int
) -> Optimizer:
    """Return fresh members as one optimizer, or refuse the problem.

    One member alone is that member itself.
    """
    encode(problem, algorithm, options, f"portfolio:{algorithm.name}")  # refuses
    made = [
        create_member(member, problem, options, member_seed(seed, place))
        for place, member in enumerate(algorithm.members)
    ]
    if len(made) == 1:
        return made[0]
    names = [member.name for member in algorithm.members]
    turns = turns_of(options, len(names), seed)
    return Portfolio(problem.space, dict(zip(names, made, strict=True)), turns)


def member_seed(seed: int, place: int) -> int:
    """Return the seed of a member: the study's own for the first.

    Two members of one library would draw the same first points from the same seed.
    """
    if place == 0:
        return seed
    digest = sha256(f"hpbridge:{seed}:member {place}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def explain(problem: Problem, algorithm: Algorithm, options: Any, seed: int) -> str:
    """Return source that runs the same portfolio by asking and telling.

    Of one member, what runs its library alone.
    """
    name = f"portfolio:{algorithm.name}"
    encoded = encode(problem, algorithm, options, name)
    if len(algorithm.members) == 1:
        (member,) = algorithm.members
        if member.spec.explain is None:
            return "\n".join(encoded.comments())
        own = options.of_member(member)
        return member.spec.explain(problem, member.algorithm, own, seed)
    data = pprint.pformat(problem.space.to_json(), sort_dicts=False)
    given = _changed(algorithm, options)
    source = f"""\
import hpbridge
from hpbridge.plugin import Outcome, Problem, State, registry

space = hpbridge.Space.from_json(
{textwrap.indent(data, "    ")}
)
spec, algorithm = registry().algorithm({name!r})
options = algorithm.options(**{given!r})
optimizer = spec.create(Problem(space), algorithm, options, {seed})
trials = []
for _ in range(n_trials):
    suggestion = optimizer.ask()
    # `suggestion.member` proposed it; the others observe what it comes to
    value = objective(suggestion.params)
    trials.append((suggestion.params, value))
    optimizer.tell(suggestion, Outcome(State.COMPLETE, (value,)))
"""
    return "\n".join([*encoded.comments(), source])


def _changed(algorithm: Algorithm, options: Any) -> dict[str, Any]:
    """Return the options that differ from their defaults, those of members too."""
    own = changed_options(options)
    of_members = {
        member.name: changed
        for member in algorithm.members
        if (changed := changed_options(options.of_member(member)))
    }
    own["members"] = of_members
    return {name: value for name, value in own.items() if value != {}}
