"""Defines the groups of cases that a quick and a full run of bench/delivery measure."""

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
    """Parameters of one measured case, which is one row of a table."""

    group: str
    store: str
    recipients: int
    connections: int = 20
    dkim: bool = False
    delay: int = 0  # round trip of the link, in milliseconds
    rounds: int = 3

    def competitor_messages(self, competitor):
        """Returns the number of messages that a competitor sends in this case.

        It is limited to shorten large cases: a competitor's rate does not depend on the number.
        """
        if self.delay:
            # Without pipelining, each message takes several round trips.
            return max(self.recipients // 5, self.connections)
        return min(self.recipients, 200_000 if competitor == "smtp-source" else 5_000)


def _rounds(recipients):
    return 5 if recipients <= 20_000 else 3 if recipients <= 200_000 else 1


def _sizes(full):
    """Returns the pairs of recipients and connections of each group."""
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
        # The start of the process hides the cost of small audiences.
        "freeze": [(10_000, 1), (100_000, 1)],
    }


def _override_sizes(sizes, recipients, connections):
    selected = sizes
    if recipients:
        selected = [(number, count) for _, count in selected for number in recipients]
    if connections:
        selected = [(number, count) for number, _ in selected for count in connections]
    return list(dict.fromkeys(selected))


def cases(options, stores):
    """Returns the cases selected by the options, sorted so that equal audiences are adjacent."""
    selected = []
    for group in options.only or (GROUPS if options.full else QUICK):
        sizes = _override_sizes(_sizes(options.full)[group], options.recipients, options.connections)
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
                selected.append(case)
                if group == "dkim":
                    selected.append(replace(case, dkim=True))
    selected.sort(key=lambda case: (stores.index(case.store), case.recipients))
    return selected
