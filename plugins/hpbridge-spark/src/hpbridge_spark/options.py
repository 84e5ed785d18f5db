"""What can be chosen where trials run on Spark."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class SparkOptions:
    """The options of the driver ``spark``."""

    address: str | None = None
    """Of the master, ``spark://HOST:PORT``, ``local[N]``, ``yarn`` or what else Spark
    takes. None for the session that this process has, and where it has none for one of
    its own on this machine, with as many cores as the study has workers."""

    conf: dict[str, str] = field(default_factory=dict)
    """Further configuration of a session that is made here, by Spark's own names, as in
    ``{"spark.task.cpus": "2"}``."""

    listen: str | None = None
    """``HOST`` or ``HOST:PORT`` of this machine at which executors reach it. None for
    any port at ``spark.driver.host``, at which they reach Spark's driver."""

    patience: float = 120.0
    """Seconds in which an executor must have come."""

    def __post_init__(self) -> None:
        if self.patience <= 0:
            msg = f"'patience' must be more than 0, got {self.patience:g}"
            raise ValueError(msg)
