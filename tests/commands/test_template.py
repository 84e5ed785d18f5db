from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpbridge.commands.template import Template

HOSTILE = [
    "a b",
    "'",
    '"',
    ";",
    "$(touch pwned)",
    "`touch pwned`",
    "a\nb",
    "--flag",
    "-",
    "",
    "{lr}",
    "{{x}}",
    "*",
    "~",
    "\\",
    "%s",
    "é\u2028",
    "|| true",
    "&",
    "#",
    "]",
    "[x",
]


@given(value=st.sampled_from(HOSTILE) | st.text())
def test_a_value_is_a_part_of_its_word_and_no_more(value):
    template = Template.of("run 'a b' --x={x} {x} [{x}] '{x} {x}'")
    words = ["run", "a b", f"--x={value}", value, f"[{value}]", f"{value} {value}"]
    assert template.fill({"x": value}, set()) == words


def test_a_program_gets_hostile_values_as_they_are(tmp_path):
    code = "import sys, json; print(json.dumps(sys.argv[1:]))"
    names = {f"v{k}": value for k, value in enumerate(HOSTILE)}
    words = [sys.executable, "-c", code, *(f"{{{name}}}" for name in names)]
    filled = Template.of(words).fill(names, set())
    done = subprocess.run(filled, capture_output=True, check=True, cwd=tmp_path)
    import json

    assert json.loads(done.stdout) == HOSTILE
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("text", "active", "words"),
    [
        ("t [--m {m}] {x}", ["t", "--m", "M", "X"], ["t", "X"]),
        ("t [--m={m}]", ["t", "--m=M"], ["t"]),
        ("t [ --m {m} ] {x}", ["t", "--m", "M", "X"], ["t", "X"]),
        ("t [--x {x} --m {m}]", ["t", "--x", "X", "--m", "M"], ["t"]),
        ("t [--x {x}] [[{m}]]", ["t", "[--x", "X]", "[M]"], ["t", "[--x", "X]"]),
        (
            "t [a] [b {x}] [",
            ["t", "[a]", "[b", "X]", "["],
            ["t", "[a]", "[b", "X]", "["],
        ),
    ],
)
def test_words_in_brackets_are_left_out_where_a_parameter_is_not_active(
    text, active, words
):
    template = Template.of(text)
    assert template.fill({"x": "X", "m": "M"}, {"m"}) == active
    assert template.fill({"x": "X"}, {"m"}) == words
    assert "m" not in template.always({"m"})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "names no program"),
        ("''", "names no program"),
        ([], "names no program"),
        ("t 'a", "cannot be split into words: no closing quotation"),
        ("t {", "has a brace that is no part"),
        ("t '{\"a\": 1}'", "without the bare name"),
        ("t {}", "without the bare name"),
        ("t {x:.3f}", "without the bare name"),
        ("t {x!r}", "without the bare name"),
    ],
)
def test_what_is_no_template_is_refused_in_a_sentence(text, says):
    with pytest.raises(ValueError, match=says):
        Template.of(text)


def test_names_may_have_dots_and_braces_are_written_twice():
    template = Template.of("t {opt.lr} '{{\"a\": {b c}}}'")
    assert [*template.names] == ["opt.lr", "b c"]
    assert template.fill({"opt.lr": "1", "b c": "2"}, set()) == ["t", "1", '{"a": 2}']
    assert template.program == "t"
    assert Template.of("{p} x").program is None
