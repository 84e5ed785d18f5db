from __future__ import annotations

import os

import pytest

from hpbridge.errors import FormatError
from hpbridge.formats.whole_file import MARK, problem_of_target, whole_file


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
        "Hint: choose a new file, or replace that one with `--overwrite`, in Python "
        "with overwrite=True."
    )
    assert target.read_text() == "mine"
    lost = tmp_path / "no" / "out.csv"
    with (
        pytest.raises(FormatError, match="its folder does not exist"),
        whole_file("t", lost) as path,
    ):
        path.write_text("rows")


def test_what_may_be_written_over_and_what_not(tmp_path):
    page, script = tmp_path / "page.html", tmp_path / "exp.py"
    page.write_text(f"\n<!doctype html>\n<html><head>{MARK}0.1'></head></html>")
    script.write_text(f"print('<!DOCTYPE html>{MARK}')")
    assert problem_of_target(tmp_path / "new") is None
    assert problem_of_target(page, is_page=True) is None
    assert problem_of_target(page) == "it exists already"
    assert problem_of_target(script, is_page=True) == "it exists already"
    assert problem_of_target(script, overwrite=True) is None
    assert problem_of_target(tmp_path, overwrite=True) == "it is a folder"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for overwrite in (True, False):
        found = problem_of_target(pipe, overwrite=overwrite, is_page=True)
        assert found == "it is no file that could be replaced"
    assert problem_of_target(script / "x") == "its folder does not exist"
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert "ymlink" in problem_of_target(loop) or "symbolic" in problem_of_target(loop)


def test_a_link_stays_one_and_what_is_replaced_leaves_its_permissions(tmp_path):
    target, link = tmp_path / "out.csv", tmp_path / "link.csv"
    link.symlink_to(target)
    with whole_file("table", link) as path:  # a link that leads to nothing yet
        path.write_text("rows")
    target.chmod(0o640)
    with whole_file("table", link, overwrite=True) as path:
        path.write_text("more")
    assert link.is_symlink()
    assert target.read_text() == "more"
    assert target.stat().st_mode & 0o777 == 0o640
