"""Of several processes that train together, one reports, and all end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed; by pip")

SCRIPT = Path(__file__).with_name("several_processes.py")


@pytest.mark.slow
@pytest.mark.parametrize("library", ["lightning", "transformers"])
def test_one_reports_and_all_end(library, tmp_path):
    pytest.importorskip(library, reason=f"{library} is not installed; by pip")
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    subprocess.run(
        [*run, "--nproc-per-node", "2", SCRIPT, library, tmp_path],
        check=True,
        timeout=300,
        capture_output=True,
    )
    assert (tmp_path / "0").read_text() == "[1, 2]"
    assert (tmp_path / "1").read_text() == "[]"
