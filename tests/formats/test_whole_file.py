from __future__ import annotations

import pytest

from hpbridge.errors import FormatError
from hpbridge.formats.whole_file import whole_file


def fail_half_way(target):
    with whole_file("table", target) as path:
        path.write_text("half")
        raise RuntimeError


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    target = tmp_path / "out.csv.gz"
    with whole_file("table", target) as path:
        assert path.name.endswith("out.csv.gz")
        path.write_text("rows")
        assert not target.exists()
    assert list(tmp_path.iterdir()) == [target]
    other = tmp_path / "other.csv"
    with pytest.raises(RuntimeError):
        fail_half_way(other)
    assert list(tmp_path.iterdir()) == [target]


def test_nothing_is_written_over_and_a_missing_folder_is_said(tmp_path):
    target = tmp_path / "out.csv"
    target.write_text("mine")
    with pytest.raises(FormatError) as caught, whole_file("table", target):
        pass
    assert str(caught.value) == (
        f"The study cannot be written to {str(target)!r} as 'table':\n"
        "  - it exists already\n"
        "Hint: choose a new file in a folder that exists."
    )
    assert target.read_text() == "mine"
    lost = tmp_path / "no" / "out.csv"
    with (
        pytest.raises(FormatError, match="No such file"),
        whole_file("t", lost) as path,
    ):
        path.write_text("rows")
