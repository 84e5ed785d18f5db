from __future__ import annotations

import textwrap

import pytest

from hpbridge.contract.script import Entry, Script, ScriptReader
from hpbridge.contract.sites import find_sites, of_objective, up_to
from hpbridge.contract.source import Source

READER = ScriptReader(
    library="lib",
    entries=(
        Entry("fmin", (0, "fn")),
        Entry("optimize", (0, "func"), of=("create",)),
        Entry("fit", (0, "train"), of=("Tuner",), by_maker=True),
    ),
    read=lambda source, site: Script(),
)


def read(text: str):
    source = Source(textwrap.dedent(text))
    return source, find_sites(source, [READER])


@pytest.mark.parametrize(
    "call",
    [
        "lib.fmin(f, 1)",
        "lib.fmin(fn=f)",
        "lib.create().optimize(f)",
        "s = lib.create()\ns.optimize(func=f)",
        "def main(s):\n    s.optimize(f)",
        "lib.Tuner(f).fit()",
        "t = lib.Tuner(train=f)\nt.fit()",
        "lib.fmin(lambda p: f(p, 1))",
        "g = partial(f, x=1)\nlib.fmin(g)",
    ],
)
def test_a_call_that_runs_a_study_is_found_by_its_objective(call):
    source, sites = read(f"import lib\ndef f(x): ...\ndef other(x): ...\n{call}")
    assert len(sites) == 1
    assert of_objective(source, sites, "f") == sites
    assert of_objective(source, sites, "other") == []


@pytest.mark.parametrize(
    "call",
    [
        "import scipy.optimize\nscipy.optimize.fmin(f, 1)",
        "scipy.optimize.optimize(f)",
        "model.fit(f)",
        "lib.fmin()",
        "fmin(f)",
    ],
)
def test_what_is_called_alike_is_left_alone(call):
    assert read(f"import lib\nimport scipy\n{call}")[1] == []


def ran(text: str, name: str) -> list[str]:
    source, sites = read(f"import lib\n{text}")
    tree, _ = up_to(source, sites, name)
    import ast

    return ast.unparse(tree).splitlines()[1:]


def test_a_study_at_the_top_level_ends_what_is_imported():
    text = "a = 1\ndef f(x): ...\ns = lib.create()\ns.optimize(f)\nprint(s.best)"
    kept = ran(text, "f")
    assert "s = lib.create()" in kept
    assert not any("optimize" in line or "print" in line for line in kept)


def test_a_study_below_a_main_guard_ends_nothing():
    text = "def f(x): ...\nif __name__ == '__main__':\n    lib.fmin(f)\na = 1"
    assert ran(text, "f")[-1] == "a = 1"


def test_a_function_that_runs_a_study_ends_it_where_it_is_called():
    text = "def f(x): ...\ndef go():\n    lib.fmin(f)\ndef main():\n    go()\na = 1"
    assert ran(f"{text}\nmain()\nb = 2", "f")[-1] == "a = 1"
    assert ran(text, "f")[-1] == "a = 1"


def test_a_study_above_the_objective_is_left_out_with_all_that_needs_it():
    text = (
        "def f(x): ...\nbest = lib.fmin(f)\nprint(best)\nworst = best + 1\n"
        "a = 1\ndef g(x): ...\nlib.fmin(g)\nb = 2"
    )
    kept = ran(text, "g")
    assert "a = 1" in kept
    assert not any("best" in line or "b = 2" in line for line in kept)
