from __future__ import annotations

import io
import re

import pytest
from rich.cells import cell_len
from rich.console import Console

from hpbridge.cli.output import table, tell

NAMES = [
    "portfolio:elimination:optuna:tpe+skopt:gp",
    "random:random",
    "portfolio:optuna:tpe+hyperopt:tpe",
]
COLUMNS = ["optimizer", "best value (minimize)", "range", "trials", "to common best"]
ROWS = [[name, 0.123456789, "0.00102389 to 0.0570032", 36, "2 ms"] for name in NAMES]


def printed(width: int, shown: object, *, is_terminal: bool = False) -> str:
    out = Console(
        file=io.StringIO(), width=width, soft_wrap=True, force_terminal=is_terminal
    )
    tell(out, shown) if isinstance(shown, str) else out.print(shown)
    said = re.sub(r"\x1b\[[0-9;]*m", "", out.file.getvalue())
    return "\n".join(line.rstrip() for line in said.splitlines())


def words(text: str) -> set[str]:
    return set(re.sub("[━┏┳┓┡╇┩└┴┘┃│─]", " ", text).split())


@pytest.mark.parametrize("width", [40, 60, 80, 100, 160])
def test_no_name_is_broken_and_nothing_is_left_out_at_any_width(width) -> None:
    for turned in (False, True):
        columns, rows = COLUMNS, ROWS
        if turned:  # as a bench has it: the names are those of columns
            columns = ["problem", *NAMES]
            rows = [["branin", 0.1, 0.2, 0.3], ["noisy_bowl", 1.5, None, 2.5]]
        said = printed(width, table("a table", columns, rows))
        assert set(NAMES) <= {word.rstrip(":") for word in words(said)}
        assert {"branin", "noisy_bowl", "1.5"} <= words(said) if turned else True
        listed = max(cell_len(line) for line in said.splitlines())
        assert listed <= max(width, *(len(f"  {name}: 0.3") for name in NAMES))
        values = {"0.123457", "0.00102389", "0.0570032", "36", "2", "ms"}
        assert turned or values <= words(said)


def test_a_table_that_fits_is_one_table() -> None:
    said = printed(160, table("a table", COLUMNS, ROWS))
    assert said.count("optimizer") == 1
    assert said.splitlines()[0] == "a table"


def test_columns_that_do_not_fit_follow_with_the_first_one_before_them() -> None:
    said = printed(80, table("a table", COLUMNS, ROWS))
    assert said.count("a table") == 1
    assert said.count("optimizer") == said.count("random:random") > 1
    assert all(cell_len(line) <= 80 for line in said.splitlines())


def test_a_name_that_leaves_no_room_has_a_line_of_its_own() -> None:
    name = "portfolio:" + "+".join(f"optuna:algorithm{k}" for k in range(8))
    said = printed(80, table("a table", COLUMNS, [[name, *ROWS[0][1:]]]))
    assert said.splitlines()[:3] == [
        "a table",
        name,
        "  best value (minimize): 0.123457",
    ]
    assert "  trials: 36" in said


def test_long_words_of_other_columns_are_folded() -> None:
    path = "/folder" * 20
    said = printed(80, table("", ["trial", "error"], [[0, f"no file {path}"]]))
    assert path not in said
    assert "".join(re.sub("[│\n ]", "", said).split("┩")[1:]).startswith(
        f"0nofile{path}"
    )


def test_a_table_of_nothing_is_its_head() -> None:
    assert "optimizer" in printed(80, table("", COLUMNS, []))


def test_sentences_end_their_lines_between_words_in_a_terminal_alone() -> None:
    sentence = " ".join(f"{name} is well-known" for name in NAMES * 2)
    assert printed(80, sentence) == sentence
    lines = printed(80, sentence, is_terminal=True).splitlines()
    assert max(map(len, lines)) <= 80
    assert " ".join(lines) == sentence
    two = printed(80, "It failed:\n  - so\nHint: mend it.", is_terminal=True)
    assert two == "It failed:\n  - so\nHint: mend it."
