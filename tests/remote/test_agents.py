from __future__ import annotations

from functools import partial

import pytest
from remote_crew import PROCESSES, ProcessCrew, kill_agent_of

from hpbridge.contract.execution import Lost
from hpbridge.plugin import open_hands
from hpbridge.remote import book
from hpbridge.testing import DriverConformance
from hpbridge.testing.driver_case import DriverCase, ends, hear, is_gone, process_in
from hpbridge.testing.driver_objectives import square, waits

pytestmark = pytest.mark.xdist_group("remote")


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    """On this machine, a connection that broke does not come again."""
    monkeypatch.setattr(book, "GONE_SECONDS", 0.5)


class TestAgents(DriverConformance):
    spec = PROCESSES
    lose_node = staticmethod(kill_agent_of)


def test_an_agent_that_is_killed_costs_its_trial_and_another_one_comes(tmp_path):
    case, crew = DriverCase(PROCESSES), ProcessCrew()
    life = case.life(partial(waits, str(tmp_path)), 2)
    with open_hands(life.plan.experiment, life.plan.settings, crew) as executor:
        executor.start(case.job(life))
        hear(executor, bool, "a report")
        worker = process_in(str(tmp_path))
        crew.processes[0].kill()
        (lost,) = ends(hear(executor, lambda m: bool(ends(m)), "its end"))
        assert isinstance(lost, Lost)
        # A broken connection tells; where it was between two, only silence does.
        assert "is gone" in lost.why or "nothing was heard of" in lost.why
        assert "ended with -9" in lost.why
        assert is_gone(worker)
        other = case.life(square)
        executor.start(case.job(other, 1))
        (ended,) = ends(hear(executor, lambda m: bool(ends(m)), "its end"))
        assert ended.run.result.metrics["number"] == 1
    assert all(process.poll() is not None for process in crew.processes)


def test_a_node_that_is_lost_with_all_agents_ends_no_study(tmp_path):
    case, crew = DriverCase(PROCESSES), ProcessCrew()
    life = case.life(partial(waits, str(tmp_path)), 4, workers=3)
    with open_hands(life.plan.experiment, life.plan.settings, crew) as executor:
        executor.start(case.job(life))
        hear(executor, bool, "a report")
        while executor.slots < 3:
            executor.wait(0.5)
            executor.messages()
        for process in crew.processes:
            process.kill()
        assert ends(hear(executor, lambda m: bool(ends(m)), "its end"))
        executor.start(case.job(case.life(square), 1))
        (ended,) = ends(hear(executor, lambda m: bool(ends(m)), "its end"))
        assert ended.run.result.metrics["number"] == 1
