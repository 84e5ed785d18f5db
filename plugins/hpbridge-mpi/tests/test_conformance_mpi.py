from __future__ import annotations

import json
from pathlib import Path

import pytest
from ranks import Ranks

from hpbridge.testing.driver_conformance import DRIVERS

KIT = str(Path(__file__).with_name("kit_in_ranks.py"))


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What each check said, in one job: a job takes seconds to start."""
    folder = tmp_path_factory.mktemp("kit")
    job = Ranks("mpich", folder, 4, KIT, "said.json")
    try:
        code, out, errors = job.end(580)
    finally:
        job.close()
    assert code == 0, out + errors
    results = json.loads((folder / "said.json").read_text())
    return {result["check"]: result for result in results}


@pytest.mark.usefixtures("mpich")
@pytest.mark.xdist_group("mpi kit")
@pytest.mark.parametrize("check", DRIVERS.checks)
def test_ranks_conform(request, check):
    if check == "killed_study":
        pytest.skip("the kit's second process is in no MPI job; see test_mpi.py")
    result = request.getfixturevalue("said")[check]
    if result["skipped_reason"]:
        pytest.skip(result["skipped_reason"])
    assert result["passed"], result["message"]
