"""Spark clusters as a place to run trials."""

from __future__ import annotations

from hpbridge.plugin import DriverSpec, hookimpl, lazy
from hpbridge_spark.options import SparkOptions
from hpbridge_spark.taking import open_on

DRIVER = DriverSpec(
    name="spark",
    summary="Long-lived tasks on Spark's executors, each with a process for trials.",
    open=lazy("hpbridge_spark.driver.opening:open_spark"),
    requires=("pyspark>=4",),
    logs=True,
    limits=frozenset({"trials_per_worker", "memory_trial", "threads_per_worker"}),
    options=SparkOptions,
    needs="pyspark and Java; executors that have hpbridge-spark",
    address="spark://10.0.0.1:7077",
    open_on=open_on,
)


@hookimpl
def hpbridge_drivers() -> list[DriverSpec]:
    return [DRIVER]
