"""The HTML page: its numbers, its safety, and what is on it."""

from __future__ import annotations

import base64
import gzip
import html
import itertools
import json
import math
import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from html.parser import HTMLParser

import plotly.graph_objects as go
import pytest
from report_studies import HOSTILE, hostile_study, page_of, run, study_of

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
from hpbridge.report import texts
from hpbridge.report.figures import pairs_of
from hpbridge.report.page import write_report
from hpbridge.report.rendering import check_packages
from hpbridge.trial import State


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

    VOID = frozenset({"meta", "br", "wbr", "link", "img", "input", "hr"})

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
    titles = re.findall("<figcaption>(.*?)</figcaption>", page)
    assert titles[:5] == [
        "Best loss so far, by number of trials",
        "Best loss so far, by time",
        "Best size so far, by number of trials",
        "Best size so far, by time",
        "size by loss, with the Pareto front",
    ]
    assert {"loss by x", "loss by y", "size by x", "size by y"} == {*titles[5:]}
    figure = figures_of(page)[4]
    (stars,) = [trace for trace in figure["data"] if trace["name"] == "best"]
    for axis, wanted in zip("xy", zip(*front, strict=True), strict=True):
        assert sorted(stars[axis]) == pytest.approx(sorted(wanted), rel=1e-5)
    text = text_of(page)
    assert f"{len(front)} trials that no other one beats" in text
    assert "Best loss Best size Trials" in text
    assert "Optimizers by loss, to minimize, size, to minimize" in text


def two_metrics(seed, backend="random"):
    return run(
        lambda t: {"loss": t["x"], "gain": t["x"] * t["y"]},
        space={"x": hpb.Float(0, 1), "y": hpb.Float(0, 1)},
        direction={"loss": "minimize", "gain": "maximize"},
        seed=seed,
        n_trials=12,
    )


def test_of_several_metrics_each_has_its_best_and_all_studies_one_front(tmp_path):
    studies = [two_metrics(0), replace(two_metrics(1), algorithm="other")]
    page = page_of(studies, tmp_path)
    rows = re.findall("<tr><th scope=.row.>random:.*?</tr>", page, re.DOTALL)[:2]
    for column, (metric, better) in enumerate([("loss", min), ("gain", max)], start=0):
        bests = [better(t.metrics[metric] for t in s.trials) for s in studies]
        cells = [re.findall("<td>(.*?)</td>", row)[column] for row in rows]
        best = better(bests)
        marked = [f"{b:.6g} best" if b == best else f"{b:.6g}" for b in bests]
        assert [text_of(cell) for cell in cells] == marked
    together = [
        (t.metrics["loss"], t.metrics["gain"]) for s in studies for t in s.trials
    ]
    front = [
        (a, b) for a, b in together if not any(c < a and d >= b for c, d in together)
    ]
    assert f"{len(front)} trials that no other one beats" in text_of(page)
    figure = figures_of(page)[0]
    drawn = [pair for t in figure["data"] for pair in zip(t["x"], t["y"], strict=True)]
    assert sorted(drawn) == [pytest.approx(pair, rel=1e-5) for pair in sorted(front)]


def test_many_metrics_are_each_drawn_against_the_first():
    assert pairs_of("abc") == [("a", "b"), ("a", "c"), ("b", "c")]
    assert pairs_of("abcdef") == [("a", each) for each in "bcdef"]


def test_the_best_row_is_marked_and_none_where_all_are_alike(tmp_path):
    def rows(*values, **more):
        studies = [
            study_of([v], optimizer=f"o{k}", **more) for k, v in enumerate(values)
        ]
        page = page_of(studies, tmp_path)
        return re.findall('<tr class="best"><th scope="row">random:<wbr>(o[0-9])', page)

    assert rows(3, 1, 2) == ["o1"]
    assert rows(3, 1, 2, direction="maximize") == ["o0"]
    assert rows(1, 1, 2) == ["o0", "o1"]
    assert rows(-math.inf, 1) == ["o0"]
    assert rows(math.inf, 1) == ["o1"]
    assert rows(None, 1) == ["o1"]
    assert rows(1, 1) == rows(1) == rows(None, None) == []


