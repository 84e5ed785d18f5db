from __future__ import annotations

import os

import process_of_tests
import pytest
from hypothesis import settings

process_of_tests.prepare()

# No deadline: a busy machine is no bug. Derandomized: a run says the same twice.
settings.register_profile("repository", deadline=None, derandomize=True, database=None)
settings.load_profile("repository")

_SERVERS = {"postgresql", "mariadb"}


def pytest_xdist_auto_num_workers():
    """Run one worker more than there are cores: a third of the time, tests wait."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(trylast=True)  # after pytest's own, which makes the reporter
def pytest_configure(config):
    """Show the first failure when it happens: the rest takes many minutes."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:  # the processes that run the tests have none
        config.pluginmanager.register(_FirstFailure(reporter))


class _FirstFailure:
    def __init__(self, reporter):
        self.reporter = reporter
        self.is_shown = False

    def pytest_runtest_logreport(self, report):
        if report.failed and not self.is_shown:
            self.is_shown = True
            self.reporter.write_line(f"\nThe first failure: {report.nodeid}", red=True)
            self.reporter.write_line(report.longreprtext)


def pytest_collection_finish():
    process_of_tests.freeze()


def pytest_itemcollected(item):
    """Let one worker of pytest-xdist run all tests of a server: it starts once."""
    named = set(getattr(item, "fixturenames", ()))
    if hasattr(item, "callspec"):
        named |= {v for v in item.callspec.params.values() if isinstance(v, str)}
    for server in named & _SERVERS:
        item.add_marker(pytest.mark.xdist_group(server))
