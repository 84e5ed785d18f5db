"""Every host keeps its rules, and every optimizer is itself inside each."""

from __future__ import annotations

import importlib

import pytest

from hpbridge.contract.registry import registry
from hpbridge.testing.checks import judge
from hpbridge.testing.host_case import HostCase
from hpbridge.testing.host_conformance import pairs, run_host_check

HOSTED = {
    name: importlib.import_module(f"hosted_{name}").HOSTED for name in registry().hosts
}

_QUICK = {"optuna:tpe", "ray:random"}


def cells():
    for name, hosted in HOSTED.items():
        # The tests of a slow host share what it starts.
        marks = [] if hosted.is_quick else [pytest.mark.xdist_group(name)]
        for check, optimizer in pairs(hosted):
            key = f"{name}-{check}-{optimizer or 'all'}"
            # One of its own and one of another library tell the same, and sooner.
            is_slow = not hosted.is_quick and optimizer not in {*_QUICK, None}
            also = [pytest.mark.slow] if is_slow else []
            yield pytest.param(name, check, optimizer, marks=[*marks, *also], id=key)


@pytest.mark.parametrize(("host", "check", "optimizer"), list(cells()))
def test_a_host_keeps_its_rules(host, check, optimizer):
    judge(run_host_check(check, HostCase(HOSTED[host], optimizer)), "")
