"""Ways to Postfix's smtp-sink: straight over the loopback address, or with a long round trip."""

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

HERE = Path(__file__).parent


@dataclass
class Link:
    """Where mails go, and from where: `prefix` comes before a command that is to use it."""

    kind: str
    prefix: list
    port: int
    sink: int  # the process id of smtp-sink
    round_trip: float = 0.0  # milliseconds, as measured


@contextlib.contextmanager
def opened(delay):
    """A link whose round trip takes `delay` milliseconds, with a sink of its own at its end."""
    with contextlib.ExitStack() as ends:
        if not delay:
            port, sink = ends.enter_context(_sink([], free_port()))
            link = Link("loopback", [], port, sink)
        elif (space := ends.enter_context(_namespace(delay))) is not None:
            port, sink = ends.enter_context(_sink(space, 2525))
            link = Link("tc netem in a network namespace", space, port, sink)
        else:
            target, sink = ends.enter_context(_sink([], free_port()))
            port = free_port()
            relay = [sys.executable, str(HERE / "relay.py"), str(port), str(target), str(delay / 2)]
            ends.enter_context(running(relay))
            _await_listener([], port)
            link = Link("delaying relay", [], port, sink)
        link.round_trip = float(call([*link.prefix, sys.executable, str(HERE / "rtt_probe.py"), str(port)]))
        if delay and not 0.95 * delay <= link.round_trip <= 1.5 * delay:
            raise Failure(f"a round trip of the link ({link.kind}) takes {link.round_trip:.1f} ms instead of {delay}")
        yield link


@contextlib.contextmanager
def _sink(prefix, port):
    program = shutil.which("smtp-sink")
    if program is None:
        raise Failure("smtp-sink is missing: install Debian's package postfix")
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as ends:
        # Under a name of its own: on a shared machine somebody's script may end every smtp-sink there is.
        named = Path(folder) / "bench-sink"
        named.symlink_to(program)
        sink = ends.enter_context(running([*prefix, str(named), *user, f"127.0.0.1:{port}", "1000"]))
        _await_listener(prefix, port)
        if sink.poll() is not None:
            raise Failure(f"smtp-sink ended at once, with {sink.returncode}")
        yield port, sink.pid


def _await_listener(prefix, port):
    probe = [*prefix, sys.executable, str(HERE / "rtt_probe.py"), str(port)]
    for _ in range(100):
        if prefix:
            if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
                return
        else:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                return
        time.sleep(0.05)
    raise Failure(f"nothing listens at port {port} after five seconds")


@contextlib.contextmanager
def _namespace(delay):
    """The prefix that runs a command in a network namespace with a slow loopback, or None where that can't be had."""
    name = f"courant-bench-{os.getpid()}"
    ip = shutil.which("ip")
    if os.geteuid() != 0 or ip is None or shutil.which("tc") is None:
        yield None
        return
    inside = [ip, "netns", "exec", name]
    try:
        try:
            call([ip, "netns", "add", name])
            # As large as an Ethernet's packets; every packet passes the loopback once in each direction.
            call([*inside, ip, "link", "set", "lo", "mtu", "1500", "up"])
            call([*inside, "tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", f"{delay / 2}ms", "limit", "100000"])
        except Failure:
            yield None
        else:
            yield inside
    finally:
        subprocess.run([ip, "netns", "del", name], capture_output=True, check=False)
