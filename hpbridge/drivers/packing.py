"""Experiments as bytes that another process can read."""

from __future__ import annotations

import contextlib
import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from hpbridge.contract.files import is_file, module_name_of, split_reference
from hpbridge.errors import ExperimentError
from hpbridge.errors.foreign import describe_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpbridge.experiment import Experiment


class PackedExperiment(NamedTuple):
    """An experiment that nobody unpacks but the workers that it is for."""

    name: str
    data: bytes


def pack_experiment(
    experiment: Experiment | PackedExperiment, *, anywhere: bool = False
) -> bytes:
    """Return an experiment as bytes that another process can read.

    Functions of importable modules go by name, all others by value (cloudpickle). One
    that goes whole is not loaded from its file, so that neither is what it holds of it.

    Args:
        experiment: That is sent; one that is packed already goes as it is.
        anywhere: Whether the process may be where the experiment's file is not: then it
            goes by value too, where it can.

    Raises:
        ExperimentError: If it holds something that cannot be sent.
    """
    if isinstance(experiment, PackedExperiment):
        return experiment.data
    if experiment.reference and not experiment.goes_whole:
        by_name = pickle.dumps(experiment.reference)
        if not anywhere or not is_file(split_reference(experiment.reference)[0]):
            return by_name
        try:
            return _packed_by_value(experiment)
        except ExperimentError:
            return by_name
    return _packed_by_value(experiment)


def _packed_by_value(experiment: Experiment) -> bytes:
    import cloudpickle

    try:
        with _by_value(experiment.reference):
            return cast("bytes", cloudpickle.dumps(experiment))
    except Exception as error:  # an object's own pickling
        problem = f"it cannot be sent to a worker process: {describe_error(error)}"
        raise ExperimentError.invalid(experiment.name, [problem]) from error


@contextlib.contextmanager
def _by_value(reference: str) -> Iterator[None]:
    """Let what the file of a reference defines be packed by value."""
    import cloudpickle

    place, _ = split_reference(reference)
    module = sys.modules.get(module_name_of(Path(place))) if is_file(place) else None
    if module is None:
        yield
        return
    cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        cloudpickle.unregister_pickle_by_value(module)


class Packed:
    """Experiments as bytes, each packed once and numbered from 0."""

    def __init__(self) -> None:
        self._known: list[tuple[Experiment, bytes]] = []

    def key_of(self, experiment: Experiment) -> int:
        """Return the number of an experiment, which is packed if it is new.

        Raises:
            ExperimentError: If it cannot be sent.
        """
        for key, (known, _) in enumerate(self._known):
            if known is experiment:
                return key
        self._known.append((experiment, pack_experiment(experiment)))
        return len(self._known) - 1

    def bytes_of(self, key: int) -> bytes:
        """Return a packed experiment."""
        return self._known[key][1]
