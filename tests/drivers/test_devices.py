from __future__ import annotations

import os

import pytest

import hpbridge as hpb
from hpbridge.contract.offered_drivers import Local
from hpbridge.drivers.devices import VISIBLE, Devices
from hpbridge.errors import ExperimentError, OptionError


def test_devices_are_spread_evenly_and_a_new_worker_gets_what_the_old_one_had():
    devices = Devices(("0", "1"))
    taken = [devices.take() for _ in range(4)]
    assert [t[VISIBLE] for t in taken] == ["0", "1", "0", "1"]
    devices.give_back(taken[1])
    assert devices.take() == {VISIBLE: "1"}
    nothing = Devices()
    assert nothing.take() == {}
    nothing.give_back({})


@pytest.mark.parametrize("text", ["-1", "0,,1", "", "0,1,0", "a", "0,GPU-1,GPU-1"])
def test_odd_devices_are_refused(text):
    with pytest.raises(ValueError, match="'gpus' must be devices with commas between"):
        Local(gpus=text)


def test_numbers_and_uuids_are_devices():
    assert Local("0, 3").gpus == "0, 3"
    assert Local("GPU-8932f937,MIG-1").gpus == "GPU-8932f937,MIG-1"


def tells(trial):
    if trial.number == 1:
        os._exit(3)
    return {"value": trial["x"], "device": float(os.environ[VISIBLE])}


def run(gpus, driver="local", objective=tells, **settings):
    e = hpb.Experiment(objective=objective, space={"x": hpb.Float(0, 1)})
    settings = {"n_trials": 6, "seed": 0, "store": ":memory:", **settings}
    return hpb.run(e, "random", driver=(driver, {"gpus": gpus}), **settings)


def test_each_worker_has_its_device_and_keeps_it():
    study = run("4,7", workers=2)
    pairs = {(t.worker, t.metrics["device"]) for t in study.trials if t.metrics}
    assert {device for _, device in pairs} <= {4.0, 7.0}
    assert len(pairs) == len({worker for worker, _ in pairs})  # one for each worker
    assert study.settings["driver_options"]["gpus"] == "4,7"


@pytest.mark.parametrize("driver", ["local", "processes"])
def test_one_worker_has_a_process_of_its_own_for_it(driver):
    study = run("5", driver, workers=1, n_trials=1)
    assert study.trials[0].metrics["device"] == 5.0
    assert study.trials[0].worker != "main"


def test_more_devices_than_workers_and_those_of_others_are_refused():
    with pytest.raises(
        ExperimentError, match="at most 2 devices for 2 workers"
    ) as said:
        run("0,1,2", workers=2)
    assert "got 0, 1, 2" in str(said.value)
    with pytest.raises(OptionError, match="'0' is there twice"):
        run("0,0", workers=2)
    with pytest.raises(OptionError):
        run("0", "threads", workers=2)
