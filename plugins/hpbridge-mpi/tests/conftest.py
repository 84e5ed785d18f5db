from __future__ import annotations

import pytest
import ranks


@pytest.fixture(params=ranks.LAUNCHERS)
def launcher(request):
    """Each MPI that is installed."""
    reason = ranks.why_not(request.param)
    if reason:
        pytest.skip(reason)
    return request.param


@pytest.fixture
def mpich():
    reason = ranks.why_not("mpich")
    if reason:
        pytest.skip(reason)
    return "mpich"


@pytest.fixture
def launched():
    """A function that launches a job, which does not outlive its test."""
    jobs = []

    def launch(*words, **environment):
        jobs.append(job := ranks.Ranks(*words, **environment))
        return job

    yield launch
    for job in jobs:
        job.close()
