"""What this plugin uses of Spark though Spark does not promise it.

Source:
    pyspark 4.3.0.
"""

from __future__ import annotations

import contextlib
from typing import Any

from hpbridge.plugin import Upstream

SPARK = Upstream("pyspark", "pyspark==4.3.0")


def problems() -> list[str]:
    """Return one sentence for each name that is gone or is not what it was."""
    return SPARK.problems()


_CONTEXT = SPARK.private(
    "pyspark.core.context:SparkContext",
    "the Java of a session that hpbridge made lives until Python ends",
    holds=lambda kind: hasattr(kind, "_gateway") and hasattr(kind, "_jvm"),
)


def end_java() -> None:
    """End the Java process of this Python; the next session starts another one."""
    context: Any = _CONTEXT.get()
    gateway = context._gateway
    if gateway is None:
        return
    context._gateway = context._jvm = None
    with contextlib.suppress(Exception):  # py4j's are of many kinds; it may be gone
        gateway.shutdown()
    process = getattr(gateway, "proc", None)
    if process is not None:
        process.stdin.close()
        process.kill()
        process.wait()
