"""What is in a column, where it is not the value itself."""

from __future__ import annotations

import pytest

import hpbridge as hpb
from hpbridge.errors import StudyNotFoundError
from hpbridge.store.record import TRIAL_FIELDS

ODD = [
    "",
    " ",
    "a\0",
    "\udfff",
    "hpbridge:json:",
    'hpbridge:json:"a"',
    "é\n",
    "x" * 9999,
]


@pytest.mark.parametrize("text", [None, *ODD])
def test_any_text_comes_back(text):
    (field,) = (f for f in TRIAL_FIELDS if f.name == "traceback")
    cell = field.to_cell(text)
    assert field.of_cell(cell) == text
    if cell is not None:
        assert "\0" not in cell
        cell.encode()


def test_text_that_looks_like_ours_and_is_not_is_read_as_it_is():
    (field,) = (f for f in TRIAL_FIELDS if f.name == "traceback")
    assert field.of_cell("hpbridge:json:{") == "hpbridge:json:{"


def test_a_study_of_any_name_is_run_and_found(tmp_path):
    store = tmp_path / "s.db"
    name = "a\0\udfff"
    for n_studies in (1, 2):
        experiment = hpb.Experiment(
            objective=lambda t: t["x"], space={"x": hpb.Float(0, 1)}, name=name
        )
        study = hpb.run(experiment, "random", n_trials=1, seed=0, store=store)
        number = "" if n_studies == 1 else "-2"
        assert study.name == rf"a\x00\udfff-random-random-0{number}"
        found = hpb.load_study(f"{name}-random-random-0{number}", store=store)
        assert (found.name, found.id) == (study.name, n_studies)
    with pytest.raises(StudyNotFoundError):
        hpb.load_study("\udfff", store=store)
