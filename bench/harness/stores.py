"""Courant's stores on both engines: created once per number of recipients, copied for each run."""

import contextlib
import os
import pwd
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

from .processes import Failure, call, children_of, cpu_of


class Sqlite:
    """SQLite stores, which are files in a directory."""

    name = "SQLite"

    def __init__(self, directory):
        self._directory = directory / "sqlite"
        self._directory.mkdir()

    def _file(self, label):
        return self._directory / f"{label}.db"

    def url(self, label):
        return f"sqlite://{self._file(label)}"

    def create(self, label):
        self.drop(label)

    def copy(self, label, target):
        self.drop(target)
        for suffix in ("", "-wal"):
            file = Path(f"{self._file(label)}{suffix}")
            if file.exists():
                shutil.copyfile(file, f"{self._file(target)}{suffix}")
        # Flushes the copy to disk now, so that it does not slow down the following run.
        os.sync()

    def drop(self, label):
        for file in self._directory.glob(f"{label}.db*"):
            file.unlink()

    def cpu(self):
        """Returns `None`, because SQLite runs inside Courant's process."""
        return None

    def plain_insert(self, imported, frozen, scratch):
        """Measures one INSERT … SELECT of all frozen deliveries into the empty table, in seconds.

        The target is a copy of the store `imported`, which has the same schema.
        """
        self.copy(imported, scratch)
        with contextlib.closing(sqlite3.connect(self._file(scratch), isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA foreign_keys = OFF")
            db.execute("ATTACH ? AS frozen", (str(self._file(frozen)),))
            started = time.monotonic()
            db.execute("INSERT INTO main.deliveries SELECT * FROM frozen.deliveries ORDER BY id")
            return time.monotonic() - started


class Postgres:
    """Databases of a temporary PostgreSQL with default settings, reached by a Unix socket only."""

    name = "PostgreSQL"

    def __init__(self, directory):
        self._directory = directory / "postgres"
        self._bin = _postgres_bin_dir()
        self._prefix, owner = _unprivileged_user()
        self._directory.mkdir()
        if owner:
            os.chown(self._directory, owner.pw_uid, owner.pw_gid)
        data = self._directory / "data"
        initdb = ["initdb", "-D", str(data), "-U", "courant", "-A", "trust", "-E", "UTF8", "--locale=C"]
        call([*self._prefix, str(self._bin / initdb[0]), *initdb[1:]])
        server = [str(self._bin / "postgres"), "-D", str(data)]
        server += ["-c", "listen_addresses=", "-c", f"unix_socket_directories={self._directory}"]
        self._log = open(directory / "postgres.log", "wb")
        self._server = subprocess.Popen([*self._prefix, *server], stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)
        self._wait_until_ready()
        with open(data / "postmaster.pid", encoding="ascii") as file:
            self._postmaster = int(file.readline())

    def _wait_until_ready(self):
        for _ in range(300):
            with contextlib.suppress(Failure):
                self.sql("postgres", "SELECT 1")
                return
            if self._server.poll() is not None:
                break
            time.sleep(0.1)
        raise Failure(f"PostgreSQL did not start: {Path(self._log.name).read_text(errors='replace')[-2000:]}")

    def close(self):
        # SIGINT is PostgreSQL's fast shutdown.
        with contextlib.suppress(OSError):
            os.kill(self._postmaster, 2)
        try:
            self._server.wait(60)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._log.close()

    def sql(self, database, *statements):
        psql = [str(self._bin / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", str(self._directory), "-U", "courant"]
        for statement in statements:
            psql += ["-c", statement]
        return call([*psql, "-d", database]).strip()

    def version(self):
        return self.sql("postgres", "SHOW server_version")

    def url(self, label):
        return f"postgres://courant@localhost/{label}?host={self._directory}"

    def create(self, label):
        self.drop(label)
        self.sql("postgres", f"CREATE DATABASE {label}")

    def copy(self, label, target):
        self.drop(target)
        self.sql("postgres", f"CREATE DATABASE {target} TEMPLATE {label}", "CHECKPOINT")

    def drop(self, label):
        self.sql("postgres", f"DROP DATABASE IF EXISTS {label} WITH (FORCE)")

    def cpu(self):
        """Returns the CPU time of all server processes since the start, in seconds."""
        # Processes that have just exited are counted once the postmaster has reaped them.
        time.sleep(0.1)
        return cpu_of(self._postmaster, with_children=True) + sum(cpu_of(pid) for pid in children_of(self._postmaster))

    def plain_insert(self, imported, frozen, scratch):
        """Measures one INSERT … SELECT of all frozen deliveries into the emptied table, in seconds.

        The target is a copy of the store `frozen`; `imported` is not used.
        """
        self.copy(frozen, scratch)
        copy_table = "CREATE TABLE frozen AS SELECT * FROM deliveries ORDER BY id"
        self.sql(scratch, copy_table, "TRUNCATE deliveries CASCADE", "CHECKPOINT")
        started = time.monotonic()
        self.sql(scratch, "INSERT INTO deliveries OVERRIDING SYSTEM VALUE SELECT * FROM frozen")
        return time.monotonic() - started


def _postgres_bin_dir():
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: float(file.parts[4]))
    if installed:
        return installed[-1].parent
    if (found := shutil.which("initdb")) is not None:
        return Path(found).resolve().parent
    raise Failure("PostgreSQL is missing (no initdb on PATH or in /usr/lib/postgresql)")


def _unprivileged_user():
    """Returns the prefix that runs a command as an unprivileged user, and that user.

    PostgreSQL does not run as root. Without root, the prefix is empty and the user is `None`.
    """
    if os.geteuid() != 0:
        return [], None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            for prefix in (
                ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"],
                ["runuser", "-u", name, "--"],
            ):
                with contextlib.suppress(OSError, Failure):
                    call([*prefix, "true"])
                    return prefix, user
    raise Failure("PostgreSQL does not run as root, and no other user is available")
