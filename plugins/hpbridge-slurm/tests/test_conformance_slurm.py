from __future__ import annotations

from dataclasses import replace

import pytest

from hpbridge.testing.driver_conformance import DriverConformance
from hpbridge_slurm import DRIVER


def open_quickly(experiment, settings):
    """Look at the queue often: it is empty, and its Slurm our own."""
    return DRIVER.open(experiment, replace(settings, driver_options={"poll": 0.2}))


@pytest.mark.usefixtures("slurm")
class TestSlurm(DriverConformance):
    spec = replace(DRIVER, open=open_quickly)
