"""The kit for formats: right ones keep every rule, wrong ones break the one they do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hpbridge.contract.foreign import Part
from hpbridge.testing import FormatConformance, check_format
from hpbridge.testing.checks import run_check
from hpbridge.testing.format_case import FormatCase
from hpbridge.testing.format_checks import FORMATS
from hpbridge.testing.sample_studies import ASPECTS, N_TRIALS, aspect, sample_study
from hpbridge.trial import State
from tests import wrong_formats as wrong
from tests.wrong_formats import RIGHT, less_than_all, losing, spec

WRONG_ONES = {
    "nameless": (spec(name="Ours!"), {"record"}),
    "a read one that holds": (spec(write=None), {"record"}),
    "holds nothing": (spec(holds=frozenset()), {"record", "losses"}),
    "loses reports": (losing(reports=()), {"parts", "crossing"}),
    "loses attributes": (losing(attributes={}), {"parts", "crossing"}),
    "loses metrics": (
        losing(metrics={"loss": 1.0}),
        {"parts", "plain_study", "crossing"},
    ),
    "loses a trial": (
        spec(write=wrong.loses_the_last),
        {"parts", "plain_study", "crossing"},
    ),
    "says nothing of what it loses": (
        spec(holds=less_than_all(Part.PRUNED)),
        {"losses"},
    ),
    "speaks in sentences": (
        spec(write=wrong.says_what_it_keeps, holds=less_than_all(Part.REPORTS)),
        {"losses"},
    ),
    "always says the same": (
        spec(write=wrong.says_always_the_same, holds=less_than_all(Part.REPORTS)),
        {"losses"},
    ),
    "takes all for its own": (spec(recognizes=wrong.takes_all), {"others"}),
    "does not know its own": (spec(recognizes=wrong.takes_nothing), {"own"}),
    "raises where it is asked": (spec(recognizes=wrong.trusts_the_source), {"others"}),
    "trusts what it reads": (spec(read=wrong.reads_what_is_cut), {"damage"}),
    "raises of its own": (
        spec(read=wrong.raises_of_its_own),
        {"wrong_files", "damage"},
    ),
    "gives no hint": (spec(read=wrong.gives_no_hint), {"wrong_files", "damage"}),
    "overwrites": (spec(write=wrong.overwrites), {"target"}),
    "leaves a part": (spec(write=wrong.leaves_a_part), {"target"}),
    "makes folders": (spec(write=wrong.makes_folders), {"target"}),
    "writes to what it reads": (spec(read=wrong.touches), {"source"}),
    "locks what it reads": (spec(read=wrong.locks), {"source"}),
    "changes the study": (spec(write=wrong.mutates), {"study"}),
}


def broken_by(format_, **settings):
    results = check_format(format_, **settings)
    assert [result.check for result in results] == list(FORMATS.checks)
    return {result.check: result.message for result in results if not result.passed}


@pytest.mark.parametrize("name", WRONG_ONES)
def test_a_wrong_format_is_found_out(name) -> None:
    format_, broken = WRONG_ONES[name]
    for check in broken:
        message = run_check(FORMATS.checks[check], FormatCase(format_)).message
        assert message.startswith(f"format {format_.name!r}, {check}: expected ")
        assert "; saw " in message
        assert f"Rule: {FORMATS.checks[check].sentence} (format rule " in message


def test_every_check_can_fail() -> None:
    found = set().union(*(checks for _, checks in WRONG_ONES.values()))
    assert found == set(FORMATS.checks)


def test_a_format_that_is_only_read_is_checked_on_samples(tmp_path) -> None:
    sample = tmp_path / "sample"
    RIGHT.write(sample_study(), sample)
    read_only = spec(write=None, holds=frozenset())
    skipped = {r.check for r in check_format(read_only) if r.skipped_reason}
    assert {"own", "damage", "source", "parts"} <= skipped
    results = check_format(read_only, samples=[sample])
    assert [r.message for r in results if r.message] == []
    done = {r.check for r in results if not r.skipped_reason}
    assert {"own", "damage", "source"} <= done
    wrong_one = spec(write=None, holds=frozenset(), read=wrong.locks)
    assert set(broken_by(wrong_one, samples=[sample])) == {"source"}
    assert [path.name for path in tmp_path.iterdir()] == ["sample"]


def test_a_format_whose_library_is_missing_is_skipped() -> None:
    results = check_format(spec(requires=("no-such-library>=1",)))
    assert {r.skipped_reason for r in results} == {"not installed: no-such-library>=1"}


def test_a_sample_study_has_the_parts_that_it_is_asked_for() -> None:
    assert set(ASPECTS) == set(Part)
    plain = sample_study()
    study = sample_study(Part)
    assert len(plain.trials) == len(study.trials) == N_TRIALS
    assert {trial.state for trial in plain.trials} == {State.COMPLETE}
    for part in set(Part) - {Part.SPACE, Part.LABELS, Part.TIMES}:
        assert aspect(part, plain) != aspect(part, study), part
    active = {len(trial.params) for trial in study.trials}
    assert len(active) > 1  # conditions hold in some trials, and in others not
    assert len({study.is_feasible(trial) for trial in study.trials}) == 2


class TestRight(FormatConformance):
    spec = RIGHT


def test_expected_failures_name_checks() -> None:
    with pytest.raises(ValueError, match="names no check: \\['reported'\\]"):
        type("T", (FormatConformance,), {"expected_failures": {"reported": "no"}})


FAILING = """
from hpbridge.testing import FormatConformance
from tests.wrong_formats import locks, makes_folders, spec

class TestUnexpected(FormatConformance):
    spec = spec(write=makes_folders)

class TestExpected(FormatConformance):
    spec = spec(read=locks)
    expected_failures = {"source": "it locks", "target": "it does not"}
"""


def test_the_test_class_judges_as_the_function_does(tmp_path) -> None:
    root = Path(__file__).parents[2]
    (tmp_path / "test_formats.py").write_text(FAILING)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n0"]
    command += ["-c", str(root / "pyproject.toml"), "--rootdir", str(tmp_path)]
    command += ["-k", "source or target or losses"]
    done = subprocess.run(
        [*command, str(tmp_path)], cwd=root, capture_output=True, text=True, check=False
    )
    lines = [
        line for line in done.stdout.splitlines() if line[:6] in {"FAILED", "XFAIL "}
    ]
    named = sorted(line.partition("::")[2].partition(" - ")[0] for line in lines)
    assert named == [
        "TestExpected::test_conforms[source]",
        "TestExpected::test_conforms[target]",
        "TestUnexpected::test_conforms[target]",
    ]


@pytest.mark.parametrize("name", wrong.OTHERS)
def test_a_mistake_of_a_formats_author_is_found(name) -> None:
    results = check_format(wrong.OTHERS[name])
    assert [result.message for result in results if not result.passed]
