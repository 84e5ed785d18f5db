"""From a template's context to a file: one HTML page that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from importlib import resources
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from hpbridge.formats.export import ExportError
from hpbridge.formats.whole_file import (
    EXISTS,
    HINT,
    OVERWRITE_HINT,
    beside,
    problem_of_target,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_CODE = re.compile(r"`([^`]+)`")
_BREAKS = re.compile(r"(?<=[:+/_=,])(?=\S)")
"""Where names of optimizers and problems may break in narrow columns."""


def write_page(html: str, target: Path) -> None:
    """Write a page to a file that was checked.

    Raises:
        ExportError: If it cannot be written.
    """
    try:
        with beside(target) as part:
            # A file's name may be no text; it is shown with backslashes.
            part.write_text(html, "utf-8", "backslashreplace", newline="\n")
    except OSError as error:
        reason = error.strerror or str(error)
        raise ExportError.unwritable(target, reason, HINT) from error


def check_target(target: Path, *, overwrite: bool = False) -> None:
    """Refuse a page that cannot be made or written, or would replace another file.

    Raises:
        ExportError: If jinja2 or plotly is not installed, or the target is a file that
            is no page of ours, a folder, or in a folder that is not there.
    """
    check_packages()
    problem = problem_of_target(target, overwrite=overwrite, is_page=True)
    if problem == EXISTS:
        other = f"{problem}, and is no page of hpbridge"
        raise ExportError.unwritable(target, other, OVERWRITE_HINT)
    if problem is not None:
        raise ExportError.unwritable(target, problem, HINT)


def check_packages() -> None:
    """Refuse a report that cannot be made, without importing anything large.

    Raises:
        ExportError: If jinja2 or plotly is not installed.
    """
    missing = [name for name in ("jinja2", "plotly") if find_spec(name) is None]
    if missing:
        headline = f"A report needs what is not installed: {', '.join(missing)}"
        hint = "`pip install 'hpbridge[report]'`"
        raise ExportError(headline, hint=hint)


def _plotly_script() -> str:
    check_packages()
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


def resource(name: str) -> str:
    """Return a file of this package."""
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def render(name: str, context: Mapping[str, Any]) -> str:
    """Return the page that a template of this package makes of its context.

    Raises:
        ExportError: If jinja2 or plotly is not installed.
    """
    plotly = _plotly_script()
    import jinja2
    from markupsafe import Markup, escape

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(resource),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["upfirst"] = lambda text: text[:1].upper() + text[1:]
    wbr = Markup("<wbr>")
    environment.filters["breakable"] = lambda text: wbr.join(
        escape(part) for part in _BREAKS.split(text)
    )
    environment.filters["prose"] = lambda text: Markup(
        _CODE.sub(r"<code>\1</code>", str(escape(text)))
    )
    environment.filters["figure_json"] = lambda figure: Markup(_inline_json(figure))
    # A browser reads every line end as "\n" before it checks the hash.
    scripts = [s.replace("\r\n", "\n") for s in (plotly, resource("page.js"))]
    return environment.get_template(name).render(
        context,
        css=Markup(resource("page.css")),
        scripts=[Markup(s) for s in scripts],
        policy=_policy(scripts),
    )


def _policy(scripts: Sequence[str]) -> str:
    """Return a content policy: our own scripts run, no other; nothing is fetched."""
    digests = [hashlib.sha256(s.encode()).digest() for s in scripts]
    allowed = " ".join(f"'sha256-{base64.b64encode(d).decode()}'" for d in digests)
    return (
        f"default-src 'none'; script-src {allowed}; "
        "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'"
    )


def _inline_json(data: object) -> str:
    """Return JSON that cannot end the script element around it."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
