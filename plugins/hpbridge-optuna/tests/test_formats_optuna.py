"""Optuna's studies come in and go out: real storages, and what is not one."""

from __future__ import annotations

import contextlib
import json
import math
import random
import sqlite3
import time
import warnings

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

import hpbridge as hpb
from hpbridge.contract.foreign import Hints
from hpbridge.contract.registry import registry
from hpbridge.errors import FormatError
from hpbridge.trial import State
from hpbridge_optuna import FORMAT
from hpbridge_optuna.format.read import recognizes

pytestmark = pytest.mark.usefixtures("silent_optuna")


def objective(trial):
    solver = trial.suggest_categorical("solver", ["adam", "sgd", None])
    rate = trial.suggest_float("rate", 1e-5, 1e-1, log=True)
    if solver == "sgd":
        trial.suggest_float("momentum", 0.0, 0.9, step=0.3)
    layers = trial.suggest_int("layers", 1, 3)
    for layer in range(1, layers):
        trial.suggest_int(f"units{layer}", 4, 64, log=True)
    trial.report(math.nan, 0)
    trial.report(rate, 2)
    trial.set_user_attr("note", {"rate": [rate]})
    if trial.number % 7 == 3:
        raise ValueError
    if trial.number % 7 == 5:
        raise optuna.TrialPruned
    return math.inf if trial.number == 1 else rate


def study_in(storage, n_trials=28, **arguments):
    sampler = optuna.samplers.RandomSampler(seed=1)
    study = optuna.create_study(
        storage=storage, sampler=sampler, study_name="tuned", **arguments
    )
    study.set_user_attr("who", ["me"])
    study.optimize(objective, n_trials=n_trials, catch=(ValueError,))
    return study


