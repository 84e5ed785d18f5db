"""The HTML page: its numbers, its safety, and what a real browser makes of it."""

from __future__ import annotations

import base64
import gzip
import html
import itertools
import json
import math
import re
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from html.parser import HTMLParser

import plotly.graph_objects as go
import pytest

import hpbridge as hpb
from hpbridge.analysis.convergence import (
    Curve,
    band_of,
    curve_by_seconds,
    curve_by_trials,
)
from hpbridge.analysis.summary import common_best, summarize
from hpbridge.formats.export import ExportError, study_to_json
from hpbridge.formats.whole_file import MARK
from hpbridge.report.page import check_packages, write_report
from hpbridge.trial import State

HOSTILE = "</script><script>document.title='owned'</script><b>&amp;"

SPACE = {
    "solver": hpb.Categorical(["adam", "sgd"]),
    "lr": hpb.Float(1e-5, 1e-1, log=True),
    "momentum": hpb.Float(0, 0.9, when={"solver": "sgd"}),
    HOSTILE: hpb.Int(1, 64, log=True),
    "fixed": 3,
}


def run(objective, *, space=None, backend="random", n_trials=20, seed=0, **experiment):
    made = hpb.Experiment(
        name=experiment.pop("name", "digits"),
        space=space or {"x": hpb.Float(0, 1)},
        objective=objective,
        **experiment,
    )
    return hpb.run(made, backend, n_trials=n_trials, seed=seed, store=":memory:")


def study_of(values, *, at=None, optimizer="random", **changes):
    """Return a study whose trials have these values; None fails; one second each."""

    def objective(trial):
        if values[trial.number] is None:
            msg = "no value"
            raise RuntimeError(msg)
        return values[trial.number]

    direction = changes.pop("direction", "minimize")
    study = run(objective, n_trials=len(values), direction=direction)
    at = at or [float(k) for k in range(1, len(values) + 1)]
    trials = [
        replace(
            trial,
            asked_at=1000.0 + finished - 0.75,
            ask_seconds=0.25,
            started_at=1000.0 + finished - 0.75,
            run_seconds=0.75,
            tell_seconds=0.0,
        )
        for trial, finished in zip(study.trials, at, strict=True)
    ]
    return replace(study, trials=tuple(trials), algorithm=optimizer, **changes)


def accuracy(trial):
    if trial.number in {3, 5}:
        raise ValueError(HOSTILE)
    value = 0.9 - 0.1 * abs(math.log10(trial["lr"]) + 3) + trial.get("momentum", 0) / 20
    return {"accuracy": value, "fit_seconds": float(trial.number)}


def hostile_study(seed=0, n_trials=20):
    direction = {"accuracy": "maximize"}
    return run(
        accuracy,
        space=SPACE,
        name=HOSTILE,
        direction=direction,
        seed=seed,
        n_trials=n_trials,
    )


def page_of(studies, tmp_path, **more):
    path = tmp_path / "page.html"
    write_report(studies, path, **{"title": "A page", **more})
    return path.read_text(encoding="utf-8")


def without_scripts(page):
    return re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


def text_of(page):
    """Return the words of the page's visible part, tags and scripts taken out."""
    plain = html.unescape(re.sub(r"<[^>]*>", " ", without_scripts(page)))
    return " ".join(plain.split())


def figures_of(page):
    found = re.findall(
        r'<script type="application/json">(.*?)</script>', page, re.DOTALL
    )
    return [json.loads(text) for text in found]


# Curves


def test_a_curve_steps_where_the_best_value_improves():
    curve = curve_by_trials(study_of([3, None, 4, 2, 2, 1]))
    assert curve == Curve((1, 4, 6), (3, 2, 1), 6)
    assert [curve.at(p) for p in (0.5, 1, 5, 99)] == [None, 3, 2, 1]


def test_a_curve_of_a_maximized_metric_rises():
    curve = curve_by_trials(study_of([3, 4, 2, 5], direction="maximize"))
    assert curve == Curve((1, 2, 4), (3, 4, 5), 4)


def test_trials_count_in_the_order_of_telling():
    study = study_of([3, 2, 1])
    first, second, third = study.trials
    trials = (replace(first, told=2), replace(second, told=0), replace(third, told=1))
    assert curve_by_trials(replace(study, trials=trials)).values == (2, 1)


