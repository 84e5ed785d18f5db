"""The page of a contest in a real browser: wide, narrow, light, dark, on paper."""

from __future__ import annotations

from dataclasses import replace

import contest_results as made
import pytest
from browser import SEEN, boxes, overlap, width_of_body
from report_studies import HOSTILE

from hpbridge.analysis.contest.verdict import verdict_of
from hpbridge.report.contest_page import write_contest
from hpbridge.report.leaderboard import Board
from hpbridge.report.leaderboard_page import write_leaderboard


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page of twelve optimizers, some with names that no plot has room for."""
    found = made.results(6, 12, 5, 25)
    names = (HOSTILE, "portfolio:elimination:optuna:tpe+skopt:gp+hyperopt:tpe" * 2)
    problems = tuple(replace(p, name=f"{p.name} {HOSTILE}") for p in found.problems)
    found = replace(
        found, problems=problems, optimizers=(*found.optimizers[:-2], *names)
    )
    found = made.with_fronts(found, 4, ("cost", HOSTILE))
    found = made.broken(made.without(found, 1, 2, HOSTILE), (2, 3, 1))
    path = tmp_path_factory.mktemp("contest") / "page.html"
    verdict = replace(verdict_of(found), sentences=(HOSTILE,))
    write_contest(found, made.record(found, name=HOSTILE), verdict, path)
    return path


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1200, 800, 375])
def test_all_of_a_contest_is_drawn_and_nothing_is_too_wide(tab, page, width, is_dark):
    tab.show(page, width=width, is_dark=is_dark)
    tab.look("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    tab.settle()
    seen = tab.look(SEEN)
    assert seen["title"] == HOSTILE
    assert seen["canvases"] == seen["drawn"] == 13
    assert seen["bold"] == 0
    shown, window = width_of_body(tab)
    assert shown <= window
    canvases = boxes(tab, ".canvas")
    for drawing in boxes(tab, ".canvas .main-svg"):
        assert any(drawing[2] <= c[2] + 2 and drawing[0] >= c[0] - 2 for c in canvases)


@pytest.mark.parametrize("width", [1200, 390])
def test_labels_of_the_diagram_never_overlap_and_lie_within_it(tab, page, width):
    tab.show(page, width=width)
    diagram = "section[aria-labelledby=differences] .canvas"
    labels = boxes(tab, f"{diagram} .ytick text")
    ((left, top, right, bottom),) = boxes(tab, diagram)
    assert len(labels) == 12
    for index, label in enumerate(labels):
        assert left - 2 <= label[0]
        assert label[2] <= right + 2
        assert top <= label[1]
        assert label[3] <= bottom + 2
        assert not any(overlap(label, other) for other in labels[index + 1 :])
    # Something is left of the width for the diagram itself.
    ((inner, _, outer, _),) = boxes(tab, f"{diagram} .nsewdrag")
    assert outer - inner > 0.3 * (right - left)


def test_the_checklist_is_read_without_scrolling_on_a_phone(tab, page):
    tab.show(page, width=390)
    sizes = tab.look(
        "(() => { const s = document.querySelector('.scroll:has(.checklist)');"
        "return [s.scrollWidth, s.clientWidth]; })()"
    )
    assert sizes[0] <= sizes[1] + 1


def test_the_caption_of_the_checklist_is_as_wide_as_a_phone(tab, page):
    tab.show(page, width=375)
    ((left, top, right, bottom),) = boxes(tab, ".checklist caption")
    assert right - left > 300
    assert bottom - top < 80


NAMES_THAT_BREAK = """(() => {
  const broken = [];
  for (const cell of document.querySelectorAll(".grid th")) {
    if (!cell.checkVisibility()) continue;
    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      for (const word of texts.currentNode.data.matchAll(/[^ \\n-]+-?/g)) {
        const range = document.createRange();
        range.setStart(texts.currentNode, word.index);
        range.setEnd(texts.currentNode, word.index + word[0].length);
        const tops = new Set([...range.getClientRects()].map((r) => r.top));
        if (tops.size > 1) broken.push(word[0]);
      }
    }
  }
  return broken;
})()"""


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """A page of optimizers with the names that they have."""
    found = made.with_fronts(made.results(4, 4, 12, 30), 1)
    names = ("optuna:random", "hyperopt:random", "optuna:tpe", "skopt:gp")
    found = replace(found, optimizers=names)
    path = tmp_path_factory.mktemp("usual") / "page.html"
    write_contest(found, made.record(found), verdict_of(found), path)
    return path


@pytest.mark.parametrize("width", [1200, 800, 375])
def test_names_and_headings_break_between_their_words_alone(tab, usual, width):
    tab.show(usual, width=width)
    tab.look("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    tab.settle()
    assert tab.look(NAMES_THAT_BREAK) == []


def test_on_paper_names_and_headings_break_between_their_words_alone(tab, usual):
    tab.show(usual, width=688)
    tab.call("Emulation.setEmulatedMedia", media="print")
    assert tab.look(NAMES_THAT_BREAK) == []
    tab.call("Emulation.setEmulatedMedia", media="")


def test_the_last_row_has_its_border_below_the_cell_that_stays(tab, usual):
    tab.show(usual, width=375)
    gaps = tab.look(
        "[...document.querySelectorAll('.scroll')].filter((s) => s.checkVisibility())"
        ".map((s) => s.getBoundingClientRect().bottom"
        " - s.querySelector('table').getBoundingClientRect().bottom)"
    )
    assert min(gaps) >= 1


@pytest.fixture(scope="module")
def boards(tmp_path_factory):
    """The page of a leaderboard of two boards, one of them with a hostile name."""
    many = made.broken(made.without(made.results(6, 12, 5, 20), 1, 2), (2, 3, 1))
    few = made.results(1, 1, 1, 2)
    path = tmp_path_factory.mktemp("boards") / "page.html"
    given = [
        Board("made up", "20 trials", ("a bench", HOSTILE), many, (HOSTILE,)),
        Board(HOSTILE, "2 trials", ("another",), few, ()),
    ]
    write_leaderboard(given, [HOSTILE], path)
    return path


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1200, 800, 375])
def test_all_of_a_leaderboard_is_drawn_and_nothing_is_too_wide(
    tab, boards, width, is_dark
):
    tab.show(boards, width=width, is_dark=is_dark)
    tab.look("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    tab.settle()
    seen = tab.look(SEEN)
    assert seen["canvases"] == seen["drawn"] == 1
    shown, window = width_of_body(tab)
    assert shown <= window


def test_a_printed_leaderboard_is_no_wider_than_paper(tab, boards):
    tab.show(boards, width=688)
    tab.call("Emulation.setEmulatedMedia", media="print")
    shown, window = width_of_body(tab)
    assert shown <= window
    tab.call("Emulation.setEmulatedMedia", media="")


def test_a_printed_contest_holds_every_table_and_plot(tab, page):
    tab.show(page, width=700)
    tab.call("Emulation.setEmulatedMedia", media="print")
    tab.look("void dispatchEvent(new Event('beforeprint'))")
    tab.settle()
    seen = tab.look(SEEN)
    assert seen["drawn"] == seen["canvases"]
    shown, window = width_of_body(tab)
    assert shown <= window
    figures = boxes(tab, "figure")
    for index, figure in enumerate(figures):
        assert not any(overlap(figure, other) for other in figures[index + 1 :])
    for chart, figure in zip(boxes(tab, ".canvas"), figures, strict=True):
        assert chart[2] <= figure[2] + 1
        assert chart[3] <= figure[3] + 1
    tab.call("Emulation.setEmulatedMedia", media="")
    tab.look("void dispatchEvent(new Event('afterprint'))")
    assert tab.printed().startswith(b"%PDF")
