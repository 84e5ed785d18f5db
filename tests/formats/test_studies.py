"""Reading, importing and writing existing studies: what all formats have in common."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import hpbridge as hpb
from hpbridge.contract.foreign import ForeignStudy, ForeignTrial, Hints, StudyFormat
from hpbridge.contract.registry import registry
from hpbridge.errors import FormatError
from hpbridge.trial import Origin, State
from tests.command import hpbridge


class Source:
    """A study of a format of our own, for what no real format has at once."""

    def __init__(self, *trials, **study):
        self.study = ForeignStudy(
            **{
                "name": "src",
                "trials": trials,
                "metrics": {"loss": "minimize"},
                **study,
            }
        )


@pytest.fixture(autouse=True)
def own_format(monkeypatch):
    known = registry().formats
    own = StudyFormat(
        name="own",
        summary="",
        looks_for="a Source",
        recognizes=lambda source: isinstance(source, Source),
        read=lambda source, hints: source.study,
    )
    monkeypatch.setitem(known, "own", own)


def complete(loss=1.0, **params):
    return ForeignTrial(State.COMPLETE, params, {"loss": loss})


SPACE = hpb.Space({"x": hpb.Float(0, 1), "c": hpb.Categorical({"s": (1,), "l": (2,)})})


def test_a_study_is_read_with_its_trials_in_order():
    trial = ForeignTrial(
        State.COMPLETE,
        {"x": 0.5, "c": (2,)},
        {"loss": 2.0, "more": 1.0},
        reports=((0, 3.0),),
        started_at=10.0,
        run_seconds=2.0,
        attributes={"a": 1},
        native={"b": 2},
    )
    study = hpb.read_study(
        Source(trial, complete(x=0.25, c="s"), space=SPACE, native={"state": [1]})
    )
    assert study.trials[0].params == {"x": 0.5, "c": "l"}
    assert study.trials[0].values == {"x": 0.5, "c": (2,)}
    assert study.trials[0].metrics == {"loss": 2.0, "more": 1.0}
    assert study.trials[0].reports == ((0, 3.0),)
    assert (study.trials[0].started_at, study.trials[0].run_seconds) == (10.0, 2.0)
    assert (study.trials[0].attributes, study.trials[0].native) == ({"a": 1}, {"b": 2})
    assert {t.origin for t in study.trials} == {Origin.IMPORTED}
    assert [t.number for t in study.trials] == [0, 1]
    assert (study.backend, study.optimizer, study.seed) == ("own", "own", None)
    assert study.native == {"state": [1]}
    assert study.notes == ()
    assert study.best_trial.number == 1


def test_without_a_space_the_values_seen_stand_for_it_and_that_is_said():
    study = hpb.read_study(
        Source(
            complete(x=0.5, n=3, c="a"),
            complete(x=2, n=5, c=None),
            complete(x=1.0, n=4, c="a"),
        )
    )
    assert dict(study.space) == {
        "x": hpb.Float(0.5, 2.0),
        "n": hpb.Int(3, 5),
        "c": hpb.Categorical(["a", None]),
    }
    assert study.notes == (
        "the source holds no space: the ranges are those of the values seen",
    )


def test_a_parameter_that_some_trials_lack_is_not_made_up():
    study = hpb.read_study(Source(complete(x=0.5, y=1.0), complete(x=0.25)))
    assert [t.params for t in study.trials] == [{"x": 0.5}, {"x": 0.25}]
    assert [t.attributes for t in study.trials] == [{"param:y": 1.0}, {}]


def test_complete_trials_outside_the_space_are_left_out_and_named():
    outside = [complete(x=2.0 + k, c="s") for k in range(5)]
    study = hpb.read_study(Source(complete(x=0.5, c="s"), *outside, space=SPACE))
    assert len(study.trials) == 1
    (note,) = study.notes
    assert note.startswith(
        "5 of 6 trials are left out, since they are not in the space"
    )
    assert "trial 1: 'x' is 2.0, outside [0.0, 1.0]" in note
    assert note.endswith("; ...")


def test_a_failed_trial_keeps_what_it_has_of_a_point():
    failed = ForeignTrial(State.FAILED, {"x": 0.5, "c": "unknown"}, error="boom")
    study = hpb.read_study(Source(failed, complete(x=0.5, c="s"), space=SPACE))
    assert study.trials[0].params == {"x": 0.5}
    assert study.trials[0].error == "boom"


def test_the_space_can_be_given():
    study = hpb.read_study(Source(complete(x=0.5, c="s")), space=SPACE)
    assert study.space == SPACE
    assert study.notes == ()


def test_hints_reach_the_format(monkeypatch):
    seen = []
    known = registry().formats
    spying = StudyFormat(
        name="spy",
        summary="",
        looks_for="",
        recognizes=lambda source: False,
        read=lambda source, hints: seen.append(hints) or source.study,
    )
    monkeypatch.setitem(known, "spy", spying)
    hpb.read_study(
        Source(complete(x=0.5)),
        format="spy",
        name="n",
        space={"x": hpb.Float(0, 1)},
        direction={"loss": "maximize"},
        columns={"param:x": "x"},
    )
    (hints,) = seen
    assert hints == Hints(
        "n",
        hpb.Space({"x": hpb.Float(0, 1)}),
        {"x": hpb.Float(0, 1)},
        {"loss": "maximize"},
        {"param:x": "x"},
    )


def test_an_import_is_in_the_store_as_it_was_read(tmp_path):
    source = Source(
        complete(x=0.5, c="s"),
        ForeignTrial(State.PRUNED, {"x": 0.5, "c": "l"}, attributes={"a": [1]}),
        space=SPACE,
        bounds={"loss": "<= 3"},
        attributes={"who": "me"},
        native={"state": {"k": 1}},
    )
    read = hpb.read_study(source)
    study = hpb.import_study(source, tmp_path / "store.db", save_as="mine")
    assert study.name == "mine"
    assert study.status == "finished"
    assert (study.attributes, study.native) == (read.attributes, read.native)
    assert [(t.state, t.params, t.metrics, t.attributes) for t in study.trials] == [
        (t.state, t.params, t.metrics, t.attributes) for t in read.trials
    ]
    assert study.bounds == read.bounds
    assert study.settings["imported"]["format"] == "own"
    again = hpb.import_study(source, tmp_path / "store.db", save_as="mine")
    assert again.name == "mine-2"


def test_an_imported_study_goes_on_and_comes_out(tmp_path):
    store = tmp_path / "store.db"
    trials = [complete(loss=k / 10, x=k / 10, c="s") for k in range(8)]
    imported = hpb.import_study(Source(*trials, space=SPACE), store)
    experiment = hpb.Experiment(
        objective=lambda t: {"loss": t["x"]},
        space=SPACE,
        direction={"loss": "minimize"},
    )
    study = hpb.run(
        experiment, "random", n_trials=2, store=store, history=imported.name
    )
    assert len(study.trials) == 10
    hpb.write_study(study, tmp_path / "out.json", "json")
    assert len(hpb.read_study(tmp_path / "out.json").trials) == 10


def refused(call, *words, **settings):
    with pytest.raises(FormatError) as caught:
        call(*words, **settings)
    text = str(caught.value)
    assert text.count("Hint: ") == 1
    return text


def test_an_unknown_source_names_all_that_was_tried(tmp_path):
    text = refused(hpb.read_study, object())
    for form in registry().formats.values():
        assert f"  - {form.name}: {form.looks_for}" in text
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    assert f"{path}" in refused(hpb.read_study, path)


def test_a_missing_file_is_named(tmp_path):
    path = tmp_path / "nothing.pkl"
    assert f"there is no file or folder {str(path)!r}" in refused(hpb.read_study, path)
    assert not path.exists()


def test_an_unknown_format_gets_the_nearest_name(tmp_path):
    study = hpb.read_study(Source(complete(x=0.5)))
    assert "'jsn'; did you mean 'json'?" in refused(
        hpb.read_study, Source(complete(x=0.5)), format="jsn"
    )
    text = refused(hpb.write_study, study, tmp_path / "x", "jsn")
    assert "'jsn' is no format; did you mean 'json'?" in text
    text = refused(hpb.write_study, study, tmp_path / "x", "own")
    assert "'own' is only read" in text


def test_an_empty_study_is_neither_read_nor_written(tmp_path):
    text = refused(hpb.read_study, Source(notes=("2 trials still run",)))
    assert "it holds no finished trial" in text
    assert "2 trials still run" in text
    experiment = hpb.Experiment(objective=lambda t: 0, space={"x": hpb.Float(0, 1)})
    study = hpb.run(experiment, "random", n_trials=1, timeout=1e-9, store=":memory:")
    text = refused(hpb.write_study, study, tmp_path / "x", "json")
    assert "has no finished trial" in text


def test_trials_without_parameters_are_refused():
    text = refused(
        hpb.read_study, Source(ForeignTrial(State.COMPLETE, {}, {"loss": 1}))
    )
    assert "its trials have no parameters" in text


def test_bounds_that_cannot_be_are_refused():
    source = Source(complete(x=0.5), bounds={"loss": "below 3"})
    assert "'below 3'" in refused(hpb.read_study, source)


EXPERIMENT = """
import hpbridge as hpb