def journal(path):
    return JournalStorage(JournalFileBackend(str(path)))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The same study in an SQLite file and in a journal."""
    folder = tmp_path_factory.mktemp("studies")
    url = f"sqlite:///{folder / 'study.db'}"
    study_in(url, direction="maximize")
    optuna.copy_study(
        from_study_name="tuned",
        from_storage=url,
        to_storage=journal(folder / "study.log"),
    )
    return folder


@pytest.fixture(params=["study.db", "study.log"])
def file(request, files):
    return files / request.param


def read(source, **hints):
    return FORMAT.read(source, Hints(**hints))


def loaded(file):
    storage = f"sqlite:///{file}" if file.suffix == ".db" else journal(file)
    return optuna.load_study(study_name="tuned", storage=storage)


def test_everything_arrives(file):
    theirs = loaded(file)
    study = read(file)
    assert (study.name, study.metrics) == ("tuned", {"value": "maximize"})
    assert study.attributes == {"who": ["me"]}
    states = {"COMPLETE": "complete", "FAIL": "failed", "PRUNED": "pruned"}
    assert len(study.trials) == 28
    for ours, trial in zip(study.trials, theirs.trials, strict=True):
        assert ours.state.value == states[trial.state.name]
        assert ours.params == trial.params
        is_complete = ours.state is State.COMPLETE
        assert ours.metrics == ({"value": trial.value} if is_complete else {})
        assert repr(dict(ours.reports)) == repr(trial.intermediate_values)
        assert ours.attributes == trial.user_attrs
        assert ours.started_at == trial.datetime_start.timestamp()
        assert ours.run_seconds == pytest.approx(
            trial.duration.total_seconds(), abs=1e-6
        )


def test_the_space_is_that_of_the_objective(file):
    study = hpb.read_study(file)
    assert study.space == hpb.Space(
        {
            "solver": hpb.Categorical(["adam", "sgd", None]),
            "rate": hpb.Float(1e-5, 1e-1, log=True),
            "momentum": hpb.Float(0, 0.9, step=0.3, when={"solver": "sgd"}),
            "layers": hpb.Int(1, 3),
            "units1": hpb.Int(4, 64, log=True, when={"layers": [2, 3]}),
            "units2": hpb.Int(4, 64, log=True, when={"layers": 3}),
        }
    )
    inferred = [note for note in study.notes if "was inferred from" in note]
    assert len(inferred) == 3
    assert (
        "'momentum' was inferred from 28 trials: 'solver' is one of ['sgd']"
        in (inferred[0])
    )


def test_a_live_study_reads_as_its_storage(file):
    assert repr(read(loaded(file))) == repr(read(file))


def test_reading_changes_nothing_and_makes_nothing(file):
    before = file.read_bytes(), sorted(file.parent.iterdir())
    read(file)
    recognizes(file)
    assert (file.read_bytes(), sorted(file.parent.iterdir())) == before


def test_a_missing_file_is_not_made(tmp_path):
    missing = tmp_path / "no.db"
    with pytest.raises(FormatError, match="No such file"):
        read(f"sqlite:///{missing}")
    assert not missing.exists()


def test_a_wal_file_without_its_log_is_read_as_it_is(tmp_path):
    path = tmp_path / "wal.db"
    study_in(f"sqlite:///{path}", 2)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    assert len(read(path).trials) == 2
    assert list(tmp_path.iterdir()) == [path]


def test_only_optuna_storages_are_recognized(file, tmp_path):
    assert recognizes(file)
    hpb.minimize(lambda t: t["x"], {"x": hpb.Float(0, 1)}, n_trials=1, backend="random",
                 store=tmp_path / "ours.db")  # fmt: skip
    (tmp_path / "rows.jsonl").write_text('{"target": 1}\n')
    (tmp_path / "empty").touch()
    others = [*tmp_path.iterdir(), tmp_path, tmp_path / "missing", 3, {}, "x.db"]
    assert [each for each in others if recognizes(each)] == []
    assert recognizes("postgresql://somewhere/db")
    assert not recognizes(f"sqlite:///{tmp_path / 'ours.db'}")
    assert recognizes(f"sqlite:///{file}") is (file.suffix == ".db")
    assert registry().formats["optuna"] is FORMAT


def test_one_of_several_studies_is_named(tmp_path):
    url = f"sqlite:///{tmp_path / 'two.db'}"
    for name in ("first", "second"):
        optuna.create_study(storage=url, study_name=name).add_trial(
            optuna.create_trial(value=1.0)
        )
    with pytest.raises(FormatError, match="it holds 2 studies: 'first', 'second'"):
        read(url)
    with pytest.raises(FormatError, match="no study 'secund'; did you mean 'second'"):
        read(url, name="secund")
    assert read(url, name="second").name == "second"


def test_several_metrics_constraints_and_waiting_trials(tmp_path):
    url = f"sqlite:///{tmp_path / 'many.db'}"
    study = optuna.create_study(storage=url, directions=["minimize", "maximize"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.set_metric_names(["loss", "score"])

    def run(trial):
        x = trial.suggest_float("x", 0, 1)
        trial.set_constraint("memory", x - 0.5)
        return x, -x

    study.optimize(run, n_trials=3)
    study.enqueue_trial({"x": 0.3})
    study.ask()
    study.enqueue_trial({"x": 0.4})
    found = read(url)
    assert found.metrics == {"loss": "minimize", "score": "maximize"}
    assert found.bounds == {"memory": "<= 0"}
    for ours, trial in zip(found.trials, study.trials[:3], strict=True):
        x = trial.params["x"]
        assert ours.metrics == {"loss": x, "score": -x, "memory": x - 0.5}
    assert "2 trials that run or wait were left out" in found.notes


def distribution_trial(value=1.0, **params):
    return optuna.create_trial(
        value=value,
        params={name: value for name, (value, _) in params.items()},
        distributions={name: each for name, (_, each) in params.items()},
    )


def test_changed_ranges_are_joined_and_said():
    dist = optuna.distributions
    study = optuna.create_study()
    study.add_trial(distribution_trial(
        x=(1.0, dist.FloatDistribution(0, 1)), n=(4, dist.IntDistribution(0, 8, step=4))
    ))  # fmt: skip
    study.add_trial(distribution_trial(
        x=(2.0, dist.FloatDistribution(0.5, 2)),
        n=(6, dist.IntDistribution(2, 14, step=4)),
    ))  # fmt: skip
    found = hpb.read_study(study)
    assert found.space == hpb.Space({"x": hpb.Float(0, 2), "n": hpb.Int(0, 14, step=2)})
    assert [note.split(";")[0] for note in found.notes] == [
        "'x' was searched in 2 ranges or kinds",
        "'n' was searched in 2 ranges or kinds",
    ]


def test_what_two_parameters_explain_together_is_read_and_said():
    def run(trial):
        a = trial.suggest_categorical("a", [True, False])
        b = trial.suggest_categorical("b", [True, False])
        return trial.suggest_float("x", 0, 1) if a and b else 0.0

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(run, n_trials=40)
    found = hpb.read_study(study)
    assert found.space["x"].when == (("a", (True,)), ("b", (True,)))
    assert found.notes[0].endswith("'a' is one of [True] and 'b' is one of [True]")
    assert [t.params for t in found.trials] == [t.params for t in study.trials]


SETS = {
    "a pruned trial tried another": (["a"] * 6, ["ab"], "a", 6),
    "a complete trial tried another": (["a"] * 6 + ["ab"], [], "a", 7),
    "one was replaced": (["ab"] * 4 + ["ac"] * 4, [], "a", 8),
    "others, pruned": (["ab"] * 5, ["cd"] * 4, "ab", 5),
    "one was added": (["a"] * 5 + ["ab"] * 3, [], "a", 8),
    "one was added early": (["a"] + ["ab"] * 11, [], "ab", 11),
}


@pytest.mark.parametrize(("whole", "pruned", "names", "n_kept"), [*SETS.values()])
def test_no_complete_trial_is_lost_for_what_a_minority_has(
    whole, pruned, names, n_kept
):
    uniform = optuna.distributions.FloatDistribution(0, 1)
    study = optuna.create_study()
    for state, sets in (("COMPLETE", whole), ("PRUNED", pruned)):
        for each in sets:
            study.add_trial(
                optuna.trial.create_trial(
                    state=optuna.trial.TrialState[state],
                    params=dict.fromkeys(each, 0.5),
                    distributions=dict.fromkeys(each, uniform),
                    value=1.0 if state == "COMPLETE" else None,
                )
            )
    found = hpb.read_study(study)
    assert "".join(found.space) == names
    assert sum(t.state is hpb.State.COMPLETE for t in found.trials) == n_kept
    for trial in found.trials:
        kept = {n.removeprefix("param:") for n in trial.attributes}
        assert {*trial.params, *kept} <= {*"abcd"}


def test_kinds_scales_and_choices_that_changed_hold_every_trial():
    dist = optuna.distributions
    study = optuna.create_study()
    for params in (
        {"x": (3, dist.IntDistribution(1, 4)), "c": ("a", ["a", "b"])},
        {"x": (0.0, dist.FloatDistribution(0, 1)), "c": ("b", ["b", "c"])},
        {"x": (5.0, dist.FloatDistribution(1e-3, 9, log=True)), "c": ("d", ["d"])},
    ):
        label, choices = params["c"]
        params["c"] = label, dist.CategoricalDistribution(choices)
        study.add_trial(distribution_trial(**params))
    found = hpb.read_study(study)
    assert found.space == hpb.Space(
        {"x": hpb.Float(0, 9), "c": hpb.Categorical(["a", "b", "c", "d"])}
    )
    assert [t.params for t in found.trials] == [t.params for t in study.trials]
    assert [note.split(";")[0] for note in found.notes] == [
        "'x' was searched in 3 ranges or kinds",
        "'c' was searched in 3 ranges or kinds",
    ]


def test_choices_of_any_kind_get_names():
    study = optuna.create_study()
    choices = [(1, 2), "a", 1, True, None, math.nan]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        distribution = optuna.distributions.CategoricalDistribution(choices)
        for choice in choices[:2]:
            study.add_trial(distribution_trial(c=(choice, distribution)))
    found = hpb.read_study(study)
    labels = ("(1, 2)", "a", "1", "True", "None", "nan")
    assert found.space["c"].labels == labels
    assert [trial.params["c"] for trial in found.trials] == ["(1, 2)", "a"]


def test_old_distributions_and_short_forms_are_read(files, tmp_path):
    lines = (files / "study.log").read_text().splitlines()
    first = json.loads(lines[0])
    old = {
        "a": '{"name": "LogUniformDistribution", '
        '"attributes": {"low": 0.1, "high": 1}}',
        "b": '{"name": "DiscreteUniformDistribution", '
        '"attributes": {"low": 0, "high": 1, "q": 0.5}}',
        "c": '{"name": "IntLogUniformDistribution", '
        '"attributes": {"low": 1, "high": 8, "step": 1}}',
        "d": '{"type": "categorical", "choices": ["x", "y"]}',
    }
    trial = {
        "op_code": 4, "worker_id": "w", "study_id": 0, "state": 1, "value": 1.0,
        "datetime_start": "2020-01-01T00:00:00", "datetime_complete": None,
        "distributions": old, "params": {"a": 0.5, "b": 0.5, "c": 2.0, "d": 1},
    }  # fmt: skip
    trial.pop("datetime_complete")
    path = tmp_path / "old.log"
    path.write_text("\n".join(map(json.dumps, [first, trial])) + "\n")
    found = hpb.read_study(path)
    assert found.space == hpb.Space(
        {
            "a": hpb.Float(0.1, 1, log=True),
            "b": hpb.Float(0, 1, step=0.5),
            "c": hpb.Int(1, 8, log=True),
            "d": hpb.Categorical(["x", "y"]),
        }
    )
    assert found.trials[0].params == {"a": 0.5, "b": 0.5, "c": 2, "d": "y"}


def test_times_of_an_older_optuna_are_local_and_said(tmp_path):
    path = tmp_path / "four.db"
    study_in(f"sqlite:///{path}", 1)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE version_info SET library_version = '4.9.0'")
        connection.execute("UPDATE trials SET datetime_start = '2024-06-01 12:00:00'")
        connection.commit()
    found = read(path)
    assert found.trials[0].started_at == time.mktime((2024, 6, 1, 12, 0, 0, 0, 0, -1))
    assert found.notes[0].startswith("Optuna 4.9.0 kept times without a zone")


@pytest.mark.parametrize(
    ("version", "hint"),
    [("v2.6.0.a", "optuna storage upgrade"), ("v9.0.0.a", "pip install --upgrade")],
)
def test_another_schema_is_refused(tmp_path, version, hint):
    path = tmp_path / "other.db"
    study_in(f"sqlite:///{path}", 1)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
        connection.commit()
    with pytest.raises(FormatError, match=hint) as caught:
        read(path)
    assert f"its schema is {version!r}" in str(caught.value)


def test_a_database_of_before_there_were_all_tables_is_told_what_to_do(tmp_path):
    path = tmp_path / "old.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for table in ("studies", "trials", "version_info"):
            connection.execute(f"CREATE TABLE {table} (x)")
        connection.commit()
        with pytest.raises(hpb.HpbridgeError, match="optuna storage upgrade"):
            hpb.read_study(path)
        connection.execute("CREATE TABLE alembic_version (version_num)")
        connection.execute("INSERT INTO alembic_version VALUES ('v1.3.0.a')")
        connection.commit()
    with pytest.raises(hpb.HpbridgeError, match="optuna storage upgrade") as caught:
        hpb.read_study(path)
    assert "its schema is 'v1.3.0.a'" in str(caught.value)


def test_an_operation_of_a_newer_journal_is_refused(files, tmp_path):
    path = tmp_path / "new.log"
    path.write_bytes(
        (files / "study.log").read_bytes() + b'{"op_code":77,"worker_id":""}\n'
    )
    with pytest.raises(FormatError, match="the operation 77, which hpbridge does not"):
        read(path)


# Damage and malice: a refusal or well-formed data, nothing run, in bounded time.


def refused_or_read(path):
    started = time.process_time()
    try:
        found = read(path)
    except FormatError:
        found = None
    assert time.process_time() - started < 5
    assert sorted(path.parent.iterdir()) == [path]
    return found


def test_a_truncated_file_is_refused_or_read_up_to_there(file, tmp_path):
    data = file.read_bytes()
    whole = read(file)
    path = tmp_path / file.name
    for k in range(20):
        path.write_bytes(data[: len(data) * k // 20])
        found = refused_or_read(path)
        assert found is None or file.suffix == ".log"
        if found is not None:
            n_trials = len(found.trials)
            assert repr(found.trials) == repr(whole.trials[:n_trials])


def test_flipped_bits_are_refused_or_data(file, tmp_path):
    data = file.read_bytes()
    rng = random.Random(7)
    path = tmp_path / file.name
    outcomes = set()
    for _ in range(60):
        damaged = bytearray(data)
        for _ in range(3):
            damaged[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        found = refused_or_read(path)
        outcomes.add(found is None)
        for trial in found.trials if found else ():
            assert all(type(value) is float for value in trial.metrics.values())
    assert True in outcomes


def test_a_view_in_place_of_a_table_is_not_queried(tmp_path):
    path = tmp_path / "view.db"
    study_in(f"sqlite:///{path}", 1)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE trial_params")
        connection.execute(
            "CREATE VIEW trial_params AS WITH RECURSIVE n(i) AS "
            "(SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS trial_id, "
            "'x' AS param_name, 1.0 AS param_value, '' AS distribution_json, "
            "i AS param_id FROM n"
        )
        connection.commit()
    with pytest.raises(FormatError, match="it has no table 'trial_params'"):
        read(path)


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 200_000 + b"\n",
        b'{"op_code":4}\n',
        b'{"op_code":0,"study_name":"b","directions":[9],"worker_id":""}\n',
        b'{"op_code":1e400,"worker_id":""}\n',
        b"\xff\xfe\n",
        b'{"op_code":5,"trial_id":"x","worker_id":""}\n',
    ],
)
def test_a_line_that_is_no_operation_is_refused(files, tmp_path, line):
    path = tmp_path / "bad.log"
    path.write_bytes((files / "study.log").read_bytes() + line)
    assert refused_or_read(path) is None


def test_an_impossible_distribution_is_named(tmp_path):
    url = f"sqlite:///{tmp_path / 'nan.db'}"
    study = optuna.create_study(storage=url)
    study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=1)
    with contextlib.closing(sqlite3.connect(tmp_path / "nan.db")) as connection:
        connection.execute(
            "UPDATE trial_params SET distribution_json = "
            "replace(distribution_json, '1.0', 'Infinity')"
        )
        connection.commit()
    with pytest.raises(FormatError, match=r"'x'.* high must be a finite number"):
        hpb.read_study(url)
    space = hpb.Space({"x": hpb.Float(0, 2)})
    assert read(url, space=space).space is space
