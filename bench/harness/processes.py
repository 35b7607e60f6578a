"""Runs programs and measures what they cost: time from start to exit, processor, peak memory."""

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass

TICK = os.sysconf("SC_CLK_TCK")


class Failure(Exception):
    """One sentence for a person: what went wrong, and where."""


@dataclass
class Usage:
    """What one run of a program took."""

    seconds: float
    cpu: float  # seconds, user and system, of the program itself
    peak: int  # bytes resident at most
    output: str


def measure(argv, needs=None, limit=7200.0):
    """Runs a program to its end.

    It is a Failure if that is an error, comes later than `limit` seconds, or if the process `needs` ends before it.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.monotonic()
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        watch = _Watch(child, needs)
        alarm = threading.Timer(limit, child.kill)
        alarm.daemon = True
        alarm.start()
        try:
            _, status, used = os.wait4(child.pid, 0)
            seconds = time.monotonic() - began
            child.returncode = os.waitstatus_to_exitcode(status)
        finally:
            alarm.cancel()
            watch.end()
            if child.returncode is None:
                child.kill()
                child.wait()
        out.seek(0)
        err.seek(0)
        output = out.read().decode(errors="replace")
        if child.returncode != 0:
            words = (err.read().decode(errors="replace") or output).strip()[-2000:]
            raise Failure(f"{watch.trouble}`{' '.join(argv)}` ended with {child.returncode} after {seconds:.1f} s: {words}")
    return Usage(seconds, used.ru_utime + used.ru_stime, watch.peak, output)


class _Watch:
    """Looks at a process's peak memory 50 times a second, and ends it when the process that it needs is gone.

    The kernel's own number (ru_maxrss) begins with the size of the parent, which is Python and larger than what is measured.
    """

    def __init__(self, child, needs):
        self.peak = 0
        self.trouble = ""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, args=(child, needs), daemon=True)
        self._thread.start()

    def _look(self, child, needs):
        own = os.readlink("/proc/self/exe")
        pid = child.pid
        while not self._over.wait(0.02):
            if needs and not self.trouble and not is_alive(needs):
                self.trouble = "smtp-sink ended meanwhile, so: "
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(OSError, ValueError):
                if os.readlink(f"/proc/{pid}/exe") == own:
                    continue
                with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
                    for line in status:
                        if line.startswith("VmHWM:"):
                            self.peak = max(self.peak, int(line.split()[1]) * 1024)

    def end(self):
        self._over.set()
        self._thread.join()


def call(argv, stdin=None):
    """The standard output of a program that is not measured; a Failure if it ends in error."""
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"`{' '.join(argv)}` ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout


def cpu_of(pid, with_children=False):
    """Seconds of processor that a running process took, on request with those of its children that have ended."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            fields = stat.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(ticks) for ticks in fields[11 : 15 if with_children else 13]) / TICK


def is_alive(pid):
    """Whether a process runs; one that ended and was not yet waited for does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def children_of(pid):
    """The process ids of a process's living children."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as stat:
                    if int(stat.read().rpartition(")")[2].split()[1]) == pid:
                        found.append(int(entry))
    return found


@contextlib.contextmanager
def running(argv):
    """A program that runs in the background as long as the block does."""
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def free_port():
    """A TCP port of the loopback address at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
