"""Spaces in the words of `RandomizedSearchCV` alone, which its own sampler draws."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.formats.search_choices import read_choices
from hpbridge.formats.search_distributions import (
    is_distribution,
    read_distribution,
    text_of_domain,
)
from hpbridge.formats.search_spaces import (
    is_constant,
    is_sequence,
    only_draws,
    parts_of,
    plain_constant,
)
from hpbridge.space.parameters import Constant, Float, Int, Label, Parameter, is_number
from hpbridge.space.plain import plain_number
from hpbridge.space.space import Space

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Domain:
    """What one parameter is drawn from.

    Attributes:
        parameter: Whose values are drawn; None where there is none, and it is made of
            what was drawn.
        distribution: What has `rvs`; None where it is a list.
        choices: Of a list, all that was given.
        labels: Of a list, what stands for each choice.
    """

    parameter: Parameter | None
    distribution: Any = None
    choices: Sequence[Any] = ()
    labels: Sequence[Label] = ()


@dataclass(frozen=True)
class Sampled:
    """Spaces that are drawn together, and how often."""

    spaces: Sequence[Mapping[str, Domain]]
    n_iter: int


def read_sampled(given: Any, n_iter: int) -> list[Sampled] | None:
    """Return the spaces of a search that scikit-learn's own sampler can draw.

    Several dicts without a number each are drawn together, as there.

    Args:
        given: As of `hpbridge.sklearn.BridgeSearchCV`.
        n_iter: How many candidates are tried in what names no number.

    Returns:
        None where anything is in other words, or wrong.
    """
    is_several = isinstance(given, (list, tuple)) and len(given) > 0
    if is_several and all(isinstance(part, dict) for part in given):
        groups = [(list(given), n_iter)]
    else:
        problems: list[str] = []
        parts = parts_of(given, n_iter, problems)
        groups = [([part], count) for part, count in parts]
        if problems:
            return None
    found = []
    for parts, count in groups:
        spaces = [_domains(part) for part in parts]
        read = [space for space in spaces if space is not None]
        if len(read) < len(spaces):
            return None
        found.append(Sampled(read, count))
    return found


def _domains(given: Any) -> dict[str, Domain] | None:
    if not isinstance(given, dict):
        return None
    found = {name: _domain(domain) for name, domain in given.items()}
    domains = {name: domain for name, domain in found.items() if domain is not None}
    is_searched = any(not isinstance(d.parameter, Constant) for d in domains.values())
    return domains if len(domains) == len(found) and is_searched else None


def _domain(domain: Any) -> Domain | None:
    if is_constant(domain):
        value = plain_constant(domain)
        return Domain(Constant(value), choices=[value], labels=[None])
    if is_distribution(domain):
        return _distribution(domain)
    if only_draws(domain):
        return Domain(None, distribution=domain)
    if not is_sequence(domain):
        return None
    choices = list(domain)
    parameter, labels = read_choices(choices)
    if parameter.problems():
        return None
    return Domain(parameter, choices=choices, labels=labels)


def _distribution(domain: Any) -> Domain | None:
    try:
        domain.rvs(random_state=0)
    except TypeError:  # it lacks its shape
        return None
    try:
        return Domain(read_distribution(domain), distribution=domain)
    except ValueError:
        return Domain(None, distribution=domain)


def recorded(
    domains: Mapping[str, Domain], points: Sequence[Mapping[str, Any]]
) -> tuple[Space, list[dict[str, Label]], list[str]]:
    """Return the space of what was drawn, each point in plain values, and notes.

    Args:
        domains: By name.
        points: Of a list the place of the choice, of a distribution what it drew.
    """
    parameters: dict[str, Parameter] = {}
    columns: dict[str, list[Label]] = {}
    notes = []
    for name, domain in domains.items():
        drawn = [point[name] for point in points]
        if domain.distribution is None:
            labels = [domain.labels[k] for k in drawn]
            known = domain.parameter
        else:
            known, labels = _in_parameter(domain.parameter, drawn)
        if known is None:
            known, labels = _of_draws(drawn)
            text = text_of_domain(domain.distribution)
            notes.append(f"{name!r} is {text}; its range here is that of its draws")
        parameters[name] = known
        if not isinstance(known, Constant):
            columns[name] = labels
    rows = [{n: column[k] for n, column in columns.items()} for k in range(len(points))]
    return Space(parameters), rows, notes


def _in_parameter(
    parameter: Parameter | None, drawn: list[Any]
) -> tuple[Parameter | None, list[Label]]:
    if parameter is None:
        return None, []
    try:
        return parameter, [parameter.canonical(value) for value in drawn]
    except ValueError:  # drawn a rounding error outside
        return None, []


def _of_draws(drawn: list[Any]) -> tuple[Parameter, list[Label]]:
    """Return the parameter of which values may have been drawn, by what they are."""
    plain = [plain_number(value) for value in drawn]
    if plain and all(is_number(v) and math.isfinite(v) for v in plain):
        low, high = min(plain), max(plain)
        if all(isinstance(v, int) for v in plain):
            return Int(low, high), list(plain)
        return Float(low, high), [float(v) for v in plain]
    if not drawn:
        return Constant(None), []
    return read_choices(drawn)