def test_seconds_count_from_the_first_ask_to_the_end_of_the_trial():
    curve = curve_by_seconds(study_of([3, 2, 1], at=[1, 2.5, 4]))
    assert curve == Curve((1, 2.5, 4), (3, 2, 1), 4)


def test_the_pause_before_a_resume_does_not_count():
    curve = curve_by_seconds(study_of([3, 2, 1], at=[1, 2, 10_003]))
    assert curve.positions == (1, 2, 3)


def test_an_infeasible_trial_is_never_the_best():
    study = run(lambda t: t["x"], n_trials=30, constraints={"value": ">= 0.5"})
    values = curve_by_trials(study).values
    assert values
    assert min(values) >= 0.5
    assert values[-1] == study.best_trial.metrics["value"]


def test_a_band_holds_median_and_range():
    curves = [Curve((1, 3), (9, 1), 3), Curve((1,), (5,), 3), Curve((2,), (4,), 3)]
    band = band_of(curves, 1)
    assert band.positions == (1, 2, 3)
    assert band.median == (9, 5, 4)
    assert band.low == (5, 4, 1)
    assert band.high == (math.inf, 9, 5)


# The summary


def test_the_summary_has_medians_and_totals_over_repeats():
    fast = [study_of([5, 1]), study_of([4, 2]), study_of([None, 3])]
    slow = [study_of([9, 9, 3], optimizer="slow") for _ in range(3)]
    first, second = summarize([*fast, *slow])
    assert (first["optimizer"], second["optimizer"]) == ("random:random", "random:slow")
    assert (first["best"], first["best_min"], first["best_max"]) == (2, 1, 3)
    assert (first["repeats"], first["trials"], first["failed"]) == (3, 6, 1)
    assert (first["objective_seconds"], first["optimizer_seconds"]) == (1.5, 0.5)
    assert common_best([*fast, *slow]) == 3
    assert first["seconds_to_common_best"] == 2
    assert second["seconds_to_common_best"] == 3
    assert second["stop_reasons"] == []


def test_the_common_best_of_a_maximized_metric_is_the_lowest():
    up = {"direction": "maximize"}
    studies = [study_of([1, 5], **up), study_of([1, 3, 7], optimizer="other", **up)]
    assert common_best(studies) == 5
    assert [r["seconds_to_common_best"] for r in summarize(studies)] == [2, 3]


def test_a_study_without_a_feasible_trial_has_no_best_and_no_say():
    studies = [study_of([2, 1]), study_of([None, None], optimizer="broken")]
    good, broken = summarize(studies)
    assert common_best(studies) == 1
    assert good["seconds_to_common_best"] == 2
    assert broken["best"] is None
    assert broken["seconds_to_common_best"] is None
    assert (broken["without_best"], broken["failed"]) == (1, 2)
    assert common_best(studies[1:]) is None
    assert common_best([]) is None


def test_an_infinitely_bad_best_has_no_say_either():
    studies = [study_of([2, 1]), study_of([math.inf], optimizer="endless")]
    assert common_best(studies) == 1
    endless = summarize(studies)[1]
    assert endless["best"] == math.inf
    assert endless["seconds_to_common_best"] is None


def test_other_options_are_another_optimizer():
    studies = [
        study_of([1], options={"n": 1, "same": 0}),
        study_of([2], options={"n": 2, "same": 0}),
    ]
    names = [row["optimizer"] for row in summarize(studies)]
    assert names == ["random:random (n=1)", "random:random (n=2)"]


def test_why_a_study_ended_early_is_said_once():
    stopped = study_of([1], stop_reason="target 1 reached")
    interrupted = study_of([1], status="interrupted")
    (row,) = summarize([stopped, stopped, interrupted])
    assert row["stop_reasons"] == ["target 1 reached", "interrupted"]


# The page


class Outline(HTMLParser):
    """Collects what a page refers to, its headings, and elements left open."""

    VOID = frozenset({"meta", "br", "link", "img", "input", "hr"})

    def __init__(self):
        super().__init__()
        self.references, self.contents, self.levels = [], [], []
        self.open, self.wrong = [], []

    def handle_starttag(self, tag, attrs):
        self.references += [v for k, v in attrs if k in {"src", "href", "action"}]
        self.contents += [v for k, v in attrs if k == "content"]
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_the_page_refers_to_nothing_outside_and_is_well_formed(tmp_path):
    page = page_of([hostile_study(s) for s in range(3)], tmp_path, title=HOSTILE)
    outline = Outline()
    outline.feed(page)
    assert outline.references == []
    assert (outline.open, outline.wrong) == ([], [])
    assert outline.levels[0] == 1
    assert outline.levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(outline.levels))
    assert any("default-src 'none'" in text for text in outline.contents)


