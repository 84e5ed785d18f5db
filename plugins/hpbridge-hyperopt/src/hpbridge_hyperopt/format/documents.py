"""One document of a `Trials` as a trial of ours."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import ForeignTrial, State, inert
from hpbridge_hyperopt.format.plain_data import NoJsonError, as_json
from hpbridge_hyperopt.native.objective import NOT_METRICS, further_metrics, is_metric

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.plugin import Space
    from hpbridge_hyperopt.native.distributions import Draw

# hyperopt 0.3.0, `base.JOB_STATES`.
NEW, RUNNING, DONE, ERROR, CANCEL = range(5)
_STATES = range(5)
_LARGEST_ID = 2**53

OURS = "hpbridge:"
"""What we add to a `Trials` has keys that start so."""


class DocumentError(ValueError):
    """A document that no `Trials` would hold; the message ends a sentence on it."""


@dataclass
class Reader:
    """Reads documents.

    Attributes:
        space: What they are points of; None leaves their values as they are.
        draws: What each label of it draws.
        metrics: Direction by metric; the first is the one that the loss stands for.
        loss: The name of the metric that the loss is, and whether it is its negative.
        lost: Names of entries that are no plain data.
    """

    space: Space | None
    draws: Mapping[str, Draw]
    metrics: Mapping[str, str]
    loss: tuple[str, bool] = ("loss", False)
    lost: dict[str, None] = field(default_factory=dict)

    def read(self, doc: Any, attachments: Mapping[str, Any]) -> ForeignTrial | None:
        """Return the trial of a document; None where it is not finished.

        Args:
            doc: Plain data.
            attachments: Those of the trial, by name.

        Raises:
            DocumentError: If it is none.
        """
        state, result, misc, vals = _parts(doc)
        if state in {NEW, RUNNING}:
            return None
        metrics = self._metrics(result)
        outcome, error = self._outcome(state, result, misc, metrics)
        params = self._params(vals)
        started_at, seconds = _times(doc)
        return ForeignTrial(
            state=outcome,
            params=params,
            metrics=metrics,
            error=error,
            started_at=started_at,
            run_seconds=seconds,
            attributes=self._attributes(result, attachments),
            native=self._native(doc, params, vals),
        )

    def _metrics(self, result: Mapping[str, Any]) -> dict[str, float]:
        found = {}
        if is_metric(result.get("loss")):
            name, is_negative = self.loss
            loss = float(result["loss"])
            found[name] = -loss if is_negative else loss
        further = further_metrics(result).items()
        return found | {name: value for name, value in further if name not in found}

    def _outcome(
        self,
        state: int,
        result: Mapping[str, Any],
        misc: Mapping[str, Any],
        metrics: Mapping[str, float],
    ) -> tuple[State, str | None]:
        if state == CANCEL:
            return State.FAILED, "cancelled"
        if state == ERROR:
            return State.FAILED, _error_text(misc.get("error"))
        if (status := result.get("status")) != "ok":
            return State.FAILED, f"it returned the status {status!r:.80}"
        missing = [m for m in self.metrics if math.isnan(metrics.get(m, math.nan))]
        if missing:
            what = "nan" if missing[0] in metrics else "no number"
            return State.FAILED, f"returned {what} for metric {missing[0]!r}"
        return State.COMPLETE, None

    def _params(self, vals: Mapping[str, Any]) -> dict[str, Any]:
        if self.space is None:
            return dict(vals)
        known = {
            name: self.draws[name].plain(value) if name in self.draws else value
            for name, value in vals.items()
        }
        active = set(self.space.active(known))
        # A point to evaluate may have values where it is not active.
        return {n: v for n, v in known.items() if n in active or n not in self.draws}

    def _attributes(
        self, result: Mapping[str, Any], attachments: Mapping[str, Any]
    ) -> dict[str, Any]:
        found = {}
        for name, value in [*result.items(), *attachments.items()]:
            is_own = isinstance(name, str) and name.startswith(OURS)
            if is_own or (name in NOT_METRICS or is_metric(value)):
                continue
            try:
                found[str(name)] = as_json(value)
            except NoJsonError:
                self.lost[str(name)] = None
        return found

    def _native(
        self, doc: Mapping[str, Any], params: Mapping[str, Any], vals: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return what `fmin` sees of the document and our trial does not say."""
        native: dict[str, Any] = {"tid": doc["tid"]}
        if doc["state"] != DONE:
            native["state"] = doc["state"]
        elif (status := doc["result"].get("status")) != "ok":
            native["status"] = str(status)
            if is_metric(loss := doc["result"].get("loss")):  # TPE believes it
                native["loss"] = repr(float(loss))
        lossy = {
            name: value
            for name, value in vals.items()
            if name in params
            and name in self.draws
            and is_metric(value)
            and not _is_drawn(self.draws[name], params[name], value)
        }
        return native | ({"vals": lossy} if lossy else {})


