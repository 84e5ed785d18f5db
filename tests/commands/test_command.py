"""Commands as objectives, run as real programs."""

from __future__ import annotations

import json
import pickle
import sys
import tomllib
from pathlib import Path

import pytest
from waiting import is_alive, wait_until

import hpbridge as hpb
from hpbridge.commands.folder import runs_of
from hpbridge.errors import ArgumentError, ExperimentError, ObjectiveError, SpaceError
from hpbridge.experiment import KeptObjective

SPACE = {"x": hpb.Float(-1, 1)}


def program(folder, text, name="program"):
    """Write a program for sh; return its path."""
    path = Path(folder, name)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def ran(command, space=None, *, n_trials=1, store=":memory:", **how):
    settings = {
        name: how.pop(name)
        for name in ("direction", "budget", "constraints")
        if name in how
    }
    experiment = hpb.Experiment(objective=command, space=space or SPACE, **settings)
    return hpb.run(experiment, "random", n_trials=n_trials, seed=0, store=store, **how)


def folder_of(trial):
    return Path(trial.attributes["folder"])


@pytest.mark.parametrize("workers", [1, 2])
def test_the_last_line_is_the_metric(tmp_path, workers):
    path = program(tmp_path, 'echo starts; echo "noise" >&2; echo "$1"; echo')
    study = ran(hpb.Command([str(path), "{x}"]), n_trials=2, workers=workers)
    assert [t.state for t in study.trials] == [hpb.State.COMPLETE] * 2
    for trial in study.trials:
        assert trial.metrics == {"value": trial.params["x"]}
        assert trial.attributes["exit_code"] == 0


SAID = [
    ('echo 0.5 > "$HPBRIDGE_RESULT"; echo 7', "loss", {"loss": 0.5}),
    ('echo \'{"loss": 1, "n": 2, "who": "me"}\'', "loss", {"loss": 1.0, "n": 2.0}),
    ("echo 'final loss: 3e-2 ok'", {"loss": r"loss: (\S+)"}, {"loss": 0.03}),
    ("echo -inf", "loss", {"loss": float("-inf")}),
    ("printf 'a\\r0.25'", "loss", {"loss": 0.25}),
    (
        'echo "acc=0.5"; echo \'{"b": 2}\'',
        {"a": r"acc=(\S+)", "b": None},
        {"a": 0.5, "b": 2.0},
    ),
]


@pytest.mark.parametrize(("text", "metric", "metrics"), SAID)
def test_metrics_come_by_file_by_last_line_or_by_pattern(
    tmp_path, text, metric, metrics
):
    path = program(tmp_path, text)
    study = ran(hpb.Command(str(path), metric=metric, params="env"))
    (trial,) = study.trials
    assert trial.metrics == metrics
    assert study.has_result
    if "n" in metrics:
        assert trial.attributes["who"] == "me"


NONE = [
    ("true", "loss", "it printed nothing, and so no metric 'loss'"),
    ("echo done", "loss", "is 'done': no metric"),
    ("echo 0.5 0.6", "loss", "is '0.5 0.6': 2 numbers"),
    ("echo 0.5; echo done", "loss", "is 'done': no metric"),
    ("echo '{\"los\": 1}'", "loss", "has no 'loss', but 'los'; did you mean 'los'?"),
    ("echo 1", ["a", "b"], "is one number, and the metrics are 'a', 'b'"),
    ("echo x", {"loss": r"loss (\S+)"}, "matches no line of standard output"),
    (
        "echo loss 1; echo loss 2",
        {"loss": r"loss (\S+)"},
        "matches 2 lines of it: '1', '2'",
    ),
    ('echo "[1]" > $HPBRIDGE_RESULT', "loss", "its file of results is '[1]'"),
]


