"""Pages in a real browser: on wide and narrow windows, light and dark, and on paper."""

from __future__ import annotations

from dataclasses import replace

import pytest
from browser import SEEN, boxes, overlap, width_of_body
from report_studies import HOSTILE, hostile_study, page_of, run, study_of

import hpbridge as hpb


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A page with three repeats, a rival, and names that try to be markup."""
    studies = [hostile_study(seed, n_trials=12) for seed in range(3)]
    studies.append(replace(studies[0], algorithm=HOSTILE[:30]))
    folder = tmp_path_factory.mktemp("hostile")
    page_of(studies, folder, title=HOSTILE)
    return folder / "page.html"


@pytest.mark.parametrize(
    ("width", "is_dark"),
    [
        (1300, False),
        (390, True),
        pytest.param(1300, True, marks=pytest.mark.slow),
        pytest.param(390, False, marks=pytest.mark.slow),
    ],
)
def test_everything_is_drawn_and_nothing_is_too_wide(tab, hostile, width, is_dark):
    tab.show(hostile, width=width, is_dark=is_dark)
    tab.look("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    tab.settle()
    seen = tab.look(SEEN)
    assert seen["title"] == HOSTILE
    assert seen["canvases"] == seen["drawn"] == 2 + 4 * 4
    assert seen["lines"] >= seen["canvases"]
    assert {"lr", "solver", "trials", f"random:{HOSTILE[:30]}"} <= set(seen["texts"])
    assert seen["bold"] == 0
    shown, window = width_of_body(tab)
    assert shown <= window
    color = tab.look("getComputedStyle(document.body).backgroundColor")
    assert color == ("rgb(20, 24, 29)" if is_dark else "rgb(255, 255, 255)")


def test_the_data_can_be_taken_from_the_page(tab, hostile):
    tab.show(hostile, width=1300)
    tab.look("document.getElementById('download').click()")
    tab.wait("document.getElementById('download-status').textContent")
    status = tab.look("document.getElementById('download-status').textContent")
    assert status.endswith("MB written.")


def test_the_buttons_of_a_plot_stand_beside_it(tab, hostile):
    tab.show(hostile, width=1300)
    buttons = boxes(tab, ".plot.wide .modebar-group")
    plots = boxes(tab, ".plot.wide .nsewdrag")
    legends = boxes(tab, ".plot.wide .legend")
    assert buttons
    assert plots
    assert legends
    for button in buttons:
        assert not any(overlap(button, other) for other in [*plots, *legends])
    # Where curves end is inside of what nothing covers.
    ends = boxes(tab, ".plot.wide .scatterlayer .points path")
    assert max(e[2] for e in ends) < min(b[0] for b in buttons)


def test_a_narrow_table_shows_what_matters_and_says_that_more_follows(tab, hostile):
    tab.show(hostile, width=390)
    (table,) = boxes(tab, ".scroll:has(.grid)")[:1]
    headers = tab.look(
        "[...document.querySelector('.grid').querySelectorAll('thead th')].map("
        "(th) => [th.textContent, th.getBoundingClientRect().right])"
    )
    seen = [name for name, right in headers if right <= table[2] + 1]
    assert seen[:3] == ["Optimizer", "Best value", "Trials"]
    hidden = len(headers) - len(seen)
    assert hidden > 0
    assert tab.look("document.querySelector('.hint').textContent") == (
        f"{hidden} more columns \u2192"
    )
    assert "gradient" in tab.look(
        "getComputedStyle(document.querySelector('.scroll')).maskImage"
    )
    # The names of the rows stay while the rest is scrolled to its end.
    names = ".grid tbody th"
    before = boxes(tab, names)[0]
    tab.look("document.querySelector('.scroll').scrollLeft = 9999")
    tab.wait("document.querySelector('.hint').textContent === ''")
    assert boxes(tab, names)[0][0] == before[0] == pytest.approx(table[0], abs=1)
    assert before[2] - before[0] < 0.45 * 390
    tab.resize(1300, 900)
    tab.wait("!document.querySelector('.scroll.more-right')")


def test_on_paper_boxes_are_open_and_charts_take_its_width(tab, hostile):
    tab.show(hostile, width=700)
    tab.call("Emulation.setEmulatedMedia", media="print")
    tab.look("void dispatchEvent(new Event('beforeprint'))")
    tab.settle()
    assert not tab.look("document.querySelectorAll('details:not([open])').length")
    seen = tab.look(SEEN)
    assert seen["drawn"] == seen["canvases"]
    shown, window = width_of_body(tab)
    assert shown <= window
    ((left, _, right, _),) = boxes(tab, "main")
    for chart in boxes(tab, ".plot.wide .canvas .main-svg"):
        assert chart[2] - chart[0] > 0.97 * (right - left)
        assert 0.3 < (chart[3] - chart[1]) / (chart[2] - chart[0]) < 0.7
    figures = boxes(tab, "figure")
    for index, figure in enumerate(figures):
        assert not any(overlap(figure, other) for other in figures[index + 1 :])
    for chart, figure in zip(boxes(tab, ".canvas"), figures, strict=True):
        assert chart[2] <= figure[2] + 1
        assert chart[3] <= figure[3] + 1
    assert not boxes(tab, "button")
    assert not boxes(tab, ".hint")
    # The best parameters are on the paper, and not in a box.
    assert boxes(tab, ".winner dd")
    tab.call("Emulation.setEmulatedMedia", media="")
    tab.look("void dispatchEvent(new Event('afterprint'))")
    tab.settle()
    assert tab.look("document.querySelectorAll('details:not([open])').length") > 3
    assert tab.look("document.querySelectorAll('.main-svg[viewBox]').length") == 0


def test_what_is_printed_holds_what_closed_boxes_hide(tab, hostile):
    tab.show(hostile, width=1300)
    before = tab.look(SEEN)
    assert before["drawn"] < before["canvases"]
    printed = tab.printed()
    assert printed.startswith(b"%PDF")
    # A box that was closed is closed again, and its plots were drawn for the paper.
    tab.wait("document.querySelector('details:not([open])')")
    after = tab.look(SEEN)
    assert after["drawn"] == after["canvases"]


def test_a_flat_curve_and_a_lonely_trial_are_seen(tab, tmp_path):
    page_of([study_of([0.25]), study_of([0.25], optimizer="other")], tmp_path)
    tab.show(tmp_path / "page.html", width=1300)
    ticks = tab.look(
        "[...document.querySelectorAll('.plot.wide .yaxislayer-above text')].map("
        "(t) => parseFloat(t.textContent.replace('\u2212', '-')))"
    )
    assert ticks
    assert all(0.2 <= tick <= 0.3 for tick in ticks)
    plots = boxes(tab, ".plot.wide .nsewdrag")
    points = boxes(tab, ".plot.wide .scatterlayer .points path")
    ends = [box for box in points if box[2] > box[0]]
    assert len(ends) == 4
    for end in ends:
        assert any(overlap(end, plot) for plot in plots)


def test_long_names_stay_within_the_window(tab, tmp_path):
    name = "a_name_that_a_machine_made.of.many/parts_and_nothing_else_at_all" * 3
    studies = [
        run(
            lambda t: {name: t[name]},
            name=name,
            space={name: hpb.Float(0, 1), "c": hpb.Categorical(["x" * 300, "y"])},
            direction={name: "maximize"},
            n_trials=6,
            seed=seed,
        )
        for seed in range(3)
    ]
    page_of(studies, tmp_path, title=name, absent={name: name})
    for width in (1300, 390):
        tab.show(tmp_path / "page.html", width=width)
        tab.look("document.querySelectorAll('details').forEach((d) => d.open = true)")
        tab.settle()
        shown, window = width_of_body(tab)
        assert shown <= window
        charts = boxes(tab, ".canvas")
        titles = boxes(tab, ".canvas .ytitle, .canvas .xtitle")
        assert len(titles) == 2 * len(charts)
        for title in titles:
            # Each title lies within its own chart.
            assert any(
                c[0] - 2 <= title[0]
                and title[2] <= c[2] + 2
                and c[1] - 2 <= title[1]
                and title[3] <= c[3] + 2
                for c in charts
            )