def _is_drawn(draw: Draw, value: Any, drawn: float) -> bool:
    try:
        return draw.drawn(value) == drawn
    except (KeyError, TypeError, ValueError):
        return True  # a value that is not of the space cannot be told better


def _parts(
    doc: Any,
) -> tuple[int, dict[str, Any], dict[str, Any], dict[str, Any]]:
    if not isinstance(doc, dict):
        msg = f"is {doc!r:.40}, no dict"
        raise DocumentError(msg)
    missing = [k for k in ("tid", "state", "result", "misc") if k not in doc]
    if missing:
        msg = f"has no {missing[0]!r}"
        raise DocumentError(msg)
    state, result, misc = doc["state"], doc["result"], doc["misc"]
    if isinstance(state, bool) or state not in _STATES:
        msg = f"has the state {state!r:.40}, not one of 0 to 4"
        raise DocumentError(msg)
    tid = doc["tid"]
    if type(tid) is not int or abs(tid) > _LARGEST_ID:
        msg = f"has the id {inert.brief(tid)}, which is none that Hyperopt gives"
        raise DocumentError(msg)
    if not isinstance(result, dict) or not isinstance(misc, dict):
        msg = "has a result or a misc that is no dict"
        raise DocumentError(msg)
    return state, result, misc, _drawn(misc.get("vals"))


def drawn_of(doc: Any, label: str) -> list[Any]:
    """Return what a document, sound or not, drew for a label: one value or none."""
    found = doc
    for key in ("misc", "vals", label):
        found = found.get(key) if isinstance(found, dict) else None
    listed = found if isinstance(found, list) else []
    return [value for value in listed[:1] if isinstance(value, (int, float))]


def _drawn(vals: Any) -> dict[str, Any]:
    if not isinstance(vals, dict):
        msg = f"has the values {inert.brief(vals)}, which are no dict"
        raise DocumentError(msg)
    found = {}
    for label, listed in vals.items():
        if not isinstance(listed, (list, tuple)) or len(listed) > 1:
            values, of = inert.brief(listed), inert.brief(label)
            msg = f"has the values {values} of {of}, not one or none"
            raise DocumentError(msg)
        if listed and not isinstance(listed[0], (int, float, str, type(None))):
            value, of = inert.brief(listed[0]), inert.brief(label)
            msg = f"has the value {value} of {of}, no plain value"
            raise DocumentError(msg)
        if listed:
            found[str(label)] = listed[0]
    return found


def _error_text(error: Any) -> str:
    if not isinstance(error, (list, tuple)) or len(error) != 2:  # noqa: PLR2004
        return "it raised"
    # hyperopt 0.3.0, `FMinIter.serial_evaluate`: ("<class 'ValueError'>", message).
    kind = str(error[0]).removeprefix("<class '").removesuffix("'>")
    kind = kind.removeprefix("builtins.")
    lines = str(error[1]).strip().splitlines()
    if lines and lines[0].startswith("Traceback"):  # of SparkTrials, the whole of it
        return lines[-1]
    text = " ".join(" ".join(lines).split())
    return f"{kind}: {text}" if text else kind


def _times(doc: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Return start and duration; Hyperopt's times have no zone and are in UTC."""
    book, refresh = (_timestamp(doc.get(k)) for k in ("book_time", "refresh_time"))
    if book is None or refresh is None or refresh < book:
        return book, None
    return book, refresh - book


def _timestamp(time: Any) -> float | None:
    if not isinstance(time, dt.datetime):
        return None
    try:
        return (time if time.tzinfo else time.replace(tzinfo=dt.UTC)).timestamp()
    except (ValueError, OverflowError) as error:  # a pickle may hold any day
        msg = f"has a time that is none: {error}"
        raise DocumentError(msg) from error