@pytest.mark.parametrize(("text", "metric", "says"), NONE)
def test_a_command_that_gives_no_metric_or_two_ends_the_study_in_a_sentence(
    tmp_path, text, metric, says
):
    command = hpb.Command([str(program(tmp_path, text))], metric=metric, params="env")
    with pytest.raises(ObjectiveError) as raised:
        ran(command, n_trials=5)
    assert "gives no metric" in str(raised.value)
    assert says in str(raised.value)
    assert "HPBRIDGE_RESULT" in raised.value.hint


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("echo nan", "returned nan for metric 'loss'"),
        ('echo \'{"loss": "low"}\'', "returned the str 'low' for metric 'loss'"),
        ("echo oh >&2; echo no >&2; exit 3", "RuntimeError: exit code 3: no"),
        ("exit 3", "RuntimeError: exit code 3, and nothing on standard error"),
        ("kill -SEGV $$", "RuntimeError: signal SIGSEGV"),
    ],
)
def test_what_fails_in_one_trial_fails_that_trial(tmp_path, text, error):
    text = f'case "$HPBRIDGE_TRIAL" in 0) {text};; *) echo 1;; esac'
    command = hpb.Command([str(program(tmp_path, text))], metric="loss", params="env")
    failed, other = ran(command, n_trials=2).trials
    assert failed.state is hpb.State.FAILED
    assert error in failed.error
    assert other.state is hpb.State.COMPLETE
    if "oh" in text:
        assert "oh\nno\n" in failed.traceback


def test_all_that_a_program_gets_and_prints_is_in_its_folder(tmp_path):
    path = program(
        tmp_path,
        'echo "$HPBRIDGE_PARAM_who|$HPBRIDGE_SEED|$HPBRIDGE_BUDGET|$1|$2|$PWD"; '
        "echo bad >&2; echo 1",
    )
    space = {**SPACE, "who": "a\n'b", "c": hpb.Categorical({"wide": (3, None)})}
    command = hpb.Command(
        [str(path), "{c}", "{budget}"], params="json", cwd="{folder}", metric="loss"
    )
    store = tmp_path / "s.db"
    budget = hpb.Budget(1, 9)
    study = ran(command, space, store=store, budget=budget)
    (trial,) = study.trials
    folder = folder_of(trial)
    assert folder.parent.parent == tmp_path / "s.db-runs"
    assert (folder / "stdout").read_text() == (
        f"a\n'b|{trial.seed}|9|[3, null]|9|{folder}\n1\n"
    )
    assert (folder / "stderr").read_text() == "bad\n"
    assert json.loads((folder / "params.json").read_text()) == {
        "x": trial.params["x"],
        "who": "a\n'b",
        "c": [3, None],
    }


def test_parameters_come_as_a_toml_file(tmp_path):
    path = program(tmp_path, 'cat "$1" > copy; echo 1')
    command = hpb.Command(f"{path} {{params_file}}", params="toml", cwd=tmp_path)
    (trial,) = ran(command, {**SPACE, "s": 'a"\\\x7f', "on": True}).trials
    found = tomllib.loads((tmp_path / "copy").read_text())
    assert found == {**trial.values}


def test_a_run_that_is_tried_again_has_a_folder_of_its_own(tmp_path):
    path = program(
        tmp_path, "test -e seen && echo 1; touch seen; test $? = 0 && test -s x"
    )
    command = hpb.Command([str(path)], params="env", cwd=tmp_path)
    study = ran(command, store=tmp_path / "s.db", retries=1)
    (trial,) = study.trials
    assert trial.attempts == 2
    names = {path.name for path in folder_of(trial).parent.iterdir()}
    assert names == {"0", "0-2"}


REPORTING = """
trap 'echo $i > state.new; mv state.new "$HPBRIDGE_CHECKPOINT/state"; exit 1' TERM
i=0; test -e "$HPBRIDGE_CHECKPOINT/state" && i=$(cat "$HPBRIDGE_CHECKPOINT/state")
echo "begins at $i" >&2
while [ $i -lt 4 ]; do
  i=$((i+1)); echo "epoch $i loss 0.$HPBRIDGE_TRIAL$i"
  while ! [ -e "$HPBRIDGE_FOLDER/../go" ] && ! [ -e "$HPBRIDGE_PRUNE" ]; do
    [ $HPBRIDGE_TRIAL = 0 ] && break; sleep 0.05
  done
done
echo "0.$HPBRIDGE_TRIAL"
"""
EPOCHS = r"epoch (?P<step>\d+) loss (?P<value>\S+)"


