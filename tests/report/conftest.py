"""The browser that pages are opened in."""

from __future__ import annotations

import browser
import pytest


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    if browser.find() is None:
        pytest.skip("chromium is not installed (Debian package chromium)")
    with browser.browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def tab(chromium):
    chromium.complaints.clear()
    yield chromium
    assert chromium.complaints == []
