from __future__ import annotations

from typing import ClassVar

import pytest
from spark_session import SHARED

from hpbridge.testing import DriverConformance

pytest.importorskip("pyspark", reason="pyspark is not installed")


class TestSpark(DriverConformance):
    spec = SHARED
    marks: ClassVar = {"killed_study": pytest.mark.slow}
