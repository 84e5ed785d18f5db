"""A Slurm of one node on this machine, for tests.

Debian's slurmctld, slurmd, slurm-client and munge, as root. Everything lies in a folder
of its own, its ports are free ones, and its daemons end by their ids.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from waiting import wait_until

COMMANDS = ("slurmctld", "slurmd", "munged", "sbatch", "squeue", "scontrol", "scancel")
_CONFIGURATION = """
ClusterName=hpbridge
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=5
SlurmctldPort={controller}
SlurmdPort={daemon}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=10
GresTypes=gpu
SchedulerParameters=bf_interval=1,sched_interval=1,batch_sched_delay=0,sched_min_interval=0
ReturnToService=2
KillWait=2
MinJobAge=120
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName={host} NodeAddr=127.0.0.1 CPUs=8 CoresPerSocket=8 RealMemory=8000 Gres=gpu:2 \
Features=fast State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=short Nodes={host} MaxTime=1 State=UP PriorityTier=1
PartitionName=urgent Nodes={host} State=UP PriorityTier=10 PreemptMode=off
PartitionName=closed Nodes={host} MaxTime=INFINITE State=DOWN
"""


def why_not():
    """Return why there can be no Slurm here; empty where there can."""
    os.environ["PATH"] += f"{os.pathsep}/usr/sbin"
    missing = [name for name in COMMANDS if shutil.which(name) is None]
    if missing:
        return f"not installed: {', '.join(missing)} (Debian: slurmctld slurmd munge)"
    return "" if os.geteuid() == 0 else "its daemons run as root here"


def _free_port():
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


class Slurm:
    """A Slurm of one node, from its start to its end.

    Attributes:
        node: Its one node.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.node = socket.gethostname().partition(".")[0]
        self.configuration = folder / "slurm.conf"

    def start(self, daemons):
        """Start its daemons, until a job can run; they go into a list."""
        for name in ("state", "spool", "munge"):
            (self.folder / name).mkdir(parents=True)
        self.configuration.write_text(
            _CONFIGURATION.format(
                host=self.node,
                folder=self.folder,
                controller=_free_port(),
                daemon=_free_port(),
            )
        )
        gpus = f"NodeName={self.node} Name=gpu File=/dev/tty[0-1]\n"
        (self.folder / "gres.conf").write_text(gpus)
        os.environ["SLURM_CONF"] = str(self.configuration)
        daemons.append(self._munge())
        daemons.append(self._daemon("slurmctld", "-D"))
        daemons.append(self._daemon("slurmd", "-D"))
        wait_until(lambda: self.state() == "idle")

    def _munge(self):
        """Start munged as its own user, in a folder that only root and it can write."""
        home, user = self.folder / "munge", pwd.getpwnam("munge")
        key = home / "key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        for path in (home, key):
            os.chown(path, user.pw_uid, user.pw_gid)
        words = [
            f"--socket={home}/socket", f"--key-file={key}", f"--pid-file={home}/pid",
            f"--log-file={home}/log", f"--seed-file={home}/seed", "--force",
        ]  # fmt: skip
        return self._daemon("munged", "--foreground", *words, user=user.pw_uid)

    def _daemon(self, *command, user=None):
        with (self.folder / f"{command[0]}.out").open("wb") as out:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                user=user,
            )

    def state(self):
        """Return the state of the node, as sinfo has it."""
        with contextlib.suppress(RuntimeError):
            return self(
                "sinfo", "--noheader", "--partition=main", "--format=%t"
            ).strip()
        return ""

    def __call__(self, *command):
        """Run one of its commands; return what it prints."""
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=60
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout

    def jobs(self, *, of="RUNNING,PENDING"):
        """Return the jobs in some states."""
        words = "--noheader", "--array", "--format=%i"
        return self("squeue", *words, f"--states={of}").split()

    def clear(self):
        """Cancel what is left, and bring the node back."""
        self("scancel", "--user=root")
        wait_until(lambda: not self.jobs(of="RUNNING,PENDING,COMPLETING"))
        self.bring_back()

    def bring_back(self):
        """Take the node into service, unless it has come back by itself."""
        if self.state() != "idle":
            with contextlib.suppress(RuntimeError):
                self("scontrol", "update", f"node={self.node}", "state=resume")
            wait_until(lambda: self.state() in {"idle", "mix", "alloc"})


@contextlib.contextmanager
def started():
    """Give a Slurm, and end it."""
    # Not in pytest's own folder, which munged's user could not enter.
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    folder.chmod(0o755)
    slurm, daemons = Slurm(folder), []
    before = dict(os.environ)
    try:
        slurm.start(daemons)
        yield slurm
    finally:
        _end(daemons)
        os.environ.clear()
        os.environ.update(before)
        shutil.rmtree(folder, ignore_errors=True)


def _end(processes):
    """End daemons, slurmd before the controller that it speaks to."""
    for process in reversed(processes):
        process.terminate()
    for process in processes:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
