"""Real database servers for tests: each in a folder of its own, on a free port."""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa

from hpbridge.store import open_store


class NotInstalledError(Exception):
    """The server's programs are not there."""


def find_programs(*names):
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    path = os.pathsep.join([*map(str, folders), os.environ["PATH"], "/usr/sbin"])
    found = {name: shutil.which(name, path=path) for name in names}
    missing = [name for name, program in found.items() if program is None]
    if missing:
        msg = f"server programs that are not installed: {', '.join(missing)}"
        raise NotInstalledError(msg)
    return list(found.values())


def unprivileged(*names):
    """Return Popen arguments for another user: servers refuse to run as root."""
    if os.getuid() != 0:
        return {}
    users = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = next(users[name] for name in (*names, "nobody") if name in users)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


_numbers = itertools.count()


@contextlib.contextmanager
def empty_database(server, admin):
    """Make a database on a server, and give its URL.

    Args:
        server: The server's URL.
        admin: The database that the server has from the beginning.
    """
    url = f"{server}/hpbridge_{next(_numbers)}"
    engine = sa.create_engine(
        f"{server}/{admin}",
        isolation_level="AUTOCOMMIT",
        poolclass=sa.pool.NullPool,
    )
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {url.rpartition('/')[2]}")
    yield url
    open_store(url).engine.dispose()


class Server:
    """A server that runs, and can be stopped and started again, with its data.

    Attributes:
        url: Of the server, without a database.
    """

    def __init__(self, folder, serve, url, admin, who):
        self.url = url
        self._log, self._serve, self._admin = folder / "log", serve, admin
        self._output = {"cwd": folder, **who}
        self._process = None

    def start(self):
        with self._log.open("ab") as file:
            output = {"stdout": file, "stderr": file, **self._output}
            self._process = subprocess.Popen(self._serve, **output)
        _wait_until_it_answers(self._process, f"{self.url}/{self._admin}", self._log)

    def freeze(self):
        """Let it accept connections, as the system does for it, and never answer."""
        for pid in self._pids():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in self._pids():
            os.kill(pid, signal.SIGCONT)

    def _pids(self):
        """Return the server's processes: PostgreSQL has one a connection."""
        parents = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = stat.read_text().rpartition(")")[2].split()
                parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
        return [self._process.pid, *parents.get(self._process.pid, [])]

    def stop(self, end=signal.SIGKILL):
        self._process.send_signal(end)
        self._process.wait(60)


@contextlib.contextmanager
def _served(folder, install, server, who, end):
    """Run `install`, then the server until the body ends."""
    if "user" in who:
        os.chown(folder, who["user"], who["group"])
    with (folder / "log").open("wb") as file:
        output = {"stdout": file, "stderr": file, "cwd": folder, **who}
        subprocess.run(install, check=True, **output)
    server.start()
    try:
        yield server
    finally:
        server.stop(end)  # nobody needs the data


def _wait_until_it_answers(process, url, log):
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    deadline = time.monotonic() + 60
    while True:
        try:
            engine.connect().close()
        except sa.exc.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(log.read_text()) from error
            time.sleep(0.05)
        else:
            return


@contextlib.contextmanager
def postgresql():
    """Yield the URL of a running server, without a database."""
    with postgresql_server() as server:
        yield server.url


@contextlib.contextmanager
def postgresql_server():
    """Yield a running server."""
    initdb, postgres = find_programs("initdb", "postgres")
    port, who = free_port(), unprivileged("postgres")
    url = f"postgresql+psycopg://hpbridge@127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="hpbridge-pg-") as name:
        folder = Path(name)
        data = str(folder / "data")
        install = [initdb, "-D", data, "-U", "hpbridge", "-A", "trust", "--no-sync"]
        install += ["-E", "UTF8", "--locale=C"]
        serve = [postgres, "-D", data, "-p", str(port), "-k", name]
        serve += ["-h", "127.0.0.1", "-F"]
        server = Server(folder, serve, url, "postgres", who)
        with _served(folder, install, server, who, signal.SIGQUIT):
            yield server


@contextlib.contextmanager
def mariadb():
    """Yield the URL of a running server, without a database."""
    with mariadb_server() as server:
        yield server.url


@contextlib.contextmanager
def mariadb_server():
    """Yield a running server."""
    install_db, mariadbd = find_programs("mariadb-install-db", "mariadbd")
    port, who = free_port(), unprivileged("mysql")
    url = f"mariadb+pymysql://root@127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="hpbridge-mdb-") as name:
        folder = Path(name)
        data = f"--datadir={folder / 'data'}"
        install = [install_db, "--no-defaults", data, "--skip-test-db"]
        install += ["--auth-root-authentication-method=normal"]
        # Its own default character set cannot hold every character; our tables can.
        serve = [mariadbd, "--no-defaults", data, f"--port={port}"]
        serve += ["--bind-address=127.0.0.1", f"--socket={folder / 'socket'}"]
        serve += ["--skip-grant-tables", "--innodb-flush-log-at-trx-commit=2"]
        serve += ["--character-set-server=latin1", "--innodb-buffer-pool-size=32M"]
        server = Server(folder, serve, url, "mysql", who)
        with _served(folder, install, server, who, signal.SIGKILL):
            yield server
