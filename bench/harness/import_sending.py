"""Measures the rate of sending an edition alone, and while subscribers are imported into the same database."""

import subprocess
import time

from . import network
from .processes import Failure, cpu_of

RECIPIENTS = 20_000
CONNECTIONS = 20
# Smallest rate beside an import, as a share of the rate alone; SQLite has one writer at a time.
GOAL_SHARE = 0.5


def compare(store, courant, file):
    """Returns the rates alone and beside an import of the file, in messages per second."""
    store.create("frozen")
    courant.configure(store.url("frozen"))
    courant.import_audience(RECIPIENTS)
    courant.freeze()
    courant.expect("queued", RECIPIENTS)
    with network.open_link(0) as link:
        alone = _rate(store, courant, link)
        beside = _rate(store, courant, link, file)
    store.drop("frozen")
    return alone, beside


def _rate(store, courant, link, file=None):
    store.copy("frozen", "run")
    courant.configure(store.url("run"), link.port, CONNECTIONS)
    importing = _start_import(courant, file) if file else None
    try:
        usage = courant.deliver(link)
        if importing and importing.poll() is not None:
            raise Failure("the import ended before the edition was sent; choose more rows with --import")
    finally:
        if importing:
            importing.kill()
            importing.wait()
    courant.expect("sent", RECIPIENTS)
    store.drop("run")
    return RECIPIENTS / usage.seconds


def _start_import(courant, file):
    """Starts an import and returns its process once it has worked for a second of CPU time."""
    consent = ["--status", "confirmed", "--consent", "benchmark"]
    command = courant.command("subscribers", "import", str(file), "--digest", "weekly", *consent)
    importing = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while importing.poll() is None and cpu_of(importing.pid) < 1:
        time.sleep(0.05)
    return importing