def test_what_users_wrote_never_becomes_markup(tmp_path):
    page = page_of(
        [hostile_study()], tmp_path, title=HOSTILE, absent={HOSTILE: HOSTILE}
    )
    assert "<script>document.title" not in page
    inlined = re.findall(r'"application/json">(.*?)</script>', page, re.DOTALL)
    assert inlined
    assert not re.search("[<>&]", "".join(inlined))
    # Title, heading, experiment, parameter, error: each is readable as it was written.
    assert text_of(page).count("document.title='owned'") >= 5


def test_a_comparison_shows_every_part(tmp_path):
    studies = [hostile_study(seed, n_trials=12) for seed in range(3)]
    studies += [replace(s, algorithm="other") for s in studies]
    text = text_of(page_of(studies, tmp_path, absent={"ray": "it is not installed"}))
    expected = [
        "6 studies with 72 trials",
        "ray it is not installed",
        "Optimizers by accuracy, to maximize",
        "Time to the common best",
        "Seeds 0; 1; 2",
        "Budget 12 trials",
        "1e-05 to 0.1, log scale",
        "solver is sgd",
        "random:other",
        "python",
        "ValueError: ",
        "3, 5",
    ]
    assert [part for part in expected if part not in text] == []


def test_a_table_of_the_caller_keeps_its_own_columns(tmp_path):
    studies = [study_of([2, 1])]
    rows = [{**summarize(studies)[0], "mean_rank": 1.25, "notes": ["a", "b"]}]
    text = text_of(page_of(studies, tmp_path, table=rows))
    assert "Mean rank" in text
    assert "1.25 a, b" in text


def test_experiments_are_kept_apart(tmp_path):
    studies = [study_of([1]), replace(study_of([5]), experiment="another")]
    page = page_of(studies, tmp_path)
    assert re.findall(r"<h2[^>]*>(.*?)</h2>", page) == ["digits", "another", "The data"]
    assert page.count("<h3>Summary</h3>") == 2


def test_no_study_and_no_feasible_trial_are_said(tmp_path):
    assert "There is no study to show." in text_of(page_of([], tmp_path))
    text = text_of(page_of([study_of([None] * 30)], tmp_path))
    assert "no feasible trial among 30 trials" in text
    assert "0, 1, 2, 3, 4 and 25 more" in text
    assert "there is no curve" in text


def test_infinite_values_are_recorded_and_not_drawn(tmp_path):
    values = [math.inf, -math.inf, 3, math.inf, 2]
    page = page_of([study_of(values)], tmp_path)
    assert "3 trials have no finite value" in text_of(page)
    assert "best value -inf in 5 trials" in text_of(page)
    drawn = [y for f in figures_of(page) for trace in f["data"] for y in trace["y"]]
    assert drawn
    assert all(math.isfinite(y) for y in drawn)


def test_several_metrics_get_their_front(tmp_path):
    study = run(
        lambda t: {"loss": t["x"], "size": 1 - t["x"] + t["y"]},
        space={"x": hpb.Float(0, 1), "y": hpb.Float(0, 1)},
        direction={"loss": "minimize", "size": "minimize"},
        n_trials=40,
    )
    page = page_of([study], tmp_path)
    front = {(t.metrics["loss"], t.metrics["size"]) for t in study.best_trials}
    assert len(front) > 1
    (figure,) = [f for f in figures_of(page) if f["layout"]["showlegend"]][2:]
    (stars,) = [trace for trace in figure["data"] if trace["name"] == "best"]
    for axis, wanted in zip("xy", zip(*front, strict=True), strict=True):
        assert sorted(stars[axis]) == pytest.approx(sorted(wanted), rel=1e-5)
    text = text_of(page)
    assert f"{len(front)} trials that no other one beats" in text
    assert "show the first, loss" in text


def test_constraints_are_named_and_drawn(tmp_path):
    study = run(lambda t: t["x"], n_trials=30, constraints={"value": "<= 0.5"})
    beyond = sum(t.metrics["value"] > 0.5 for t in study.trials)
    page = page_of([study], tmp_path)
    assert "Constraints value <= 0.5" in text_of(page)
    assert f"{beyond} of the complete ones beyond a constraint" in text_of(page)
    traces = [t for f in figures_of(page) for t in f["data"]]
    (crosses,) = [t for t in traces if t["name"] == "not feasible"]
    assert len(crosses["x"]) == beyond