@pytest.mark.parametrize("workers", [1, 2])
def test_what_looks_bad_is_told_to_end(tmp_path, workers):
    path = program(tmp_path, REPORTING)
    command = hpb.Command(
        [str(path)], params="env", cwd="{folder}", reports=EPOCHS, metric="loss"
    )
    pruner = ("threshold", {"upper": 0.05})
    study = ran(command, pruner=pruner, n_trials=2, workers=workers)
    kept, ended = study.trials
    assert kept.state is hpb.State.COMPLETE
    assert kept.reports == ((1, 0.01), (2, 0.02), (3, 0.03), (4, 0.04))
    assert ended.state is hpb.State.PRUNED
    assert ended.reports == ((1, 0.11),)
    assert ended.attributes["exit_code"] == 1


def test_one_that_does_not_end_is_ended_with_all_that_it_started(tmp_path):
    path = program(
        tmp_path,
        "trap '' TERM; sleep 600 & echo $! > child; "
        'echo 9 >> "$HPBRIDGE_REPORTS"; wait',
    )
    command = hpb.Command([str(path)], params="env", cwd=tmp_path, grace=0.2)
    study = ran(command, pruner=("threshold", {"upper": 1}))
    (trial,) = study.trials
    assert trial.state is hpb.State.PRUNED
    assert trial.reports == ((1, 9.0),)
    assert trial.attributes["exit_code"] == -9
    child = int((tmp_path / "child").read_text())
    wait_until(lambda: not is_alive(child))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("x", "the report 'x' is no number and no JSON object"),
        ('{"step": 1.5, "value": 3}', "is 3 at step 1.5"),
        ('{"step": 1}', "is no number and no JSON object"),
        ('{"step": -1, "value": 3}', "step must be a whole number from 0"),
        ('{"value": "low"}', "is 'low' at step None"),
    ],
)
def test_a_report_that_is_none_fails_its_trial(tmp_path, line, says):
    path = program(tmp_path, f"echo '{line}' > \"$HPBRIDGE_REPORTS\"; sleep 60")
    (trial,) = ran(hpb.Command([str(path)], params="env", grace=0)).trials
    assert trial.state is hpb.State.FAILED
    assert says in trial.error


def test_reports_come_as_lines_of_json(tmp_path):
    lines = ["0.5", '{"value": 2}', '{"step": 7, "loss": 3, "other": "x"}', ""]
    text = "".join(f"echo '{line}' >> \"$HPBRIDGE_REPORTS\"\n" for line in lines)
    path = program(tmp_path, f"{text}echo 1")
    (trial,) = ran(hpb.Command([str(path)], params="env", metric="loss")).trials
    assert trial.reports == ((1, 0.5), (2, 2.0), (7, 3.0))


def test_a_trial_goes_on_from_what_its_program_saved(tmp_path):
    text = """
i=0; test -e "$HPBRIDGE_CHECKPOINT/state" && i=$(cat "$HPBRIDGE_CHECKPOINT/state")
echo "begins at $i"
while [ $i -lt 9 ]; do
  i=$((i+1)); echo $i > new; mv new "$HPBRIDGE_CHECKPOINT/state"
  echo "epoch $i loss 0.$HPBRIDGE_TRIAL$i"
  while [ $i = 3 ] && ! [ -e "$HPBRIDGE_PRUNE" ]; do sleep 0.05; done
done
echo "0.$HPBRIDGE_TRIAL"
"""
    command = hpb.Command(
        [str(program(tmp_path, text))],
        params="env",
        cwd="{folder}",
        reports=EPOCHS,
        metric="loss",
    )
    options = {"reduction_factor": 3, "min_resource": 3, "max_resource": 9}
    study = ran(command, n_trials=3, pruner=("asha:promotion", options))
    states = sorted(trial.state for trial in study.trials)
    assert states == [hpb.State.COMPLETE, hpb.State.PRUNED, hpb.State.PRUNED]
    assert [step for step, _ in study.best_trial.reports] == [*range(1, 10)]
    runs = folder_of(study.best_trial).parent
    second = runs / f"{study.best_trial.number}-2"
    assert (second / "stdout").read_text().startswith("begins at 3\n")


