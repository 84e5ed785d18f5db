"""Commands that are run in the process of the tests."""

from __future__ import annotations

import pytest


@pytest.fixture
def run_here(tmp_path, monkeypatch, capsys):
    """Runs a command in this process, which has loaded what it needs."""
    from hpbridge.cli.app import app

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setattr("sys.argv", ["hpbridge"])

    def run(*words):
        app(list(words), standalone_mode=False)
        return capsys.readouterr()

    return run
