from __future__ import annotations

import os
import subprocess
import sys

from hpbridge.store.locks import lock

TRIES = """
import sys
from pathlib import Path
from hpbridge.store.locks import lock
print(lock(Path(sys.argv[1])))
"""


def test_a_lock_is_one_process_s_until_it_gives_it_free(tmp_path):
    path = tmp_path / "lock"
    held = lock(path)
    assert held is not None
    command = [sys.executable, "-c", TRIES, str(path)]
    assert subprocess.check_output(command, text=True) == "None\n"
    os.close(held)
    assert subprocess.check_output(command, text=True) != "None\n"
    again = lock(path)  # the other one has ended
    assert again is not None
    os.close(again)
