"""What `hpbridge explain` says of a machine's cores."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.command import hpbridge

if TYPE_CHECKING:
    from pathlib import Path

FILE = """
import hpbridge as hpb
space = {"x": hpb.Float(-1, 1)}
experiment = hpb.Experiment(objective=lambda t: t["x"] ** 2, space=space, name="e")
"""


def test_it_says_how_workers_and_optimizer_share_the_cores(tmp_path: Path) -> None:
    (tmp_path / "exp.py").write_text(FILE)
    words = ("explain", "exp.py", "-b", "bayesopt", "--workers", "2")
    said = hpbridge(tmp_path, *words, "--threads-per-worker", "3").stdout
    assert "2 workers on " in said
    assert "PyTorch and others start 3 threads in each." in said
    assert "computes with one BLAS thread beside them" in said
    found = json.loads(hpbridge(tmp_path, *words, "--json").stdout)
    assert len(found["cores"]) >= 2
    alone = hpbridge(tmp_path, *words[:-1], "1").stdout
    assert "BLAS" not in alone
    none = hpbridge(tmp_path, *words[:-1], "0", code=2)
    assert "workers must be" in none.stderr