def test_exit_codes_may_mean_complete_or_pruned(tmp_path):
    path = program(tmp_path, "echo 1; exit $((HPBRIDGE_TRIAL + 3))")
    command = hpb.Command([str(path)], params="env", ok=[0, 3], pruned=[4])
    states = [trial.state for trial in ran(command, n_trials=3).trials]
    assert states == [hpb.State.COMPLETE, hpb.State.PRUNED, hpb.State.FAILED]


def test_a_trial_takes_no_longer_than_its_timeout(tmp_path):
    path = program(tmp_path, "echo $$ > pid; exec sleep 600")
    command = hpb.Command([str(path)], params="env", cwd=tmp_path)
    (trial,) = ran(command, timeout_trial=2).trials
    assert trial.state is hpb.State.FAILED
    pid = int((tmp_path / "pid").read_text())
    wait_until(lambda: not is_alive(pid))


def test_a_study_goes_on_from_its_record_alone(tmp_path, monkeypatch):
    path = program(tmp_path, 'echo "$2 $3" >> ran; echo "$1"')
    store = tmp_path / "s.db"
    space = {
        **SPACE,
        "c": hpb.Categorical({"one": (1, 2), "two": [None]}, weights=[1, 3]),
        "d": hpb.Int(1, 3, when={"c": "one"}),
    }
    command = hpb.Command(
        ["./program", "{x}", "{c}", "[{d}]"], cwd=tmp_path, metric="m"
    )
    how = {"direction": {"m": "maximize"}, "constraints": {"m": "<= 0.5"}}
    experiment = hpb.Experiment(
        objective=command,
        space=hpb.Space(space, forbid=[{"c": "one", "d": 2}]),
        baseline={"x": 0.25, "c": "two"},
        **how,
    )
    whole = hpb.run(experiment, "random", n_trials=6, seed=3, store=":memory:")
    first = hpb.run(experiment, "random", n_trials=3, seed=3, store=store)
    monkeypatch.chdir("/")
    study = hpb.resume(first.name, store=store, n_trials=6)
    assert [t.params for t in study.trials] == [t.params for t in whole.trials]
    assert [t.metrics for t in study.trials] == [t.metrics for t in whole.trials]
    assert path.exists()
    lines = (tmp_path / "ran").read_text().splitlines()
    assert lines[:6] == lines[6:]
    other = hpb.Experiment(
        objective=hpb.Command(["./other", "{x}", "{c}", "[{d}]"], metric="m"),
        space=experiment.space,
        **how,
    )
    with pytest.raises(ExperimentError, match="command of its command is"):
        hpb.resume(first.name, other, store=store)


def test_a_function_that_forbids_is_missed_where_a_record_stands_alone(tmp_path):
    store = tmp_path / "s.db"
    command = hpb.Command([str(program(tmp_path, "echo 1"))], params="env")
    space = hpb.Space(SPACE, forbid=[lambda point: False])
    name = ran(command, space, store=store).name
    with pytest.raises(ExperimentError, match="holds no functions of forbid="):
        hpb.resume(name, store=store, n_trials=2)


WRONG = [
    ("true", {}, SPACE, "names no parameter, as in {x}"),
    ("true {x}", {}, {**SPACE, "yy": hpb.Int(1, 2)}, "does not name 'yy'"),
    ("true {x} {xx}", {}, SPACE, "names 'xx', which is no parameter; did you mean 'x'"),
    ("true {x} {budget}", {}, SPACE, "names 'budget', and the experiment has none"),
    (
        "true {x} {y}",
        {},
        {"x": hpb.Int(1, 2), "y": hpb.Int(1, 2, when={"x": 1})},
        "'y' is not always active: write [... {y}]",
    ),
    (
        "true",
        {"params": "env"},
        {"a=b": hpb.Int(1, 2)},
        "no variable can be named 'a=b'",
    ),
    ("true {x}", {}, {**SPACE, "o": object()}, "which is no value for a command"),
    ("true {x}", {}, {"x": hpb.Categorical(["a\0", "b"])}, "has a NUL"),
    ("true", {"params": "toml"}, {**SPACE, "n": [None]}, "which TOML lacks"),
]