def test_log_parameters_have_log_axes_and_inactive_ones_no_points(tmp_path):
    study = hostile_study()
    figures = figures_of(page_of([study], tmp_path))
    axes = {f["layout"]["xaxis"]["title"]["text"]: f for f in figures}
    assert axes["lr"]["layout"]["xaxis"]["type"] == "log"
    assert axes["solver"]["layout"]["xaxis"]["type"] == "category"
    active = [t for t in study.trials if "momentum" in t.params]
    complete = [t for t in active if t.state is State.COMPLETE]
    points = {x for trace in axes["momentum"]["data"] for x in trace["x"]}
    assert len(points) == len(complete)


def test_every_figure_is_one_that_plotly_knows(tmp_path):
    studies = [hostile_study(seed) for seed in range(3)]
    studies += [replace(s, algorithm="other") for s in studies[:2]]
    figures = figures_of(page_of(studies, tmp_path))
    assert len(figures) > 10
    for figure in figures:
        # Names of CSS variables stand for colors, which only the browser knows.
        text = re.sub(r'"--\w+"', '"#000000"', json.dumps(figure))
        go.Figure(json.loads(text))


def test_three_repeats_make_a_band_and_two_make_lines(tmp_path):
    studies = [study_of([4, k]) for k in (1, 2, 3)]
    by_trials = figures_of(page_of(studies, tmp_path))[0]["data"]
    assert [t.get("fill") for t in by_trials] == [None, "tonexty", None]
    assert by_trials[2]["y"] == [4, 2, 2]
    by_trials = figures_of(page_of(studies[:2], tmp_path))[0]["data"]
    assert [t["y"] for t in by_trials] == [[4, 1, 1], [4, 2, 2]]
    assert [t["showlegend"] for t in by_trials] == [True, False]


def test_the_page_holds_the_exported_data(tmp_path):
    study = hostile_study()
    page = page_of([study], tmp_path)
    (packed,) = re.findall(r'id="packed">([^<]*)</script>', page)
    data = json.loads(gzip.decompress(base64.b64decode(packed)))
    assert data == json.loads(json.dumps([study_to_json(study)]))


def test_ten_thousand_trials_stay_small_and_quick(tmp_path):
    small = run(
        lambda t: sum(t.values()),
        space={f"p{k}": hpb.Float(1e-5, 1, log=True) for k in range(8)},
        n_trials=100,
    )
    trials = [
        replace(t, number=k, told=k, asked_at=1000.0 + k, started_at=1000.0 + k)
        for k, t in enumerate(itertools.islice(itertools.cycle(small.trials), 10_000))
    ]
    trials[-1] = replace(trials[-1], metrics={"value": 1e-9})
    started = time.process_time()
    page = page_of([replace(small, trials=tuple(trials))], tmp_path)
    assert time.process_time() - started < 10
    assert len(page) < 15e6
    assert "2,000 of 10,000 trials" in text_of(page)
    by_trials, _, first_parameter, *_ = figures_of(page)
    assert len(by_trials["data"][0]["x"]) < 20
    stars = first_parameter["data"][-1]
    assert (stars["name"], stars["y"]) == ("best", [1e-9])


def test_missing_packages_are_named_with_the_command(tmp_path, monkeypatch):
    check_packages()
    monkeypatch.setitem(sys.modules, "plotly", None)
    with pytest.raises(ExportError, match=r"installed: plotly\.\n.*hpbridge\[report\]"):
        write_report([], tmp_path / "page.html", title="A page")
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ExportError, match="installed: jinja2, plotly"):
        check_packages()


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ExportError, match=r"folder does not exist.*\nHint"):
        write_report([], tmp_path / "nowhere" / "page.html", title="A page")


def test_a_page_takes_the_place_of_a_page_only(tmp_path):
    studies = [hostile_study(n_trials=3)]
    path = tmp_path / "exp.py"
    path.write_text(f"page = '<!DOCTYPE html>{MARK}'")
    with pytest.raises(ExportError) as caught:
        write_report(studies, path, title="A page")
    assert str(caught.value) == (
        f"{str(path)!r} cannot be written: it exists already, and is no page of "
        "hpbridge.\nHint: choose a new file, or replace that one with `--overwrite`, "
        "in Python with overwrite=True."
    )
    assert path.read_text().startswith("page = ")
    with pytest.raises(ExportError, match="it is a folder"):
        write_report(studies, tmp_path, title="A page", overwrite=True)
    write_report(studies, path, title="A page", overwrite=True)
    write_report(studies, path, title="Another")
    assert "<title>Another</title>" in path.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [path]


