"""What is measured: the cases of a quick and of a full run."""

from dataclasses import dataclass, replace

GROUPS = {
    "connections": "delivery by number of connections",
    "recipients": "delivery by number of recipients",
    "dkim": "delivery with DKIM signatures",
    "link": "delivery over a link with a long round trip",
    "freeze": "freezing an audience",
}
QUICK = ("connections", "dkim", "link", "freeze")


@dataclass(frozen=True)
class Case:
    """One row of a table."""

    group: str
    store: str
    recipients: int
    connections: int = 20
    dkim: bool = False
    delay: int = 0  # milliseconds of a round trip
    rounds: int = 3

    def peer_messages(self, peer):
        """How many mails a peer sends in this case: its rate does not depend on it, so that large cases end."""
        if self.delay:
            # Without riding a mail takes several round trips.
            return max(self.recipients // 5, self.connections)
        return min(self.recipients, 200_000 if peer == "smtp-source" else 5_000)


def _rounds(recipients):
    return 5 if recipients <= 20_000 else 3 if recipients <= 200_000 else 1


def _sizes(full):
    """For each group (recipients, connections)."""
    if full:
        return {
            "connections": [(50_000, connections) for connections in (1, 10, 20, 50)],
            "recipients": [(recipients, 20) for recipients in (10_000, 100_000, 1_000_000)],
            "dkim": [(50_000, 20)],
            "link": [(500, 1), (10_000, 20)],
            "freeze": [(recipients, 1) for recipients in (10_000, 100_000, 1_000_000)],
        }
    return {
        "connections": [(10_000, 1), (10_000, 20)],
        "recipients": [(10_000, 20), (100_000, 20)],
        "dkim": [(10_000, 20)],
        "link": [(400, 1), (4_000, 20)],
        "freeze": [(10_000, 1)],
    }


def _overridden(sizes, recipients, connections):
    chosen = sizes
    if recipients:
        chosen = [(number, ways) for _, ways in chosen for number in recipients]
    if connections:
        chosen = [(number, ways) for number, _ in chosen for ways in connections]
    return list(dict.fromkeys(chosen))


def cases(options, stores):
    """The cases that the options ask for, those with the same audience beside each other."""
    made = []
    for group in options.only or (GROUPS if options.full else QUICK):
        sizes = _overridden(_sizes(options.full)[group], options.recipients, options.connections)
        if group == "freeze":
            sizes = list(dict.fromkeys((number, 1) for number, _ in sizes))
        for store in stores:
            if group == "link" and not options.full and store != stores[0]:
                continue
            for recipients, connections in sizes:
                case = Case(group, store, recipients, connections)
                if group == "link":
                    case = replace(case, delay=options.delay, rounds=3 if options.full else 1)
                if options.full and group != "link":
                    case = replace(case, rounds=_rounds(recipients))
                if options.rounds:
                    case = replace(case, rounds=options.rounds)
                made.append(case)
                if group == "dkim":
                    made.append(replace(case, dkim=True))
    made.sort(key=lambda case: (stores.index(case.store), case.recipients))
    return made
