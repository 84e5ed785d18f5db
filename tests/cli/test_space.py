"""`hpbridge space`, and spaces in files where commands take them."""

from __future__ import annotations

import json

import hpbridge as hpb
from hpbridge.space.files import read_space


def test_the_command_shows_and_converts(run_here, tmp_path):
    (tmp_path / "s.toml").write_text(
        "epochs = 3\n[lr]\ntype = 'float'\nlow = 1e-5\nhigh = 0.1\nlog = true\n"
    )
    assert "1e-05 to 0.1" in run_here("space", "s.toml").out
    data = json.loads(run_here("space", "s.toml", "--json").out)
    assert hpb.Space.from_json(data) == read_space(tmp_path / "s.toml")
    (tmp_path / "s.yaml").write_text(run_here("space", "s.toml", "--as", "yaml").out)
    assert read_space(tmp_path / "s.yaml") == read_space(tmp_path / "s.toml")


def test_a_function_searches_the_space_of_a_file(run_here, tmp_path):
    (tmp_path / "f.py").write_text("def loss(trial):\n    return trial['x'] ** 2\n")
    (tmp_path / "s.toml").write_text("[x]\ntype = 'float'\nlow = -1\nhigh = 1\n")
    words = ("f.py:loss", "--space", "s.toml", "-b", "random", "-n", "2")
    shown = run_here(
        "run", *words, "--direction", "minimize", "--workers", "2", "--json"
    )
    assert json.loads(shown.out)["best"] is not None
