"""Runs one case: rounds in which Courant and its peers take turns on the same link."""

import statistics
from dataclasses import dataclass, field

from . import network
from .processes import cpu_of


@dataclass
class Sent:
    """What one program did in all rounds of a case."""

    rates: list = field(default_factory=list)  # mails a second, from start to exit
    cpu: list = field(default_factory=list)  # µs of processor a mail
    sink: list = field(default_factory=list)  # the same, of the sink
    database: list = field(default_factory=list)  # the same, of the database's own processes
    peak: int = 0

    def add(self, used, messages, sink, database=None):
        self.rates.append(messages / used.seconds)
        self.cpu.append(used.cpu / messages * 1e6)
        self.sink.append(sink / messages * 1e6)
        if database is not None:
            self.database.append(database / messages * 1e6)
        self.peak = max(self.peak, used.peak)

    @property
    def rate(self):
        return statistics.median(self.rates)


@dataclass
class Result:
    """A case that was measured; `by` maps programs' names to what they did."""

    case: object
    link: object
    by: dict

    def ratios(self, peer):
        """Courant's rate divided by the peer's, round by round."""
        return [ours / theirs for ours, theirs in zip(self.by["courant"].rates, self.by[peer].rates, strict=True)]


class Prepared:
    """The stores that cases with the same audience begin with: `imported`, and unless it is only frozen, `frozen`."""

    def __init__(self, case, store, courant):
        self._store = store
        self._recipients = case.recipients
        self._frozen = case.group != "freeze"
        store.make("imported")
        courant.configure(store.url("imported"))
        courant.import_audience(case.recipients)
        if self._frozen:
            store.copy("imported", "frozen")
            courant.configure(store.url("frozen"))
            courant.freeze()
            courant.expect("queued", case.recipients)

    def serves(self, case):
        """Whether a case can begin with these."""
        same = (case.store, case.recipients) == (self._store.name, self._recipients)
        return same and (self._frozen or case.group == "freeze")

    def drop(self):
        """Gives the room back."""
        self._store.drop("imported")
        self._store.drop("frozen")


def run(case, courant, store, peers, say):
    """The result of a case; `frozen` in the store is its audience."""
    by = {name: Sent() for name in ("courant", *(peer.name for peer in peers))}
    with network.opened(case.delay) as link:
        for number in range(case.rounds):
            turns = [lambda: _ours(case, courant, store, link, by["courant"])]
            turns += [lambda peer=peer: _theirs(case, peer, link, by[peer.name]) for peer in peers]
            # Nobody always has the first turn.
            for turn in turns if number % 2 == 0 else reversed(turns):
                turn()
            rates = ", ".join(f"{name} {sent.rates[-1]:.0f}/s" for name, sent in by.items())
            say(f"    round {number + 1} of {case.rounds}: {rates}")
    return Result(case, link, by)


def _ours(case, courant, store, link, sent):
    store.copy("frozen", "run")
    try:
        courant.configure(store.url("run"), link.port, case.connections, case.dkim)
        sink, database = cpu_of(link.sink), store.cpu()
        used = courant.deliver(link)
        database = None if database is None else store.cpu() - database
        sent.add(used, case.recipients, cpu_of(link.sink) - sink, database)
        courant.expect("sent", case.recipients)
    finally:
        store.drop("run")


def _theirs(case, peer, link, sent):
    messages = case.peer_messages(peer.name)
    sink = cpu_of(link.sink)
    used = peer.send(link, case.connections, messages, case.dkim)
    sent.add(used, messages, cpu_of(link.sink) - sink)


@dataclass
class Frozen:
    """What freezing took, beside a plain INSERT of the same rows."""

    case: object
    seconds: float
    plain: float
    times: list
    cpu: float
    peak: int


def freeze(case, courant, store, say):
    """Freezes `imported` as often as the case has rounds, and inserts the same rows by one statement beside it."""
    ours, plain, cpu, peak = [], [], [], 0
    for number in range(case.rounds):
        store.copy("imported", "run")
        courant.configure(store.url("run"))
        used = courant.freeze()
        courant.expect("queued", case.recipients)
        ours.append(used.seconds)
        cpu.append(used.cpu / case.recipients * 1e6)
        peak = max(peak, used.peak)
        plain.append(store.plain_insert("imported", "run", "scratch"))
        store.drop("run")
        store.drop("scratch")
        say(f"    round {number + 1} of {case.rounds}: frozen in {ours[-1]:.2f} s, plain INSERT {plain[-1]:.2f} s")
    times = [a / b for a, b in zip(ours, plain, strict=True)]
    return Frozen(case, statistics.median(ours), statistics.median(plain), times, statistics.median(cpu), peak)