space = {"lr": hpb.Float(0, 1), "kind": hpb.Categorical(["a", "b"])}
experiment = hpb.Experiment(
    objective=lambda t: {"loss": t["lr"]}, space=space, direction={"loss": "minimize"}
)
"""


def test_import_and_going_on_from_the_command_line(tmp_path):
    (tmp_path / "exp.py").write_text(EXPERIMENT)
    table = pd.DataFrame({"rate": [0.25, 0.5], "kind": ["a", "b"], "val": [3.0, 2.0]})
    table.to_csv(tmp_path / "old.csv", index=False)
    mapping = ["param:lr=rate", "param:kind=kind", "metric:loss=val"]
    columns = [word for each in mapping for word in ("--column", each)]
    words = ["import", "old.csv", *columns, "--space", "exp.py:space"]
    done = hpbridge(tmp_path, *words, "--name", "old", "--json")
    summary = json.loads(done.stdout)
    assert (summary["name"], summary["n_trials"]) == ("old", 2)
    assert summary["best"]["params"] == {"lr": 0.5, "kind": "b"}
    words = ["run", "exp.py", "-b", "random", "-n", "3", "-s", "0", "--from", "old"]
    done = hpbridge(tmp_path, *words)
    assert "goes on from 2 trials of study 'old'" in done.stdout
    assert "5 complete" in done.stdout
    hpbridge(tmp_path, "export", "2", "new.json")
    words = [*words[:-1], "new.json"]
    assert "8 complete" in hpbridge(tmp_path, *words).stdout


WRONG = [
    (["import", "nothing.pkl"], "there is no file or folder 'nothing.pkl'"),
    (["import", "exp.py"], "is no study that hpbridge can read; tried"),
    (["import", "exp.py", "--format", "csw"], "did you mean 'csv'?"),
    (["import", "exp.py", "--space", "exp.py:spice"], "did you mean 'space'"),
    (["import", "exp.py", "--column", "lr"], "'lr' is not KEY=VALUE"),
    (["run", "exp.py", "--from", "nothing"], "holds no study 'nothing'"),
    (["run", "exp.py", "--space", "exp.py:space"], "--direction are for functions"),
    (["run", "exp.py:experiment", "--direction", "loss=maximize"], "of its own"),
    (["export", "1", "x.json"], "holds no study '1'"),
]


@pytest.mark.parametrize(("words", "sentence"), WRONG)
def test_what_a_user_gets_wrong_ends_in_a_sentence(tmp_path, words, sentence):
    (tmp_path / "exp.py").write_text(EXPERIMENT)
    done = hpbridge(tmp_path, *words, code=2)
    assert sentence in done.stderr
    assert done.stderr.count("Hint: ") == 1
    assert "Traceback" not in done.stderr


def test_formats_and_hosts_are_listed(tmp_path):
    listed = json.loads(hpbridge(tmp_path, "formats", "--json").stdout)
    assert {"csv", "json", "parquet"} <= {each["name"] for each in listed}
    assert "csv" in hpbridge(tmp_path, "formats").stdout
    listed = json.loads(hpbridge(tmp_path, "hosts", "--json").stdout)
    assert all("{optimizer}" in each["line"] for each in listed)
    assert "sklearn" in hpbridge(tmp_path, "hosts").stdout
