"""Links to Postfix's smtp-sink: directly over the loopback address, or with a long round trip."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from .processes import Failure, call, free_port, running

HARNESS_DIR = Path(__file__).parent


@dataclass
class Link:
    """A link to a sink; a command that uses it starts with `prefix` and connects to `port`."""

    kind: str
    prefix: list
    port: int
    sink: int  # the process id of smtp-sink
    round_trip: float = 0.0  # measured, in milliseconds


@contextlib.contextmanager
def open_link(delay):
    """Opens a link with a round trip of `delay` milliseconds and its own sink."""
    with contextlib.ExitStack() as stack:
        if not delay:
            port, sink = stack.enter_context(_sink([], free_port()))
            link = Link("loopback", [], port, sink)
        elif (namespace := stack.enter_context(_namespace(delay))) is not None:
            port, sink = stack.enter_context(_sink(namespace, 2525))
            link = Link("tc netem in a network namespace", namespace, port, sink)
        else:
            target, sink = stack.enter_context(_sink([], free_port()))
            port = free_port()
            relay = [sys.executable, str(HARNESS_DIR / "relay.py"), str(port), str(target), str(delay / 2)]
            stack.enter_context(running(relay))
            _wait_for_listener([], port)
            link = Link("delaying relay", [], port, sink)
        link.round_trip = float(call([*link.prefix, sys.executable, str(HARNESS_DIR / "rtt_probe.py"), str(port)]))
        if delay and not 0.95 * delay <= link.round_trip <= 1.5 * delay:
            raise Failure(f"the round trip of the link ({link.kind}) is {link.round_trip:.1f} ms instead of {delay} ms")
        yield link


@contextlib.contextmanager
def _sink(prefix, port):
    program = shutil.which("smtp-sink")
    if program is None:
        raise Failure("smtp-sink is missing: install the Debian package postfix")
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
        # Runs under another name, because a script of another user may kill every smtp-sink.
        alias = Path(directory) / "bench-sink"
        alias.symlink_to(program)
        sink = stack.enter_context(running([*prefix, str(alias), *user, f"127.0.0.1:{port}", "1000"]))
        _wait_for_listener(prefix, port)
        if sink.poll() is not None:
            raise Failure(f"smtp-sink exited immediately with {sink.returncode}")
        yield port, sink.pid


def _wait_for_listener(prefix, port):
    probe = [*prefix, sys.executable, str(HARNESS_DIR / "rtt_probe.py"), str(port)]
    for _ in range(100):
        if prefix:
            if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
                return
        else:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                return
        time.sleep(0.05)
    raise Failure(f"no process listens on port {port} after five seconds")


@contextlib.contextmanager
def _namespace(delay):
    """Creates a network namespace with a slow loopback device.

    Returns the prefix that runs a command in it, or `None` without root, `ip` or `tc` with netem.
    """
    name = f"courant-bench-{os.getpid()}"
    ip = shutil.which("ip")
    if os.geteuid() != 0 or ip is None or shutil.which("tc") is None:
        yield None
        return
    prefix = [ip, "netns", "exec", name]
    try:
        try:
            call([ip, "netns", "add", name])
            # MTU as on Ethernet. A round trip passes the device twice: netem adds half the delay.
            call([*prefix, ip, "link", "set", "lo", "mtu", "1500", "up"])
            call([*prefix, "tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", f"{delay / 2}ms", "limit", "100000"])
        except Failure:
            yield None
        else:
            yield prefix
    finally:
        subprocess.run([ip, "netns", "del", name], capture_output=True, check=False)