@pytest.mark.parametrize(("text", "how", "space", "says"), WRONG)
def test_a_space_that_a_command_cannot_be_given_is_refused(text, how, space, says):
    with pytest.raises(ExperimentError, match=r"cannot be run") as raised:
        hpb.Experiment(objective=hpb.Command(text, **how), space=space)
    assert says in str(raised.value)


def test_all_that_is_wrong_with_a_command_is_said_at_once():
    wrong = {"params": "jsn", "reports": "x", "ok": [0, 999], "pruned": [0]}
    metric = {"a": "(", "b": "(.)(.)"}
    with pytest.raises(ArgumentError) as raised:
        hpb.Command("t {", metric=metric, grace=-1, **wrong)
    assert len(raised.value.problems) == 8
    assert "did you mean 'json'" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("pythn {x}", "there is no program 'pythn' on the PATH"),
        ("./none {x}", "there is no file"),
        ("./plain {x}", "is not executable: chmod +x"),
    ],
)
def test_a_command_that_is_not_there_is_said_before_the_first_trial(
    tmp_path, text, says
):
    (tmp_path / "plain").write_text("echo 1")
    experiment = hpb.Experiment(objective=hpb.Command(text, cwd=tmp_path), space=SPACE)
    store = tmp_path / "s.db"
    with pytest.raises(ExperimentError, match=r"cannot be run") as raised:
        hpb.run(experiment, "random", n_trials=1, store=store)
    assert says in str(raised.value)
    with pytest.raises(hpb.HpbridgeError):
        hpb.load_study(1, store)


def test_a_program_that_is_missing_elsewhere_ends_the_study_in_a_sentence(tmp_path):
    command = hpb.Command(["{p}", "{x}"])
    with pytest.raises(ObjectiveError, match="there is no program 'nonesuch' on"):
        ran(command, {**SPACE, "p": "nonesuch"}, n_trials=3)


def test_it_is_plain_data_with_a_name(tmp_path):
    command = hpb.Command("python -u some/train.py --lr {x}", metric=["a", "b"])
    again = pickle.loads(pickle.dumps(command))
    assert again.to_json() == command.to_json()
    assert json.loads(json.dumps(again.to_json())) == command.to_json()
    assert isinstance(again, KeptObjective)
    experiment = hpb.Experiment(objective=again, space=SPACE)
    assert experiment.name == "train"
    assert experiment.metrics == {"a": "minimize", "b": "minimize"}
    assert hpb.Command("./go --x={x}").name == "go"
    assert repr(command) == "Command('python -u some/train.py --lr {x}')"


def test_a_folder_with_braces_in_its_name_is_a_folder(tmp_path, monkeypatch):
    folder = tmp_path / "{x} {"
    folder.mkdir()
    program(folder, "pwd >&2; echo 1")
    monkeypatch.chdir(folder)
    (trial,) = ran(hpb.Command("./program {x}"), store=tmp_path / "s.db").trials
    assert (folder_of(trial) / "stderr").read_text() == f"{folder}\n"


def test_where_runs_lie():
    assert str(runs_of("/a/my.db-checkpoints/1-2")) == "/a/my.db-runs/1-2"
    assert (
        str(runs_of("/state/checkpoints/abc/1-2")) == "/state/checkpoints/abc/1-2/runs"
    )


def test_an_objective_of_a_trial_that_was_made_by_hand(tmp_path):
    command = hpb.Command([sys.executable, "-c", "print({x})", "[{y}]"])
    trial = hpb.Trial({"x": 0.5}, number=0, seed=1)
    assert command(trial) == {"value": 0.5}


def test_a_space_without_parameters_known_is_refused():
    with pytest.raises((ExperimentError, SpaceError), match="no parameter"):
        hpb.Experiment(objective=hpb.Command("t {x}"), space=None)
