"""A study that is killed again and again; run as a program by `test_faults`.

    fault_rounds.py FOLDER BACKEND WORKERS HOW ROUNDS TRIALS

HOW is ``kill`` or ``interrupt`` (the process that writes the study), or ``workers``
(one of its workers). Everything heavy is imported once; each round is a fork, so that
20 of them take seconds. A round may end so many trials and no more: however late the
blow comes on a busy machine, there is something left to strike. Prints what it found as
JSON.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from waiting import PATIENCE, is_alive, wait_until

import hpbridge as hpb
from hpbridge.store import open_store

SECONDS = 0.005
A_ROUND = 12
"""How many trials a round may end."""


def allow(side: Path, n_trials: float) -> None:
    """Let objectives end until so many have."""
    new = side.with_suffix(".new")
    new.write_text(str(n_trials))
    new.replace(side.with_suffix(".allowed"))


def objective_of(side: Path):
    """Return an objective that notes each end in a file: number, process."""
    allowed = side.with_suffix(".allowed")

    def objective(trial):
        time.sleep(SECONDS)
        while len(lines_of(side)) >= float(allowed.read_text()):
            time.sleep(SECONDS)
        value = trial["x"] ** 2 + trial["n"]
        with side.open("a") as file:
            file.write(f"{trial.number} {os.getpid()}\n")
        return value

    return objective


def lines_of(side: Path) -> list[str]:
    return side.read_text().splitlines() if side.exists() else []


def experiment_of(side: Path) -> hpb.Experiment:
    allow(side, float("inf"))
    space = {"x": hpb.Float(-1, 1), "n": hpb.Int(1, 9)}
    return hpb.Experiment(objective=objective_of(side), space=space, name="e")


class Rounds:
    def __init__(self, folder, backend, workers, n_trials) -> None:
        self.store = str(folder / "store.db")
        self.side = folder / "side"
        self.experiment = experiment_of(self.side)
        self.backend, self.workers, self.n_trials = backend, workers, n_trials
        self.rng = random.Random(17)
        self.lost: list[list[int]] = []
        self.rounds_with_progress = 0

    def go_on(self) -> hpb.Study:
        if any(study.name == "s" for study in open_store(self.store).studies()):
            return hpb.resume("s", self.experiment, store=self.store)
        return self.whole(self.store, workers=self.workers, name="s")

    def whole(self, store, **settings) -> hpb.Study:
        given = {"n_trials": self.n_trials, "seed": 5, "store": store, **settings}
        return hpb.run(self.experiment, self.backend, **given)

    def fork(self) -> int:
        try:
            pid = os.fork()
            if pid:
                return pid
            sys.unraisablehook = unless_interrupted
            self.go_on()
            os._exit(0)
        except KeyboardInterrupt:  # only the child is interrupted
            os._exit(130)
        except Exception as error:  # noqa: BLE001 - the test reads it
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            sys.stderr.flush()
            os._exit(1)

    def ended(self) -> list[tuple[int, int]]:
        """Return (number, process) of every objective that has ended."""
        return [tuple(map(int, line.split())) for line in lines_of(self.side)]

    def stored(self) -> dict[int, str]:
        found = open_store(self.store)
        studies = found.studies()
        trials = found.trials(studies[0]).finished if studies else ()
        return {trial.number: trial.state for trial in trials}

    def strike(self, sign: int) -> int:
        """Let the study go on, and end it at a random moment; return how it ended."""
        before = len(self.ended())
        allow(self.side, before + A_ROUND)
        pid = self.fork()
        if self.rng.random() < 0.5:  # at any moment: while it starts or replays, too
            time.sleep(self.rng.uniform(0, 0.2))
        else:
            wanted = before + self.rng.randint(1, 8)
            wait_until(lambda: len(self.ended()) >= wanted or has_ended(pid))
            time.sleep(self.rng.uniform(0, 2 * SECONDS))
        code = end(pid, sign)
        # Workers see by themselves that their parent was killed.
        workers = {process for _, process in self.ended()} - {pid}
        wait_until(lambda: not any(map(is_alive, workers)))
        ended = self.ended()
        self.rounds_with_progress += len(ended) > before
        stored = self.stored()
        self.lost.append([number for number, _ in ended if number not in stored])
        return code

    def strike_workers(self, rounds: int) -> tuple[int, int]:
        """Kill workers of one running study; return how often, and how it ended."""
        allow(self.side, A_ROUND)
        pid, n_killed, seen = self.fork(), 0, set()
        while n_killed < rounds and not has_ended(pid):
            time.sleep(self.rng.uniform(0.02, 0.08))
            living = [p for _, p in self.ended()[-4:] if p not in seen and is_alive(p)]
            if living:
                seen.add(living[-1])
                os.kill(living[-1], signal.SIGKILL)
                n_killed += 1
                allow(self.side, len(self.ended()) + A_ROUND)
        allow(self.side, float("inf"))
        return n_killed, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def unless_interrupted(unraisable) -> None:
    """Say what was raised in a destructor, where Python drops an interrupt too."""
    if not isinstance(unraisable.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)


def end(pid: int, sign: int) -> int:
    """Send a signal, again if it was dropped, until a process ends; return how."""
    n_sent = 0
    while not has_ended(pid):
        assert n_sent < PATIENCE
        os.kill(pid, sign)
        n_sent += 1
        for _ in range(100):
            if has_ended(pid):
                break
            time.sleep(0.01)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def has_ended(pid: int) -> bool:
    options = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, pid, options) is not None


def record(study) -> list:
    return [
        [
            *(t.number, t.state.value, dict(t.params), t.seed, t.told, t.tells_before),
            *(t.metrics.get("value"), t.error),
        ]
        for t in study.trials
    ]


def main() -> None:
    folder, backend = Path(sys.argv[1]), sys.argv[2]
    workers, how = int(sys.argv[3]), sys.argv[4]
    n_rounds, n_trials = int(sys.argv[5]), int(sys.argv[6])
    rounds = Rounds(folder, backend, workers, n_trials)
    found = {}
    if workers == 1:
        rounds.side = folder / "whole"
        rounds.experiment = experiment_of(rounds.side)
        found["whole"] = record(rounds.whole(":memory:"))
        rounds.side = folder / "side"
        rounds.experiment = experiment_of(rounds.side)
    else:  # what the forks should not each have to import
        hpb.run(rounds.experiment, backend, n_trials=2, seed=0, store=":memory:")
        rounds.side.unlink()
    if how == "workers":
        found["n_killed"], code = rounds.strike_workers(n_rounds)
        found["codes"] = [code]
    else:
        sign = signal.SIGKILL if how == "kill" else signal.SIGINT
        found["codes"] = [rounds.strike(sign) for _ in range(n_rounds)]
        found["statuses"] = [s.status for s in open_store(rounds.store).studies()]
    allow(rounds.side, float("inf"))
    found["before_the_last"] = len(rounds.stored())
    study = rounds.go_on()
    found |= {
        "lost": rounds.lost,
        "progress": rounds.rounds_with_progress,
        "record": record(study),
        "notes": study.notes,
        "status": hpb.load_study("s", rounds.store).status,
        "ended": [number for number, _ in rounds.ended()],
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
