"""What the README says of virtual time is run, as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import hpbridge as hpb

README = Path(__file__).parents[1] / "README.md"
SECTION = (
    README.read_text(encoding="utf-8")
    .partition("\n### Virtual time\n")[2]
    .partition("\n## ")[0]
)
(LINES,) = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)


def test_its_lines_run(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(LINES, "README.md", "exec"), {"hpb": hpb})
    said = capsys.readouterr().out.splitlines()
    hours = [float(line.split()[2]) for line in said]
    assert len(hours) == 3
    assert hours == sorted(hours, reverse=True)
