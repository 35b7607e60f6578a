"""Courant's store on both engines: made once for each number of recipients, copied for each run."""

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
    """Stores that are files in a folder."""

    name = "SQLite"

    def __init__(self, folder):
        self._folder = folder / "sqlite"
        self._folder.mkdir()

    def _file(self, label):
        return self._folder / f"{label}.db"

    def url(self, label):
        return f"sqlite://{self._file(label)}"

    def make(self, label):
        self.drop(label)

    def copy(self, label, to):
        self.drop(to)
        for end in ("", "-wal"):
            begin = Path(f"{self._file(label)}{end}")
            if begin.exists():
                shutil.copyfile(begin, f"{self._file(to)}{end}")
        # What is still to be written of the copy must not slow the run that follows.
        os.sync()

    def drop(self, label):
        for file in self._folder.glob(f"{label}.db*"):
            file.unlink()

    def cpu(self):
        """None: the database works inside Courant."""
        return None

    def plain_insert(self, imported, frozen, scratch):
        """Seconds of one INSERT … SELECT of all frozen deliveries into the empty table of a store of the same schema."""
        self.copy(imported, scratch)
        with contextlib.closing(sqlite3.connect(self._file(scratch), isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA foreign_keys = OFF")
            db.execute("ATTACH ? AS frozen", (str(self._file(frozen)),))
            began = time.monotonic()
            db.execute("INSERT INTO main.deliveries SELECT * FROM frozen.deliveries ORDER BY id")
            return time.monotonic() - began


class Postgres:
    """Databases of a throwaway PostgreSQL with the settings it comes with; on a Unix socket only."""

    name = "PostgreSQL"

    def __init__(self, folder):
        self._home = folder / "postgres"
        self._bin = _postgres_folder()
        self._prefix, owner = _as_a_person()
        self._home.mkdir()
        if owner:
            os.chown(self._home, owner.pw_uid, owner.pw_gid)
        data = self._home / "data"
        initdb = ["initdb", "-D", str(data), "-U", "courant", "-A", "trust", "-E", "UTF8", "--locale=C"]
        call([*self._prefix, str(self._bin / initdb[0]), *initdb[1:]])
        server = [str(self._bin / "postgres"), "-D", str(data)]
        server += ["-c", "listen_addresses=", "-c", f"unix_socket_directories={self._home}"]
        self._log = open(folder / "postgres.log", "wb")
        self._server = subprocess.Popen([*self._prefix, *server], stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)
        self._await()
        with open(data / "postmaster.pid", encoding="ascii") as file:
            self._postmaster = int(file.readline())

    def _await(self):
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
        psql = [str(self._bin / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", str(self._home), "-U", "courant"]
        for statement in statements:
            psql += ["-c", statement]
        return call([*psql, "-d", database]).strip()

    def version(self):
        return self.sql("postgres", "SHOW server_version")

    def url(self, label):
        return f"postgres://courant@localhost/{label}?host={self._home}"

    def make(self, label):
        self.drop(label)
        self.sql("postgres", f"CREATE DATABASE {label}")

    def copy(self, label, to):
        self.drop(to)
        self.sql("postgres", f"CREATE DATABASE {to} TEMPLATE {label}", "CHECKPOINT")

    def drop(self, label):
        self.sql("postgres", f"DROP DATABASE IF EXISTS {label} WITH (FORCE)")

    def cpu(self):
        """Seconds of processor of all its processes since it began."""
        # Those that have just ended are counted once the postmaster has looked after them.
        time.sleep(0.1)
        return cpu_of(self._postmaster, with_children=True) + sum(cpu_of(pid) for pid in children_of(self._postmaster))

    def plain_insert(self, imported, frozen, scratch):
        """Seconds of one INSERT … SELECT of all frozen deliveries into the emptied table; `imported` is not needed."""
        self.copy(frozen, scratch)
        aside = "CREATE TABLE frozen AS SELECT * FROM deliveries ORDER BY id"
        self.sql(scratch, aside, "TRUNCATE deliveries CASCADE", "CHECKPOINT")
        began = time.monotonic()
        self.sql(scratch, "INSERT INTO deliveries OVERRIDING SYSTEM VALUE SELECT * FROM frozen")
        return time.monotonic() - began


def _postgres_folder():
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: float(file.parts[4]))
    if installed:
        return installed[-1].parent
    if (found := shutil.which("initdb")) is not None:
        return Path(found).resolve().parent
    raise Failure("there is no PostgreSQL (no initdb on PATH or in /usr/lib/postgresql)")


def _as_a_person():
    """What runs a command as somebody who is not root, which PostgreSQL refuses, and who that is."""
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
    raise Failure("PostgreSQL refuses to run as root, and no other user could be had")
