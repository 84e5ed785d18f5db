"""The frame of the checks: what is found, silenced, recorded and said at the end."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sklearn.datasets import make_classification
from sklearn.tree import DecisionTreeClassifier

import hpbridge as hpb
from hpbridge.analysis.checks.catalogue import CHECKS, DATA_CHECKS
from hpbridge.analysis.checks.finding import Finding
from hpbridge.analysis.checks.run import findings_of
from hpbridge.analysis.evaluated import Evaluated
from hpbridge.errors import ArgumentError, ExperimentError

X, Y = make_classification(120, random_state=0)


def evaluation(**more):
    return hpb.Evaluation(
        DecisionTreeClassifier(), X, Y, space={"max_depth": hpb.Int(1, 9)}, **more
    )


def run(experiment, n_trials=4, **more):
    return hpb.run(
        experiment, "random", n_trials=n_trials, seed=0, **{"store": ":memory:"} | more
    )


@pytest.fixture(scope="module")
def study():
    return run(evaluation())


def test_each_check_is_made_once_and_what_spoke_comes_first(study):
    found = findings_of(Evaluated(study))
    codes = [each.code for each in found]
    assert sorted(codes) == sorted([*DATA_CHECKS, *(each.code for each in CHECKS)])
    order = [(True, False, None).index(each.spoke) for each in found]
    assert order == sorted(order)
    for each in found:
        assert each.sentence
        assert bool(each.hint) == (each.spoke is True)
        assert each.spoke is None or each.number is not None
        assert Finding.from_json(json.loads(json.dumps(each.to_json()))) == each


def test_codes_are_in_order_and_titles_differ():
    codes = [each.code for each in CHECKS]
    assert codes == sorted(set(codes))
    assert len({each.title for each in CHECKS}) == len(CHECKS)


def test_a_silenced_check_is_not_made(study):
    found = findings_of(Evaluated(study), silence=["HPB204", "HPB101"])
    assert not {"HPB204", "HPB101"} & {each.code for each in found}


def test_a_code_that_is_none_is_refused_with_the_nearest(study):
    with pytest.raises(ArgumentError, match=r"HPB240.*did you mean 'HPB2"):
        findings_of(Evaluated(study), silence=["HPB240"])
    with pytest.raises(ExperimentError, match="HPB240"):
        evaluation(silence=["HPB240"])
    with pytest.raises(ExperimentError, match="silence must be a list of codes"):
        evaluation(silence="HPB204")


def test_an_evaluation_says_at_its_end_what_was_found(study):
    said = [note for note in study.notes if note.startswith("HPB2")]
    assert any(note.startswith("HPB204: left at the default") for note in said)
    spoke = {each.code for each in findings_of(Evaluated(study)) if each.spoke}
    assert {note[:6] for note in said} == {c for c in spoke if c.startswith("HPB2")}


def test_what_an_evaluation_silences_is_neither_said_nor_reported():
    study = run(evaluation(silence=["HPB204"]))
    assert not any("HPB204" in note for note in study.notes)
    assert "HPB204" not in {each.code for each in findings_of(Evaluated(study))}


def test_a_study_that_goes_on_says_its_remarks_once(tmp_path):
    store = tmp_path / "s.db"
    run(evaluation(), store=store, name="s")
    study = hpb.resume("s", evaluation(), store=store, n_trials=6)
    assert len(study.trials) == 6
    said = [note[:6] for note in study.notes if note.startswith("HPB")]
    assert "HPB204" in said
    assert len(said) == len(set(said))


def test_studies_of_functions_are_told_nothing_and_have_their_checks():
    study = hpb.minimize(
        lambda p: (p["x"] - 2) ** 2,
        {"x": hpb.Float(0, 1)},
        "random",
        n_trials=20,
        seed=0,
        store=":memory:",
    )
    assert study.notes == ()
    found = {each.code: each for each in findings_of(Evaluated(study))}
    assert found["HPB201"].spoke
    assert found["HPB205"].spoke is None
    assert found["HPB204"].spoke is None


def test_a_check_that_fails_on_an_odd_record_says_so(study):
    odd = {"evaluation": {**study.attributes["evaluation"], "sizes": "many"}}
    found = findings_of(Evaluated(replace(study, attributes=odd)))
    failed = [each for each in found if "it failed on this record" in each.sentence]
    assert failed
    assert all(each.spoke is None for each in failed)


def test_no_trial_is_no_reason_to_fail(study):
    found = findings_of(Evaluated(replace(study, trials=())))
    of_search = [each for each in found if each.code.startswith("HPB2")]
    assert not any("failed" in each.sentence for each in of_search)
