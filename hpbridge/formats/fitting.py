"""Put trials of elsewhere into a space: theirs, one that is given, or one inferred."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hpbridge.contract.foreign import ForeignTrial
from hpbridge.errors import FormatError, SpaceError, nearest
from hpbridge.formats.cells import NONE_CHOICE, label_of_cell, parse_column
from hpbridge.formats.trials import finished_of
from hpbridge.space.categorical import Categorical
from hpbridge.space.gathering import gather, outside_attribute
from hpbridge.space.parameters import Float, Int, plain_number
from hpbridge.space.plain_data import note_of_text, plain_data
from hpbridge.space.space import Space
from hpbridge.trial import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hpbridge.contract.foreign import ForeignStudy, Hints
    from hpbridge.space.kinds import Searched
    from hpbridge.trial import FinishedTrial

MOST_NAMED = 3
"""How many reasons for which trials do not fit are named one by one."""
_FEWEST_SAID_FIRST = 10
"""Where more than one in so many complete trials is left out, that is said first."""


def fitted(
    read: ForeignStudy, hints: Hints, form: str, source: object
) -> tuple[Space, list[FinishedTrial], list[str]]:
    """Return the space of a study that was read, its trials in it, and the notes.

    Args:
        read: What its reader found.
        hints: What the user says of it.
        form: The name of the format.
        source: Where it was.

    Raises:
        FormatError: If it has no parameter, or none that the hints name.
    """
    fitting = _Fitting(read, hints, form, source)
    space, outside, notes = fitting.space()
    defaults = fitting.defaults(space)
    noted, lost = _noted(read.trials)
    trials = [_filled(_without(trial, outside), space, defaults) for trial in noted]
    notes = [*read.notes, *notes, *_of_defaults(read.trials, trials, defaults), *lost]
    is_inferred = not (read.space or hints.space)
    found, first, others = _kept(
        trials,
        space,
        is_inferred=is_inferred,
        is_seen=is_inferred and not read.parameters,
    )
    return space, found, first + notes + others


def seen_parameters(trials: Iterable[ForeignTrial]) -> dict[str, Searched]:
    """Return the smallest parameters that hold the values of some trials.

    Whole numbers make an `Int`, other numbers a `Float`, everything else the choices
    in the order in which they first came up.
    """
    values: dict[str, list[Any]] = {}
    for trial in trials:
        for name, value in trial.params.items():
            values.setdefault(name, []).append(plain_number(value))
    return {name: _hull(seen) for name, seen in values.items()}


def _hull(values: list[Any]) -> Searched:
    kinds = {type(value) for value in values}
    if kinds == {int}:
        return Int(min(values), max(values))
    if kinds <= {int, float}:
        return Float(min(values), max(values))
    choices: list[Any] = []
    for value in values:
        if not any(value == c and type(value) is type(c) for c in choices):
            choices.append(value)
    return Categorical(choices)


@dataclass(frozen=True)
class _Fitting:
    """What is to be fitted, and what the user says of it."""

    read: ForeignStudy
    hints: Hints
    form: str
    source: object

    def space(self) -> tuple[Space, tuple[str, ...], list[str]]:
        """Return the space, what is no parameter of it, and what is not certain."""
        known = self.read.space or self.hints.space
        if known is not None:
            problems = [
                f"{name!r} is to be left out, and is a parameter of the space"
                for name in self.hints.without
                if name in known
            ]
            if problems:
                hint = "`--without` names what the space does not have"
                raise self._unreadable(problems, hint)
            return known, self.hints.without, []
        named = dict(self.read.parameters)
        parameters = named or self._seen()
        self._check(parameters)
        points = [
            (_partial(trial.params, parameters), trial.state is State.COMPLETE)
            for trial in self.read.trials
        ]
        found = gather(
            parameters,
            points,
            defaults=self.hints.defaults,
            without=self.hints.without,
            is_ordered=bool(named),
        )
        notes = list(found.notes)
        if not named:
            notes.append(
                "the source holds no space: the ranges are those of the values seen"
            )
        try:
            return Space(found.parameters), found.outside, notes
        except SpaceError as error:
            hint = "give the space with --space FILE:NAME"
            raise self._unreadable(error.problems, hint) from error

    def _seen(self) -> dict[str, Searched]:
        """Return the parameters of the values seen, defaults among them."""
        names = {name for trial in self.read.trials for name in trial.params}
        added = {n: v for n, v in self.hints.defaults.items() if n in names}
        read = {n: _literal(v) for n, v in added.items()}
        more = [ForeignTrial(State.COMPLETE, read)] if added else []
        return seen_parameters([*self.read.trials, *more])

    def _check(self, parameters: Mapping[str, Searched]) -> None:
        if not parameters:
            problem = "its trials have no parameters"
            hint = "give its space, or say which columns are parameters"
            raise self._unreadable([problem], hint)
        problems = [
            f"{name!r} is to be left out and is no parameter; "
            f"{nearest(name, parameters)}"
            for name in self.hints.without
            if name not in parameters
        ]
        if problems or {*parameters} <= {*self.hints.without}:
            problems = problems or ["all of its parameters are to be left out"]
            raise self._unreadable(problems, "`--without` names some of its parameters")

    def defaults(self, space: Space) -> dict[str, Any]:
        """Return the values for what trials lack, plain and in their ranges."""
        found, problems = {}, []
        for name, value in self.hints.defaults.items():
            parameter = space.searched.get(name)
            if parameter is None:
                known = nearest(name, space.searched)
                problems.append(f"{name!r} has a default and is no parameter; {known}")
                continue
            try:
                found[name] = parameter.canonical(_read(value, parameter))
            except ValueError as error:
                problems.append(f"the default of {name!r} {error}")
        if problems:
            hint = "give a value in the range, or the space with a range that holds it"
            raise self._unreadable(problems, hint)
        return found

    def _unreadable(self, problems: Sequence[str], hint: str) -> FormatError:
        return FormatError.unreadable(self.form, self.source, problems, hint)


def _noted(
    trials: Sequence[ForeignTrial],
) -> tuple[list[ForeignTrial], list[str]]:
    """Return trials whose attributes are plain data, and what is so only as text."""
    found: list[ForeignTrial] = []
    types: dict[str, dict[str, None]] = defaultdict(dict)
    n_trials: Counter[str] = Counter()
    for trial in trials:
        plain = {str(n): plain_data(v) for n, v in trial.attributes.items()}
        for name, data in plain.items():
            if data.as_text:
                types[name] |= dict.fromkeys(data.as_text)
                n_trials[name] += 1
        attributes = {name: data.value for name, data in plain.items()}
        native = plain_data(trial.native).value
        found.append(replace(trial, attributes=attributes, native=native))
    return found, [
        note_of_text(name, found_types, f" of {n_trials[name]} trials")
        for name, found_types in types.items()
    ]


def _read(value: object, parameter: Searched) -> object:
    """Return the value that text of a command line stands for; others as they are."""
    if not isinstance(value, str) or not isinstance(parameter, Categorical):
        return _literal(value)
    label = label_of_cell(value, parameter)
    return label if parameter.contains(label) else _literal(value)


def _literal(value: object) -> object:
    """Return what text of a command line says: a number, a bool, None, or text."""
    if not isinstance(value, str):
        return value
    found = parse_column([value])[0]
    return None if found is NONE_CHOICE else found


def _without(trial: ForeignTrial, outside: Sequence[str]) -> ForeignTrial:
    """Return a trial whose values of what is no parameter are attributes."""
    moved = [name for name in outside if name in trial.params]
    if not moved:
        return trial
    attributes = dict(trial.attributes)
    for name in moved:
        key = outside_attribute(name)
        while key in attributes:
            key = outside_attribute(key)
        attributes[key] = trial.params[name]
    params = {name: v for name, v in trial.params.items() if name not in moved}
    return replace(trial, params=params, attributes=attributes)


def _filled(
    trial: ForeignTrial, space: Space, defaults: Mapping[str, Any]
) -> ForeignTrial:
    """Return a trial with the defaults of what it lacks.

    One that failed may have ended before it was asked for.
    """
    if trial.state is State.FAILED or not any(n not in trial.params for n in defaults):
        return trial
    params = dict(trial.params)
    for name in space.searched:
        if name in defaults and name not in params:
            point = _partial(params, space.searched)
            if space.is_active(name, point):
                params[name] = defaults[name]
    return replace(trial, params=params)


def _of_defaults(
    before: Sequence[ForeignTrial],
    after: Sequence[ForeignTrial],
    defaults: Mapping[str, Any],
) -> list[str]:
    n_filled = {
        name: sum(
            name in new.params and name not in old.params
            for old, new in zip(before, after, strict=True)
        )
        for name in defaults
    }
    return [
        f"{n_filled[name]} trials that lack {name!r} got its default {value!r}"
        for name, value in defaults.items()
    ]


def _kept(
    trials: Sequence[ForeignTrial], space: Space, *, is_inferred: bool, is_seen: bool
) -> tuple[list[FinishedTrial], list[str], list[str]]:
    """Return the trials that are in the space, and what is said first and last.

    Of a space that is only what was seen, a row with gaps is still one of its rows.
    """
    found: list[FinishedTrial] = []
    numbers: dict[int | None, int] = {}
    unfit: dict[str, list[int]] = defaultdict(list)
    choices: dict[str, None] = {}
    for place, trial in enumerate(trials):
        try:
            point = _point(trial, space)
        except SpaceError as error:
            unfit[error.reasons[0]].append(place)
            choices |= dict.fromkeys(_choices(trial, space, is_inferred))
            if not is_seen:
                continue
            point = _partial(trial.params, space.searched)
        numbers[place] = len(found)
        # A trial goes on from one that was there before; without it, it stands alone.
        kept = replace(trial, parent=numbers.get(trial.parent))
        found.append(finished_of(kept, len(found), point, space))
    if not unfit:
        return found, [], []
    n_unfit = sum(map(len, unfit.values()))
    what = "have only a part of a point" if is_seen else "are left out"
    text = f"{n_unfit} of {len(trials)} trials {what}"
    said = [f"{text}, since they are not in the space: {_reasons(unfit)}"]
    if choices:
        said.append("what may be done about it: " + ", ".join(choices))
    # Only complete ones are: others are kept with what they have of a point.
    n_complete = sum(trial.state is State.COMPLETE for trial in trials)
    is_much = _FEWEST_SAID_FIRST * n_unfit > n_complete
    return (found, said, []) if is_much else (found, [], said)


def _choices(trial: ForeignTrial, space: Space, is_inferred: bool) -> Iterator[str]:
    """Yield what would keep a trial that has less or more than the space."""
    point = _partial(trial.params, space.searched)
    for name in space.active(point):
        if name not in trial.params:
            yield f"`--default {name}=VALUE` gives {name!r} to those that lack it"
            if is_inferred:
                yield f"`--without {name}` keeps them, with no {name!r} in the space"
    for name in trial.params:
        if name not in space:
            yield f"`--without {name}` makes {name!r} an attribute"


def _reasons(left_out: Mapping[str, Sequence[int]]) -> str:
    most = sorted(left_out.items(), key=lambda item: -len(item[1]))
    named = []
    for reason, places in most[:MOST_NAMED]:
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        named.append(f"trial {places[0]}{more}: {reason}")
    if len(most) > MOST_NAMED:
        named.append("...")
    return "; ".join(named)


def _point(trial: ForeignTrial, space: Space) -> dict[str, Any]:
    """Return a trial's point; of one that failed, what it has of a point."""
    try:
        return space.canonical(trial.params)
    except SpaceError:
        if trial.state is State.COMPLETE:
            raise
        return _partial(trial.params, space.searched)


def _partial(
    params: Mapping[str, Any], parameters: Mapping[str, Searched]
) -> dict[str, Any]:
    """Return those values of a trial that are in the space, plain."""
    point: dict[str, Any] = {}
    for name, parameter in parameters.items():
        if name in params:
            try:
                point[name] = parameter.canonical(params[name])
            except ValueError:
                continue
    return point
