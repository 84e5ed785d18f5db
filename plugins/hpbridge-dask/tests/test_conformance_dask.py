from __future__ import annotations

from dask_cluster import SHARED

from hpbridge.testing import DriverConformance


class TestDask(DriverConformance):
    spec = SHARED
