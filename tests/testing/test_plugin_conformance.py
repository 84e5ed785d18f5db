"""All kits over one plugin: what it registers, and what is said of each record."""

from __future__ import annotations

import pytest

from hpbridge.contract.registry import registry
from hpbridge.errors import BackendNotFoundError
from hpbridge.testing.plugin_conformance import check_plugin, records_of
from tests import wrong_drivers, wrong_formats, wrong_pruners


def test_a_backend_alone_is_checked_when_its_algorithms_are_named():
    seen = []
    found = check_plugin("random", algorithms=["random"], on_verdict=seen.append)
    assert {verdict.kind for verdict in found} == {"backend"}
    assert seen == found
    assert all(verdict.result.passed for verdict in found)
    assert {verdict.title for verdict in found} == {"random:", "random:random"}


@pytest.fixture
def spoilt(monkeypatch):
    """A plugin that registers a wrong driver, format and pruner, and a host."""
    plugins = registry()
    records = {
        "driver": wrong_drivers.DRIVERS["timeout"],
        "format": wrong_formats.spec(write=wrong_formats.overwrites),
        "host": plugins.host("sklearn"),
        "pruner": wrong_pruners.spec(wrong_pruners.EndsAll),
    }
    for kind, record in records.items():
        monkeypatch.setitem(plugins.records[kind], "spoilt", record)
        monkeypatch.setitem(plugins.distributions, (kind, "spoilt"), "spoilt 1.0")


@pytest.mark.usefixtures("spoilt")
def test_each_record_of_a_plugin_goes_through_its_kit():
    found = check_plugin("spoilt")
    broken = {verdict.title for verdict in found if not verdict.result.passed}
    assert broken == {"driver spoilt", "format spoilt", "pruner spoilt"}
    (host,) = [verdict for verdict in found if verdict.kind == "host"]
    assert "HostConformance" in host.result.skipped_reason


def test_a_name_that_nobody_has_is_refused():
    with pytest.raises(BackendNotFoundError):
        records_of("nothing-like-it")
