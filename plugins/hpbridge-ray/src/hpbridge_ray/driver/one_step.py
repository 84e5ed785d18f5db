"""The experiment as Tune's trainable, on an actor."""

from __future__ import annotations

import base64
import json
import math
import pickle
from typing import TYPE_CHECKING, Any

from ray import tune

from hpbridge.plugin import Attempt, Checkpoint, Place, Point
from hpbridge_ray.driver.actor import Runner
from hpbridge_ray.driver.desk import asking

if TYPE_CHECKING:
    from collections.abc import Mapping

METRIC = "value"


class Objective(tune.Trainable):  # type: ignore[misc]
    """The experiment on an actor. One step is one trial.

    Attributes:
        packed: What the runner is made of. Of a class, which goes to the actors by
            Ray's directory: where its object store is lost, Ray ends this process.
        desk: The actor that answers reports, and the study; None without a pruner.
    """

    packed = b""
    desk: tuple[Any, str] | None = None

    def setup(self, config: Mapping[str, Any]) -> None:
        self._runner = Runner(self.packed)
        self._task = config["task"]

    def reset_config(self, new_config: Mapping[str, Any]) -> bool:
        self._task = new_config["task"]
        return True

    def step(self) -> dict[str, Any]:
        result: dict[str, Any] = {METRIC: math.nan, "done": True}
        if self._runner.problem is not None:
            return result | {"problem": self._runner.problem}
        # Text, since Tune flattens, copies and logs what it is given.
        point, limit, log, (reports, place) = json.loads(self._task)
        point = Point(*point)
        answer = None
        if self.desk is not None:
            desk, study = self.desk
            answer = asking(desk, point.number, (study, point.number))
        attempt = Attempt(answer, Checkpoint(reports, Place(*place)))
        run, _, printed = self._runner.run(point, limit, log, attempt)
        packed = pickle.dumps((run, printed))
        return result | {"run": base64.b64encode(packed).decode()}
