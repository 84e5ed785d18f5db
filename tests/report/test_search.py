"""The report of any study, from its record alone; and the room that is called."""

from __future__ import annotations

import importlib
import pickle
import types

import cloudpickle

import hpbridge as hpb


def test_the_room_is_called_as_a_function_and_stays_a_module():
    page = importlib.import_module("hpbridge.report.page")
    assert isinstance(hpb.report, types.ModuleType)
    assert hpb.report.page is page
    assert callable(hpb.report)


def test_the_room_goes_to_other_processes_by_its_name():
    # An objective that calls `trial.report` seems to cloudpickle to use the room.
    for dump in (pickle.dumps, cloudpickle.dumps):
        assert pickle.loads(dump(hpb.report)) is hpb.report
