"""The driver kit passes the core's own drivers, and fails wrong ones by name."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext

import pytest

from hpbridge.contract.execution import DriverSpec
from hpbridge.contract.registry import registry
from hpbridge.drivers.futures import open_futures
from hpbridge.drivers.in_process import InProcess
from hpbridge.errors import ExperimentError
from hpbridge.testing import DriverConformance, check_driver, driver_case
from hpbridge.testing import driver_objectives as objectives
from hpbridge.testing.driver_case import DriverCase
from hpbridge.testing.driver_checks import DRIVERS
from tests import wrong_drivers as wrong


def kill(process) -> None:
    """Lose the node of a driver whose nodes are processes."""
    os.kill(process, signal.SIGKILL)


class TestWorkers(DriverConformance):
    # Opened with two workers, or with a timeout.
    spec = registry().driver("local")
    lose_node = staticmethod(kill)


def open_here(experiment, settings):
    if settings.timeout_trial is not None:
        problem = "timeout_trial must be None: nobody ends this process"
        raise ExperimentError.invalid(experiment.name, [problem])
    return nullcontext(InProcess())


class TestInProcess(DriverConformance):
    spec = DriverSpec("here", "In process.", open_here, isolates=False)


@contextmanager
def pooled(kind, experiment, settings):
    with kind(2) as pool, open_futures(pool, experiment, settings) as executor:
        yield executor


class TestThreads(DriverConformance):
    spec = registry().driver("threads")


class TestSimulated(DriverConformance):
    spec = registry().driver("simulated")

    @pytest.fixture(autouse=True)
    def _soon(self, monkeypatch) -> None:
        # What states no time takes what it really takes, and nobody ends it here.
        monkeypatch.setattr(objectives, "TOO_LONG_SECONDS", 3.5)


class TestProcesses(DriverConformance):
    spec = registry().driver("processes")


class TestProcessPool(DriverConformance):
    spec = DriverSpec(
        "processes",
        "A pool of processes.",
        lambda *given: pooled(ProcessPoolExecutor, *given),
        isolates=False,
        answers=False,
        logs=True,
    )


@pytest.mark.parametrize(
    ("name", "spec"), wrong.DRIVERS.items(), ids=list(wrong.DRIVERS)
)
def test_a_wrong_driver_fails_its_check(name, spec, monkeypatch) -> None:
    # In this process, nobody ends a trial that should be.
    monkeypatch.setattr(objectives, "TOO_LONG_SECONDS", 0.01)
    monkeypatch.setattr(driver_case, "END_SECONDS", 0.3)
    result = DRIVERS.checks[name.split("-")[0]]
    case = DriverCase(spec, kill)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - a verdict, or what it raised
        result.function(case)
    assert not type(caught.value).__name__.startswith("NotApplicable")


def test_every_check_has_a_wrong_driver_that_fails_it() -> None:
    failed = {name.split("-")[0] for name in wrong.DRIVERS}
    assert failed == set(DRIVERS.checks)


def test_what_is_not_installed_is_skipped() -> None:
    spec = DriverSpec("far", "Far away.", print, requires=("not-there-at-all>=1",))
    results = check_driver(spec)
    assert {r.skipped_reason for r in results} == {"not installed: not-there-at-all>=1"}
