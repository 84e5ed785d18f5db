"""Ray's own search algorithms, for the host: what `BridgeSearcher` hands on to."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ray.tune.search import Searcher
from ray.tune.search.variant_generator import generate_variants

from hpbridge.plugin import read_options, registry
from hpbridge_ray._upstream import preset_variants
from hpbridge_ray.native.param_space import flatten, nested
from hpbridge_ray.native.write import make_searcher

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def own_searcher(
    optimizer: str,
    seed: int | None,
    options: Mapping[str, object],
    points: Sequence[Mapping[str, Any]],
) -> Searcher | None:
    """Return Ray's own searcher of this name; None where it is not one of Ray's.

    Ray's own grid is no searcher: ``ray:grid`` is a guest as the others are.

    Raises:
        LibraryNotInstalledError: If it needs a library that is not there.
        OptionError: If it has no such options.
    """
    spec, algorithm = registry().algorithm(optimizer)
    if spec.name != "ray" or algorithm.name == "grid":
        return None
    registry().require(spec, algorithm)
    read = read_options(f"ray:{algorithm.name}", algorithm.options, options)
    flat = [flatten(dict(point)) for point in points]
    # To Optuna, a name with a slash is a name; to the others, keys are nested.
    given = flat if algorithm.name == "optuna" else [nested(p) for p in flat]
    if algorithm.name == "random":
        return VariantSearch(seed, given)
    points_to_evaluate = {"points_to_evaluate": given} if given else {}
    return make_searcher(algorithm.name, read, seed, **points_to_evaluate)


class VariantSearch(Searcher):  # type: ignore[misc]
    """The draws of `BasicVariantGenerator`, one trial at a time.

    So Ray's own random search takes part in what only searchers can: saving, evaluated
    points refused in words, `ConcurrencyLimiter`.

    Source:
        ray 2.60.0, `_TrialIterator`: first the presets, then one call of
        `generate_variants` a sample, all with one generator.
    """

    def __init__(self, seed: int | None, points: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self._seed = secrets.randbits(32) if seed is None else seed
        self._points = list(points)
        self._config: dict[str, Any] = {}
        self._n_asked = 0
        self._variants: Iterator[dict[str, Any]] | None = None

    def set_search_properties(
        self,
        metric: str | None,
        mode: str | None,
        config: dict[str, Any],
        **_: Any,
    ) -> bool:
        super().__init__(metric, mode)
        self._config = config
        return True

    def _generate(self) -> Iterator[dict[str, Any]]:
        rng = np.random.default_rng(self._seed)
        spec = {"config": self._config}
        for point in self._points:
            for _, variant in preset_variants(spec, point, rng):
                yield variant["config"]  # whole: what is given is not drawn
        while True:
            for drawn, variant in generate_variants(spec, random_state=rng):
                yield _only(variant["config"], [path[1:] for path in drawn])

    def suggest(self, trial_id: str) -> dict[str, Any]:  # noqa: ARG002
        if self._variants is None:
            self._variants = self._generate()
            for _ in range(self._n_asked):
                next(self._variants)
        self._n_asked += 1
        return next(self._variants)

    def on_trial_complete(self, *_: Any, **__: Any) -> None:
        """Nothing is learnt."""

    def save(self, checkpoint_path: str) -> None:
        state = {"seed": self._seed, "n_asked": self._n_asked}
        Path(checkpoint_path).write_text(json.dumps(state), encoding="utf-8")

    def restore(self, checkpoint_path: str) -> None:
        state = json.loads(Path(checkpoint_path).read_text(encoding="utf-8"))
        self._seed, self._n_asked = state["seed"], state["n_asked"]
        self._variants = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_variants": None}


def _only(
    config: Mapping[str, Any], paths: Sequence[tuple[Any, ...]]
) -> dict[str, Any]:
    """Return what was drawn of a config; a list with a drawn value as a whole."""
    found: dict[str, Any] = {}
    for path in sorted(paths, key=len):
        source, target = config, found
        for k, key in enumerate(path):
            value = source[key]
            if k == len(path) - 1 or not isinstance(value, dict):
                target.setdefault(key, value)
                break
            source, target = value, target.setdefault(key, {})
    return found