def test_the_best_parameters_stand_outside_the_boxes(tmp_path):
    studies = [hostile_study(seed, n_trials=12) for seed in range(3)]
    studies += [replace(hostile_study(9, n_trials=5), algorithm="other")]
    page = page_of(studies, tmp_path)
    outside = text_of(re.sub("<details.*?</details>", "", page, flags=re.DOTALL))
    best = max(studies, key=lambda s: s.best_trial.metrics["accuracy"])
    for study in [best, studies[3]]:
        trial = study.best_trial
        assert f"trial {trial.number} of {study.name}" in outside
        for name in ("solver", "lr"):
            assert f"{name} {trial.params[name]}" in outside
    assert outside.count(" trial ") == 2
    # In a box of its own, each repeat has its own best; of one study, one is enough.
    assert text_of(page).count("Best trial: number") == 4
    alone = text_of(page_of(studies[:1], tmp_path))
    assert "Best trial: number" not in alone
    assert f"lr {studies[0].best_trial.params['lr']}" in alone


def test_a_machine_is_told_in_words(tmp_path):
    study = study_of([1])
    assert texts.machine({"system": "Linux", "machine": "x86_64", "cores": 1}) == (
        "1 core, Linux on x86_64"
    )
    known = {
        "processor": "A fast one",
        "cores": 8,
        "memory_bytes": 2**34,
        "gpu": "no",
    }
    machine = replace(study, machine={"system": "Darwin", **known})
    told = "Machine A fast one, 8 cores, 16 GiB of memory, Darwin, gpu no When"
    assert told in text_of(page_of([machine], tmp_path))
    assert "Machine" not in text_of(page_of([replace(study, machine={})], tmp_path))
    assert f"{os.cpu_count()} core" in text_of(page_of([study], tmp_path))


def test_choices_with_like_beginnings_keep_their_own_places(tmp_path):
    labels = ["x" * 80 + "a" + "y" * 80, "x" * 80 + "b" + "y" * 80, "1", 1]
    study = run(
        lambda t: float(t.number), space={"c": hpb.Categorical(labels)}, n_trials=40
    )
    figure = figures_of(page_of([study], tmp_path))[-1]
    axis = figure["layout"]["xaxis"]["categoryarray"]
    assert len({*axis}) == 4
    assert all(len(text) < 30 for text in axis)
    drawn = {
        int(text.split()[1]): x
        for trace in figure["data"]
        for text, x in zip(trace["text"], trace["x"], strict=True)
    }
    for trial in study.trials:
        assert drawn[trial.number] == axis[study.space["c"].index(trial.params["c"])]


@pytest.mark.parametrize("value", [0.25, 0.0, -3.0, 1e-300, -8e307, 12345678.9])
def test_a_flat_curve_gets_an_axis_around_it(tmp_path, value):
    figures = figures_of(page_of([study_of([value, value])], tmp_path))
    for figure in figures:
        low, high = figure["layout"]["yaxis"]["range"]
        assert low < value < high or value == -8e307
        assert high - low <= max(0.25 * abs(value), 2.0)


def test_one_trial_is_seen_in_the_middle(tmp_path):
    by_trials, by_time, parameter = figures_of(page_of([study_of([3.0])], tmp_path))
    assert by_trials["layout"]["xaxis"]["range"] == [0, 2]
    assert by_time["layout"]["xaxis"]["range"] == [0, 2]
    assert by_trials["data"][0]["marker"]["size"][-1] > 0
    low, high = parameter["layout"]["xaxis"]["range"]
    assert (low, high) == pytest.approx((-0.05, 1.05))


def test_a_band_begins_where_its_median_does(tmp_path):
    studies = [study_of([None, None, 4]), study_of([None, 3, 2]), study_of([5, 4, 1])]
    low, high, median = figures_of(page_of(studies, tmp_path))[0]["data"]
    assert median["x"] == low["x"] == high["x"] == [2, 3, 3]
    assert median["y"] == [4, 2, 2]
    assert low["y"] == [3, 1, 1]
    # One has no value yet: the band goes to the edge of the plot.
    limits = figures_of(page_of(studies, tmp_path))[0]["layout"]["yaxis"]["range"]
    assert high["y"] == [pytest.approx(limits[1]), 4, 4]


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
