"""Runs programs and measures their cost: time from start to exit, CPU time, peak memory."""

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
    """An error whose message tells the user the problem and its location."""


@dataclass
class Usage:
    """Resources used by one run of a program."""

    seconds: float
    cpu: float  # user and system time of the program itself, in seconds
    peak: int  # largest resident size, in bytes
    anonymous: int  # largest part of it that no file backs: heap, stacks and relocated data
    output: str


def measure(argv, required_pid=None, timeout=7200.0):
    """Runs a program until it exits and returns its usage.

    Raises Failure if it exits with an error, runs longer than `timeout` seconds, or if the process
    `required_pid` ends before it.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.monotonic()
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        monitor = _ProcessMonitor(child, required_pid)
        timer = threading.Timer(timeout, child.kill)
        timer.daemon = True
        timer.start()
        try:
            _, status, rusage = os.wait4(child.pid, 0)
            seconds = time.monotonic() - started
            child.returncode = os.waitstatus_to_exitcode(status)
        finally:
            timer.cancel()
            monitor.stop()
            if child.returncode is None:
                child.kill()
                child.wait()
        out.seek(0)
        err.seek(0)
        output = out.read().decode(errors="replace")
        if child.returncode != 0:
            details = (err.read().decode(errors="replace") or output).strip()[-2000:]
            raise Failure(f"{monitor.error}`{' '.join(argv)}` exited with {child.returncode} after {seconds:.1f} s: {details}")
    return Usage(seconds, rusage.ru_utime + rusage.ru_stime, monitor.peak, monitor.anonymous, output)


class _ProcessMonitor:
    """Reads a process's peak memory 50 times per second; kills it if a required process ends.

    The kernel's own value (ru_maxrss) starts from the size of the parent, which is Python and larger
    than the measured program.
    """

    def __init__(self, child, required_pid):
        self.peak = self.anonymous = 0
        self.error = ""
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._poll, args=(child, required_pid), daemon=True)
        self._thread.start()

    def _poll(self, child, required_pid):
        python = os.readlink("/proc/self/exe")
        pid = child.pid
        while not self._stopped.wait(0.02):
            if required_pid and not self.error and not is_alive(required_pid):
                self.error = "smtp-sink ended during the run; "
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(OSError, ValueError):
                if os.readlink(f"/proc/{pid}/exe") == python:
                    continue
                with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
                    for line in status:
                        if line.startswith("VmHWM:"):
                            self.peak = max(self.peak, int(line.split()[1]) * 1024)
                        elif line.startswith("RssAnon:"):
                            self.anonymous = max(self.anonymous, int(line.split()[1]) * 1024)

    def stop(self):
        self._stopped.set()
        self._thread.join()


def call(argv, stdin=None):
    """Runs an unmeasured program and returns its standard output; raises Failure on error."""
    result = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise Failure(f"`{' '.join(argv)}` exited with {result.returncode}: {(result.stderr or result.stdout).strip()[-2000:]}")
    return result.stdout


def cpu_of(pid, with_children=False):
    """Returns a process's CPU time in seconds, on request with that of its reaped children."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            fields = stat.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(ticks) for ticks in fields[11 : 15 if with_children else 13]) / TICK


def is_alive(pid):
    """Returns `True` if a process is running; a zombie is not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def children_of(pid):
    """Returns the process ids of a process's running children."""
    children = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as stat:
                    if int(stat.read().rpartition(")")[2].split()[1]) == pid:
                        children.append(int(entry))
    return children


@contextlib.contextmanager
def running(argv):
    """Runs a program in the background until the `with` block ends."""
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
    """Returns a TCP port of the loopback address on which no process listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