def test_importing_the_report_costs_no_package():
    code = (
        "import sys, hpbridge.report.page, hpbridge.analysis.summary; "
        "print([m for m in ('plotly', 'jinja2', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


# Colors


def contrast(left, right):
    def light(color):
        parts = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, bright = sorted([light(left), light(right)])
    return (bright + 0.05) / (dark + 0.05)


def test_text_and_lines_stand_out_in_light_dark_and_print(tmp_path):
    page = page_of([], tmp_path)
    themes = re.findall(r":root \{(.*?)\}", page, re.DOTALL)
    assert len(themes) == 3
    for theme in themes:
        colors = dict(re.findall(r"(--\w+): (#\w{6})", theme))
        least = {"--text": 7, "--muted": 4.5, "--link": 4.5, "--late": 3, "--best": 3}
        least |= {name: 3 for name in colors if re.fullmatch(r"--c\d", name)}
        assert len(least) == 13
        for name, ratio in least.items():
            assert contrast(colors[name], colors["--page"]) >= ratio, name


# A real browser

WATCHER = """<!DOCTYPE html><meta charset="utf-8"><title>watching</title><body>
<iframe src="page.html" style="width:1200px;height:900px"></iframe>
<iframe src="page.html" style="width:360px;height:700px"></iframe>
<pre id="seen"></pre><script>
const seen = [];
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const look = async (frame) => {
  const inner = frame.contentDocument;
  inner.querySelectorAll("details").forEach((d) => { d.open = true; });
  inner.getElementById("download").click();
  for (let k = 0; k < 100; k++) {
    await pause(100);
    const missing = [...inner.querySelectorAll(".canvas")].filter(
      (c) => !c.querySelector(".main-svg"));
    if (!missing.length && inner.getElementById("download-status").textContent) break;
  }
  const all = (path) => [...inner.querySelectorAll(path)];
  seen.push({
    title: inner.title,
    canvases: all(".canvas").length,
    drawn: all(".canvas").filter((c) => c.querySelector(".main-svg")).length,
    lines: all(".canvas .scatterlayer .trace").length,
    texts: [...new Set(all(".canvas svg text").map((t) => t.textContent))],
    bold: all(".canvas svg tspan[style*=bold], b").length,
    status: inner.getElementById("download-status").textContent,
    tooWide: inner.documentElement.scrollWidth > inner.documentElement.clientWidth,
  });
};
addEventListener("load", async () => {
  for (const frame of document.querySelectorAll("iframe")) await look(frame);
  document.getElementById("seen").textContent = JSON.stringify(seen);
});
</script>"""


@pytest.fixture
def chromium():
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("chromium is not installed (Debian package chromium)")
    return found


def test_a_browser_draws_everything_wide_and_narrow(chromium, tmp_path):
    studies = [hostile_study(seed, n_trials=12) for seed in range(3)]
    studies.append(replace(studies[0], algorithm=HOSTILE[:30]))
    page_of(studies, tmp_path, title=HOSTILE)
    (tmp_path / "watch.html").write_text(WATCHER, encoding="utf-8")
    command = [
        chromium,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--allow-file-access-from-files",
        "--enable-logging=stderr",
        "--virtual-time-budget=30000",
        f"--user-data-dir={tmp_path / 'profile'}",
        "--dump-dom",
        (tmp_path / "watch.html").as_uri(),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=True
    )
    complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert complaints == []
    seen = json.loads(
        html.unescape(re.search(r'<pre id="seen">(.*?)</pre>', done.stdout)[1])
    )
    assert len(seen) == 2
    for window in seen:
        assert window["title"] == HOSTILE
        assert window["canvases"] == window["drawn"] == 2 + 4 * 4
        assert window["lines"] >= window["canvases"]
        assert {"lr", "solver", "trials", HOSTILE} <= set(window["texts"])
        assert f"random:{HOSTILE[:30]}" in window["texts"]
        assert window["bold"] == 0
        assert window["status"].endswith("MB written.")
        assert not window["tooWide"]
