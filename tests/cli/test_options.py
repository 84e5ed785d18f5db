"""Options that mean nothing as they are given, and what the help says of defaults."""

from __future__ import annotations

import pytest

from hpbridge.cli.app import app
from hpbridge.errors import OptionError

FILE = """
import hpbridge as hpb
experiment = hpb.Experiment(
    objective=lambda t: t["x"] ** 2, space={"x": hpb.Float(-1, 1)}, name="e"
)
"""


@pytest.fixture
def hpbridge(tmp_path, monkeypatch, capsys):
    """Runs a command in this process; returns what it wrote on standard output."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["hpbridge"])
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "e.py").write_text(FILE)

    def run(words):
        app(words.split(), standalone_mode=False)
        return capsys.readouterr().out

    return run


@pytest.mark.parametrize(
    ("words", "problems"),
    [
        ("run e.py -b optuna -o group=1 -o group=0", ["'group' is there twice"]),
        ("explain e.py -b random -s -1", ["it must be a whole number in [0, 2**32)"]),
        (
            "compare e.py -b random --overwrite",
            ["it is given without --report, of which it says more"],
        ),
        ("compare e.py -b random -o random.a=1 -o random.a=1", ["'random.a' is there"]),
    ],
)
def test_what_options_say_is_not_dropped_or_guessed(hpbridge, words, problems) -> None:
    with pytest.raises(OptionError) as caught:
        hpbridge(words)
    assert len(caught.value.problems) == len(problems)
    for found, begin in zip(caught.value.problems, problems, strict=True):
        assert found.startswith(begin)


def test_help_of_what_goes_on_names_no_default_that_does_not_count(hpbridge) -> None:
    shown = hpbridge("resume --help")
    assert shown.count("as it was)") == 4
    assert "(1)" not in shown
    assert "(record)" not in shown
    assert "OPTIMIZER.KEY=VALUE" in hpbridge("compare --help")
