"""Runs one case: rounds in which Courant and its competitors alternate on the same link."""

import statistics
from dataclasses import dataclass, field

from . import network
from .processes import cpu_of


@dataclass
class Measurements:
    """Measurements of one program over all rounds of a case."""

    rates: list = field(default_factory=list)  # messages per second, from process start to exit
    cpu: list = field(default_factory=list)  # CPU time of the program per message, in µs
    sink: list = field(default_factory=list)  # CPU time of the sink per message, in µs
    database: list = field(default_factory=list)  # CPU time of the database per message, in µs
    peak: int = 0  # largest resident size, in bytes
    anonymous: int = 0  # largest part of it that no file backs, in bytes

    def add(self, usage, messages, sink=None, database=None):
        self.rates.append(messages / usage.seconds)
        self.cpu.append(usage.cpu / messages * 1e6)
        if sink is not None:
            self.sink.append(sink / messages * 1e6)
        if database is not None:
            self.database.append(database / messages * 1e6)
        self.peak = max(self.peak, usage.peak)
        self.anonymous = max(self.anonymous, usage.anonymous)

    @property
    def rate(self):
        return statistics.median(self.rates)


@dataclass
class Result:
    """Result of a measured case; `by_program` maps names of programs to their measurements."""

    case: object
    link: object
    by_program: dict

    def ratios(self, competitor):
        """Returns Courant's rate divided by the competitor's rate, for each round."""
        rates = zip(self.by_program["courant"].rates, self.by_program[competitor].rates, strict=True)
        return [courant_rate / competitor_rate for courant_rate, competitor_rate in rates]


class PreparedStores:
    """Stores shared by cases of one audience: `imported`, and `frozen` except to measure freezing.

    A suffix of their labels tells the stores of two versions of Courant apart.
    """

    def __init__(self, case, store, courant, suffix=""):
        self._store = store
        self._recipients = case.recipients
        self._frozen = case.group != "freeze"
        self._labels = f"imported{suffix}", f"frozen{suffix}"
        imported, frozen = self._labels
        store.create(imported)
        courant.configure(store.url(imported))
        courant.import_audience(case.recipients)
        if self._frozen:
            store.copy(imported, frozen)
            courant.configure(store.url(frozen))
            courant.freeze()
            courant.expect("queued", case.recipients)

    def matches(self, case):
        """Returns `True` if a case can start from these stores."""
        same = (case.store, case.recipients) == (self._store.name, self._recipients)
        return same and (self._frozen or case.group == "freeze")

    def drop(self):
        """Deletes the stores to free their disk space."""
        for label in self._labels:
            self._store.drop(label)


def run(case, courant, store, competitors, log):
    """Returns the result of a delivery case, whose audience is the store `frozen`."""
    by_program = {name: Measurements() for name in ("courant", *(competitor.name for competitor in competitors))}
    with network.open_link(case.delay) as link:
        for number in range(case.rounds):
            steps = [lambda: measure_delivery(case, courant, store, link, by_program["courant"])]
            steps += [lambda other=other: _run_competitor(case, other, link, by_program[other.name]) for other in competitors]
            # The order alternates, so that no program always runs first.
            for step in steps if number % 2 == 0 else reversed(steps):
                step()
            rates = ", ".join(f"{name} {measured.rates[-1]:.0f}/s" for name, measured in by_program.items())
            log(f"    round {number + 1} of {case.rounds}: {rates}")
    return Result(case, link, by_program)


def measure_delivery(case, courant, store, link, measurements, suffix=""):
    """Adds one run of `courant deliver` to the measurements."""
    store.copy(f"frozen{suffix}", "run")
    try:
        courant.configure(store.url("run"), link.port, case.connections, case.dkim)
        sink, database = cpu_of(link.sink), store.cpu()
        usage = courant.deliver(link)
        database = None if database is None else store.cpu() - database
        measurements.add(usage, case.recipients, cpu_of(link.sink) - sink, database)
        courant.expect("sent", case.recipients)
    finally:
        store.drop("run")


def _run_competitor(case, competitor, link, measurements):
    messages = case.competitor_messages(competitor.name)
    sink = cpu_of(link.sink)
    usage = competitor.send(link, case.connections, messages, case.dkim)
    measurements.add(usage, messages, cpu_of(link.sink) - sink)


@dataclass
class FreezeResult:
    """Cost of freezing an audience, compared with a plain INSERT of the same rows."""

    case: object
    seconds: float
    insert_seconds: float
    ratios: list
    cpu: float
    peak: int


def measure_freezing(case, courant, store, _link, measurements, suffix=""):
    """Adds one run of `courant digests run` to the measurements."""
    store.copy(f"imported{suffix}", "run")
    try:
        courant.configure(store.url("run"))
        database = store.cpu()
        usage = courant.freeze()
        database = None if database is None else store.cpu() - database
        measurements.add(usage, case.recipients, database=database)
        courant.expect("queued", case.recipients)
    finally:
        store.drop("run")


def freeze(case, courant, store, log):
    """Freezes `imported` once per round, compared with one statement that inserts the same rows."""
    freeze_seconds, insert_seconds, cpu, peak = [], [], [], 0
    for number in range(case.rounds):
        store.copy("imported", "run")
        courant.configure(store.url("run"))
        usage = courant.freeze()
        courant.expect("queued", case.recipients)
        freeze_seconds.append(usage.seconds)
        cpu.append(usage.cpu / case.recipients * 1e6)
        peak = max(peak, usage.peak)
        insert_seconds.append(store.plain_insert("imported", "run", "scratch"))
        store.drop("run")
        store.drop("scratch")
        log(f"    round {number + 1} of {case.rounds}: freeze {freeze_seconds[-1]:.2f} s, plain INSERT {insert_seconds[-1]:.2f} s")
    ratios = [a / b for a, b in zip(freeze_seconds, insert_seconds, strict=True)]
    medians = statistics.median(freeze_seconds), statistics.median(insert_seconds)
    return FreezeResult(case, *medians, ratios, statistics.median(cpu), peak)
