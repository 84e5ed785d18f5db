"""The logs of trials: where they lie, and how long they get."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpbridge.store import open_store
from hpbridge.store.logs import LIMIT_BYTES, TrialLog, folder_of


def test_logs_lie_beside_a_file_and_a_new_store_finds_no_old_ones(tmp_path) -> None:
    database = open_store(tmp_path / "my.db")
    found = folder_of(database, 3, 1700000000.25)
    assert found == tmp_path / "my.db-logs" / "3-1700000000250"
    assert folder_of(open_store(f"sqlite:///{tmp_path}/my.db"), 3, 1.0) == (
        tmp_path / "my.db-logs" / "3-1000"
    )
    assert folder_of(database, 3, 1700000000.5) != found
    assert folder_of(open_store(":memory:"), 3, 1.0) is None


def test_a_log_that_nobody_wrote_to_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    path.touch()
    TrialLog(path).settle()
    assert list(tmp_path.iterdir()) == []
    assert TrialLog(path).read() is None


@pytest.mark.parametrize("n_cuts", [0, 1, 5])
@pytest.mark.parametrize("is_settled", [False, True])
def test_the_ends_of_a_long_log_are_kept(tmp_path, n_cuts, is_settled) -> None:
    """However often it is cut while it is written, and read before its end."""
    path = tmp_path / "0.log"
    log, written = TrialLog(path), b""
    for part in range(max(n_cuts, 1)):
        lines = b"".join(b"%d-%d\n" % (part, k) for k in range(200_000))
        with path.open("ab") as file:
            file.write(lines)
        written += lines
        if n_cuts:
            log.cut()
            assert path.stat().st_size == 0
    with path.open("ab") as file:
        file.write(b"the end\n")
    written += b"the end\n"
    if is_settled:
        log.settle()
        assert list(tmp_path.iterdir()) == [path]
    found = log.read()
    half = LIMIT_BYTES // 2
    n_left_out = len(written) - 2 * half
    gap = b"\n--- %d bytes left out ---\n" % n_left_out
    if n_cuts or is_settled:
        assert found == written[:half] + gap + written[-half:]
    else:
        assert found == written
