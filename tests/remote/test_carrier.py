"""Checkpoints cross where an agent does not see the folder of the study."""

from __future__ import annotations

import io
import os
import signal
import tarfile
from functools import partial
from pathlib import Path

import pytest
from remote_crew import PROCESSES, ProcessCrew

from hpbridge.drivers.loop import drive
from hpbridge.plugin import open_hands
from hpbridge.remote import hands
from hpbridge.remote.probes import Probes
from hpbridge.remote.shipping import digest_of, is_commit, pack_folder, unpack_folder
from hpbridge.testing.driver_case import DriverCase

pytestmark = pytest.mark.xdist_group("remote")


def saves_and_dies(folder, trial) -> float:
    """Save a file at each of four steps; in the first attempt, die at the third."""
    step = trial.load(0)
    Path(folder, f"{trial.number}-began-at-{step}").touch()
    while step < 4:
        step += 1
        trial.report(step / 2, step)
        trial.save(step)
        if step == 3 and not Path(folder, f"{trial.number}-died").exists():
            Path(folder, f"{trial.number}-died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return float(trial["x"])


class Elsewhere(Probes):
    """As if every agent ran on a machine of its own."""

    def of(self, job):
        return None


@pytest.mark.parametrize("is_seen", [True, False])
def test_a_trial_that_died_goes_on_from_what_it_saved(tmp_path, monkeypatch, is_seen):
    if not is_seen:
        monkeypatch.setattr(hands, "Probes", Elsewhere)
    marks = tmp_path / "marks"
    marks.mkdir()
    case = DriverCase(PROCESSES)
    store = str(tmp_path / "s.db")
    life = case.life(partial(saves_and_dies, str(marks)), 2, retries=1, store=store)
    with open_hands(
        life.plan.experiment, life.plan.settings, ProcessCrew()
    ) as executor:
        drive([life], executor)
    for trial in life.study().trials:
        assert trial.state.value == "complete", trial.error
        assert trial.attempts == 2
        assert trial.reports == tuple((step, step / 2) for step in (1, 2, 3, 4))
    began = sorted(path.name for path in marks.glob("*-began-*"))
    assert began == [f"{n}-began-at-{step}" for n in (0, 1) for step in (0, 3)]
    # The best trial's last and its best, as where trials run here.
    left = list(tmp_path.rglob("manifest.json"))
    assert len(left) == 2
    assert not list(tmp_path.rglob(".seen-*"))


def test_an_archive_is_the_folder_again_and_leads_nowhere_else(tmp_path):
    folder = tmp_path / "one"
    (folder / "deep" / "empty").mkdir(parents=True)
    (folder / "deep" / "file").write_bytes(b"\0data")
    packed, digest = pack_folder(folder)
    with packed:
        assert digest_of(packed) == digest
        unpack_folder(packed, tmp_path / "two")
        packed.seek(0)
        unpack_folder(packed, tmp_path / "two")  # once more
    assert (tmp_path / "two" / "deep" / "file").read_bytes() == b"\0data"
    assert (tmp_path / "two" / "deep" / "empty").is_dir()


@pytest.mark.parametrize("name", ["../out", "/out", "a/../../out"])
def test_an_archive_that_leads_elsewhere_is_refused(tmp_path, name):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = 1
        archive.addfile(member, io.BytesIO(b"x"))
    file.seek(0)
    with pytest.raises(ValueError, match="leads elsewhere"):
        unpack_folder(file, tmp_path / "in")
    assert not list(tmp_path.iterdir())


def test_a_link_in_an_archive_is_refused(tmp_path):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo("link")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
    file.seek(0)
    with pytest.raises(ValueError, match="no file"):
        unpack_folder(file, tmp_path / "in")


def test_what_is_no_archive_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no archive"):
        unpack_folder(io.BytesIO(b"x" * 2000), tmp_path / "in")


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("000001-ab12cd34", True),
        ("..", False),
        ("a/b", False),
        ("", False),
        (".a", False),
    ],
)
def test_names_of_commits(name, is_one):
    assert is_commit(name) is is_one
