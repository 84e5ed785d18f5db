from __future__ import annotations

import ast
import textwrap

import pytest

from hpbridge.contract.source import Source, UnsaidError


def source_of(text: str, **module: object) -> Source:
    source = Source(textwrap.dedent(text), "lib")
    source.module = module
    return source


def argument(source: Source) -> ast.expr:
    """Return the first argument of the call of ``here``."""
    (call,) = [c for c in source.calls() if ast.unparse(c.func) == "here"]
    return call.args[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("here(1 + 2)", 3),
        ("here({'a': [1, (2, None)]})", {"a": [1, (2, None)]}),
        ("n = 3\nhere(n * 2)", 6),
        ("n = 3\ndef main():\n    n = 4\n    here(n)", 4),
        ("def main(n=5):\n    here(n)", 5),
        ("def main(*, n=5):\n    here(n)", 5),
        ("n = 1\nn = 2\nhere(n)\nn = 3", 2),
        ("here([k * 2 for k in range(3)])", [0, 2, 4]),
        ("import math\nhere(math.sqrt(4))", 2.0),
        ("from math import sqrt as root\ndef f():\n    here(root(9))", 3.0),
        ("here(GLOBAL + 1)", 8),
        ("if __name__ == '__main__':\n    n = 9\n    here(n)", 9),
    ],
)
def test_plain_data_and_names_in_sight_are_evaluated(text, value):
    source = source_of(text, GLOBAL=7)
    assert source.value(argument(source)) == value


@pytest.mark.parametrize(
    "text",
    [
        "def f(n):\n    here(n)",
        "for n in range(3):\n    here(n)",
        "here(open('x'))",
        "def own():\n    return 1\nhere(own())",
        "args = parse()\nhere(args.n)",
        "n = n\nhere(n)",
        "here(1 / 0)",
        "here(unknown)",
        "import not_there_at_all\nhere(not_there_at_all.n)",
    ],
)
def test_what_only_the_running_script_knows_is_not_guessed(text):
    source = source_of(text)
    with pytest.raises(UnsaidError):
        source.value(argument(source))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("import lib\nhere(lib.f)", "lib.f"),
        ("import lib.part as p\nhere(p.f)", "lib.part.f"),
        ("from lib import f as g\nhere(g)", "lib.f"),
        ("from lib import *\nhere(f)", "lib.f"),
        ("from lib import *\nf = 1\nhere(f)", ""),
        ("from lib import *\nhere(len)", ""),
        ("here(x.f)", ""),
    ],
)
def test_what_was_imported_is_known_by_its_full_name(text, name):
    source = source_of(text)
    assert source.dotted(argument(source)) == name


def test_arguments_are_told_by_place_and_by_name():
    source = source_of("o = {'c': 3}\nhere(1, b=2, **o)\nthere(*x)\nthere(**y)")
    first, star, stars = source.calls()
    given = source.arguments(first, ("a", "b"))
    assert {k: source.value(v) for k, v in given.items()} == {"a": 1, "b": 2, "c": 3}
    assert set(source.arguments(star, ("a",))) == {"*"}
    assert set(source.arguments(stars, ("a",))) == {"**"}


def test_an_objective_may_call_what_it_likes():
    source = source_of("here(lambda t: f(t, X))", f=lambda t, x: t + x, X=2)
    assert source.evaluated(argument(source))(1) == 3
