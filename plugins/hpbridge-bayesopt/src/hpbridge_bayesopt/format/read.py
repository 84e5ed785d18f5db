"""Read what bayesian-optimization keeps: states, logs, and live optimizers.

Files are plain JSON; nothing here imports the library.

Source:
    bayesian-optimization 3.4.0, `BayesianOptimization.save_state`; 1.4.3 and 2.0.3,
    `JSONLogger`, which writes a JSON object a line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import (
    DAMAGE,
    PAYLOAD_KEY,
    Float,
    ForeignStudy,
    FormatError,
    Hints,
    Int,
    Parameter,
    Space,
    SpaceError,
    is_instance_of,
    is_number,
    read_json_text,
    unpack_study,
)
from hpbridge_bayesopt.format.live import read_live
from hpbridge_bayesopt.format.points import (
    CONSTRAINT,
    NATIVE_KEYS,
    number_in,
    params_of,
    trial_of,
)
from hpbridge_bayesopt.native.read import space_of

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = "bayesopt"
METRIC = "target"

_HEAD = 2**14
_STATE_KEYS = ("keys", "params", "target")


def recognizes(source: object) -> bool:
    """Say whether it is a live optimizer, a state file or a log."""
    if isinstance(source, Path):
        return source.is_file() and _is_known(_head(source))
    return _is_optimizer(source)


def _is_optimizer(source: object) -> bool:
    return is_instance_of(source, "bayes_opt", "BayesianOptimization")


def _head(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD).decode("utf-8", "ignore").lstrip()
    except OSError:
        return ""


def _is_known(head: str) -> bool:
    if not head.startswith("{"):
        return False
    if '"pbounds"' in head:  # the first key of a state
        return True
    line = head.split("\n", 1)[0]
    # Of a log the first line may be longer than the head.
    return line[1:].lstrip().startswith('"target"') and '"params"' in line


def read(source: Any, hints: Hints) -> ForeignStudy:
    """Read a study.

    Raises:
        FormatError: If it is damaged, needs a space that was not given, or the hints
            do not go with it.
    """
    where = source if isinstance(source, Path) else f"a {type(source).__name__}"
    name = hints.name or (where.stem if isinstance(where, Path) else NAME)
    try:
        metric = _metric(hints)
        if isinstance(source, Path):
            return _read_file(source, name, metric, hints)
        if not _is_optimizer(source):
            msg = "it is no BayesianOptimization and no file of its states or logs"
            raise TypeError(msg)
        return read_live(source, name, metric)
    except OSError as error:
        raise _unreadable(where, [error.strerror or str(error)]) from error
    except SpaceError as error:
        raise _unreadable(where, error.problems) from error
    except DAMAGE as error:
        raise _unreadable(where, [" ".join(str(error).split())[:300]]) from error


def _unreadable(where: object, problems: Sequence[str]) -> FormatError:
    hint = "`--space file.py:pbounds` says what it searched"
    return FormatError.unreadable(NAME, where, problems, hint)


def _metric(hints: Hints) -> str:
    if not hints.direction:
        return METRIC
    name, way = next(iter(hints.direction.items()))
    if len(hints.direction) > 1 or way != "maximize":
        msg = f"the library maximizes one target, not {dict(hints.direction)!r}"
        raise ValueError(msg)
    return name


def _given_space(hints: Hints) -> Space | None:
    """Return the space that was given; ``pbounds`` as the library reads them."""
    if isinstance(hints.native_space, Mapping) and not _is_ours(hints.native_space):
        return space_of(hints.native_space)  # here it is known what they are
    return hints.space


def _is_ours(space: Mapping[str, object]) -> bool:
    values = space.values()
    return isinstance(space, Space) or any(isinstance(v, Parameter) for v in values)


def _read_file(path: Path, name: str, metric: str, hints: Hints) -> ForeignStudy:
    text = path.read_text(encoding="utf-8").strip()
    if '"pbounds"' in text[:_HEAD]:
        return _read_state(read_json_text(text), name, metric, _given_space(hints))
    lines, notes = _lines(text)
    found = _read_log(lines, name, metric, _given_space(hints))
    return replace(found, notes=(*found.notes, *notes))


# --- states


def _read_state(
    state: Mapping[str, Any], name: str, metric: str, given: Space | None
) -> ForeignStudy:
    if PAYLOAD_KEY in state:
        return unpack_study(state[PAYLOAD_KEY], NAME)
    missing = [key for key in _STATE_KEYS if not isinstance(state.get(key), list)]
    if missing:
        msg = f"it lacks the list {missing[0]!r} that a state has"
        raise ValueError(msg)
    keys, rows, targets = (state[key] for key in _STATE_KEYS)
    notes = ["the state keeps no start, no duration and no failed trials"]
    space = given
    if space is None:
        space = _space_of_state(state, notes)
    if space is not None:
        _fit(space, keys)
    points = [params_of(keys, row, space) for row in rows]
    values = state.get("constraint_values") or [None] * len(rows)
    if not len(rows) == len(targets) == len(values):
        msg = f"it holds {len(rows)} points, {len(targets)} targets and {len(values)} "
        raise ValueError(msg + "constraint values")
    if state.get("constraint_values"):
        notes.append("the state does not hold the limits of its constraint")
    unknown = [k for k, point in enumerate(points) if point is None]
    if unknown:
        notes.append(
            f"trials {unknown} are left out: their choice is none of the space"
        )
    trials = [
        trial_of(point, metric, target, value)
        for point, target, value in zip(points, targets, values, strict=True)
        if point is not None
    ]
    return ForeignStudy(
        name=name,
        trials=tuple(trials),
        metrics={metric: "maximize"},
        space=space,
        algorithm=_algorithm(state.get("acquisition_params")),
        native={key: state.get(key) for key in NATIVE_KEYS},
        notes=tuple(notes),
    )


def _space_of_state(state: Mapping[str, Any], notes: list[str]) -> Space | None:
    """Return the space of a state without choices; its ints look like floats."""
    keys = [str(key) for key in state["keys"]]
    widths = {len(row) for row in state["params"]}
    if widths - {len(keys)}:
        msg = f"its points have {max(widths)} numbers for the parameters {keys}: some "
        raise ValueError(msg + "are choices, whose names the state does not hold")
    if state.get("transformed_bounds"):
        notes.append("its ranges are those that domain reduction left; give the space")
        return None
    whole = [
        key
        for k, key in enumerate(keys)
        if all(float(row[k]).is_integer() for row in state["params"])
    ]
    notes.append(
        "the state does not say which ranges are of ints: all are read as floats"
    )
    if whole and state["params"]:
        notes.append(f"{whole} had whole numbers only; give the space if they are ints")
    return Space({key: Float(*state["pbounds"][key]) for key in keys})


def _fit(space: Space, keys: Sequence[str]) -> None:
    """Check that a space has the parameters of the source, whatever their order."""
    searched = list(space.searched)
    if set(searched) != set(keys):
        msg = f"the space has the parameters {searched}, and it {list(keys)}"
        raise ValueError(msg)


def _algorithm(params: Any) -> str:
    """Return the algorithm; nothing for ``xi``, which two of them have."""
    if not isinstance(params, dict):
        return ""
    if "gains" in params:
        return "hedge"
    return "ucb" if "kappa" in params and "xi" not in params else ""


# --- logs


def _lines(text: str) -> tuple[list[Any], list[str]]:
    """Return what the lines hold, and a note where the last one is torn."""
    found: list[Any] = []
    lines = [line for line in text.splitlines() if line.strip()]
    for number, line in enumerate(lines, 1):
        try:
            found.append(read_json_text(line))
        except ValueError as error:
            if number == len(lines) > 1:  # it was being written when its process died
                return found, ["the last line is torn: its trial is left out"]
            msg = f"line {number} is no JSON ({error})"
            raise ValueError(msg) from error
    return found, []


def _read_log(
    lines: Sequence[Mapping[str, Any]], name: str, metric: str, space: Space | None
) -> ForeignStudy:
    if not lines:
        msg = "it is empty"
        raise ValueError(msg)
    notes = ["the log holds no duration and no failed trials"]
    if space is None:
        notes.append("the log does not hold its space")
    else:
        _fit(space, list(lines[0]["params"]))
    trials = [
        trial_of(_of_line(line, space), metric, line["target"], line.get(CONSTRAINT))
        for line in lines
    ]
    if any(CONSTRAINT in line for line in lines):
        notes.append("the log does not hold the limits of its constraint")
    return ForeignStudy(
        name=name,
        trials=tuple(trials),
        metrics={metric: "maximize"},
        space=space,
        notes=tuple(notes),
    )


def _of_line(line: Mapping[str, Any], space: Space | None) -> dict[str, Any]:
    params = dict(line["params"])
    if space is None:
        return params
    return {
        name: number_in(space[name], float(value))
        if is_number(value) and isinstance(space[name], (Float, Int))
        else value
        for name, value in params.items()
    }
