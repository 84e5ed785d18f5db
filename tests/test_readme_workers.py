"""What the README says of workers that come and go is run, but for its port."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import hpbridge as hpb
from tests.waiting import wait_until

pytestmark = pytest.mark.xdist_group("remote")

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("\n### Workers that come and go\n")[2].partition("\n##")[0]
FIRST = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]


def test_its_lines_run(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("HPBRIDGE_TOKEN", raising=False)
    (tmp_path / "first.py").write_text(FIRST)
    (block,) = re.findall(r"```\n(.*?)```", SECTION, re.DOTALL)
    out = tmp_path / "out"
    started = []
    with out.open("w") as file:
        for line in block.strip().splitlines():
            # Any port that is free: the first says which one it is.
            found = re.search(r"work http://127.0.0.1:(\d+)", out.read_text())
            port = found[1] if found else "0"
            words = shlex.split(line.replace("8765", port), comments=True)[1:]
            command = [sys.executable, "-m", "hpbridge", *words]
            process = subprocess.Popen(
                command, cwd=tmp_path, stdout=file, stderr=subprocess.STDOUT
            )
            started.append(process)
            wait_until(lambda: "hpbridge work http" in out.read_text())
        try:
            codes = [process.wait(300) for process in started]
        finally:
            for process in started:
                process.kill()
    assert codes == [0, 0], out.read_text()
    study = hpb.load_study(1, store=tmp_path / "hpbridge.db")
    assert all(trial.worker != "main" for trial in study.trials)
