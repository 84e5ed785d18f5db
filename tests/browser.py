"""A real chromium, driven by its own protocol over a pipe, for the tests of pages."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import select
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMIT = 60.0
"""Seconds within which the browser must have answered, or a page be ready."""

_PLOTLY = b"\n<script>/**\n* plotly.js "
_LINE_OF_PLOTLY = 10_000

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)


def find() -> str | None:
    """Return where chromium is."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """One tab of a browser.

    All pages are opened by one address, with Plotly's script at one line: a browser
    compiles a script anew for each place that it stands at, and this takes a second.
    """

    def __init__(self, sink: int, source: int, page: Path) -> None:
        self._sink, self._source, self._page = sink, source, page
        self._ids = itertools.count(1)
        self._rest = b""
        self._session: str | None = None
        self.complaints: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol and return what it answers."""
        number = next(self._ids)
        message = {"id": number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._sink, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            assert select.select([self._source], [], [], LIMIT)[0], "no answer"
            read = os.read(self._source, 1 << 20)
            assert read, "the browser has ended"
            self._rest += read
        line, self._rest = self._rest.split(b"\0", 1)
        message = json.loads(line)
        kind = message.get("method")
        if kind in {"Runtime.exceptionThrown", "Runtime.consoleAPICalled"} or (
            kind == "Log.entryAdded"
        ):
            self.complaints.append(json.dumps(message["params"]))
        return message

    def look(self, script: str) -> Any:
        """Run an expression in the page and return its value."""
        answer = self.call(
            "Runtime.evaluate",
            expression=script,
            returnByValue=True,
            awaitPromise=True,
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, condition: str) -> None:
        """Wait until an expression is true in the page."""
        until = time.monotonic() + LIMIT
        while not self.look(f"!!({condition})"):
            assert time.monotonic() < until, f"not within {LIMIT:g} s: {condition}"
            time.sleep(0.05)

    def show(
        self, path: Path, *, width: int, height: int = 900, is_dark: bool = False
    ) -> None:
        """Open a page in a window of a size and wait until it has drawn itself."""
        self.resize(width, height)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else ""}
        self.call("Emulation.setEmulatedMedia", media="", features=[scheme])
        page, script, rest = path.read_bytes().partition(_PLOTLY)
        empty = b"\n" * (_LINE_OF_PLOTLY - page.count(b"\n"))
        self._page.write_bytes(page + empty + script + rest)
        self.look("void (window.isLeft = true)")
        self.call("Page.navigate", url=self._page.as_uri())
        self.wait("!window.isLeft && document.readyState === 'complete'")
        self.settle()

    def resize(self, width: int, height: int) -> None:
        """Give the window another size."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def settle(self) -> None:
        """Wait until every plot that can be seen is drawn."""
        self.wait(
            "[...document.querySelectorAll('.canvas')].every("
            "(c) => c.closest('details:not([open])') || c.querySelector('.main-svg'))"
        )
        self.look("new Promise((f) => requestAnimationFrame(() => setTimeout(f, 50)))")

    def picture(self) -> bytes:
        """Return the whole page as a PNG."""
        answer = self.call(
            "Page.captureScreenshot", format="png", captureBeyondViewport=True
        )
        return base64.b64decode(answer["data"])

    def printed(self) -> bytes:
        """Return the page as a PDF."""
        answer = self.call("Page.printToPDF", preferCSSPageSize=True)
        return base64.b64decode(answer["data"])


@contextlib.contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """Start chromium with a profile in a folder, and end it."""
    executable = find()
    assert executable is not None
    to_read, sink = os.pipe()
    source, to_write = os.pipe()
    # The browser reads from descriptor 3 and writes to 4.
    script = f'exec "$@" 3<&{to_read} 4>&{to_write}'
    with subprocess.Popen(
        ["bash", "-c", script, "-", executable, *_FLAGS, f"--user-data-dir={folder}"],
        pass_fds=(to_read, to_write),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(to_read)
        os.close(to_write)
        try:
            tab = Browser(sink, source, folder / "page.html")
            yield tab
            tab._session = None
            tab.call("Browser.close")
        except BaseException:
            process.kill()
            raise
        finally:
            os.close(sink)
            process.wait(LIMIT)
            os.close(source)


SEEN = """(() => {
  const all = (path) => [...document.querySelectorAll(path)];
  return {
    title: document.title,
    canvases: all(".canvas").length,
    drawn: all(".canvas").filter((c) => c.querySelector(".main-svg")).length,
    lines: all(".canvas .scatterlayer .trace").length,
    texts: [...new Set(all(".canvas svg text").map((t) => t.textContent))],
    bold: all(".canvas svg tspan[style*=bold], b").length,
  };
})()"""

BOXES = """(path) => [...document.querySelectorAll(path)]
  .filter((e) => e.checkVisibility())
  .map((e) => e.getBoundingClientRect())
  .map((r) => [r.left, r.top, r.right, r.bottom])"""


def boxes(tab: Browser, path: str) -> list[list[float]]:
    """Return left, top, right and bottom of all that is seen of a kind."""
    return tab.look(f"({BOXES})({json.dumps(path)})")


def overlap(one: list[float], other: list[float]) -> bool:
    """Say whether two boxes overlap."""
    return (
        min(one[2], other[2]) - max(one[0], other[0]) > 0
        and min(one[3], other[3]) - max(one[1], other[1]) > 0
    )


def width_of_body(tab: Browser) -> list[float]:
    """Return the width of what a page shows, and of the window."""
    return tab.look(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
