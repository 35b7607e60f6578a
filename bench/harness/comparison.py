"""Compares two versions of Courant, which alternate on the same link with the same audience."""

import statistics
from dataclasses import dataclass

from . import network, runs
from .report import median_and_range, table, thousands
from .plan import GROUPS


@dataclass
class Comparison:
    """Measurements of two versions in one case: `before` is the older one."""

    case: object
    before: runs.Measurements
    now: runs.Measurements

    def ratios(self):
        """Returns the rate of the newer version divided by that of the older one, for each round."""
        return [now / before for now, before in zip(self.now.rates, self.before.rates, strict=True)]


class Versions:
    """Two versions of Courant and their stores of one audience."""

    def __init__(self, before, now):
        self._binaries = {"before": before, "now": now}
        self._stores = {}

    def measure(self, case, store, log):
        """Returns the comparison of a case."""
        self._prepare(case, store)
        result = Comparison(case, runs.Measurements(), runs.Measurements())
        steps = [lambda: self._measure_one("before", case, store, link, result.before)]
        steps += [lambda: self._measure_one("now", case, store, link, result.now)]
        with network.open_link(case.delay) as link:
            for number in range(case.rounds):
                # The order alternates, so that no version always runs first.
                for step in steps if number % 2 == 0 else reversed(steps):
                    step()
                rates = f"before {result.before.rates[-1]:.0f}/s, now {result.now.rates[-1]:.0f}/s"
                log(f"    round {number + 1} of {case.rounds}: {rates}")
        return result

    def _prepare(self, case, store):
        if self._stores and all(stores.matches(case) for stores in self._stores.values()):
            return
        for stores in self._stores.values():
            stores.drop()
        self._stores = {name: runs.PreparedStores(case, store, binary, f"_{name}") for name, binary in self._binaries.items()}

    def _measure_one(self, name, case, store, link, measurements):
        measure = runs.measure_freezing if case.group == "freeze" else runs.measure_delivery
        measure(case, self._binaries[name], store, link, measurements, f"_{name}")


def tables(results):
    """Returns one Markdown section for each measured group."""
    headings = ["database", "recipients", "connections", "rounds", "before, per second", "now, per second", "now ÷ before"]
    headings += ["CPU, µs: before", "now", "CPU of the database, µs: before", "now", "anonymous memory, MB: before", "now"]
    sections = []
    for group, title in GROUPS.items():
        rows = [_row(result, headings) for result in results if result.case.group == group]
        if rows:
            sections.append(f"#### {title[0].upper()}{title[1:]}\n\n{table(headings, rows)}\n")
    return "\n".join(sections)


def _row(result, headings):
    case, versions = result.case, (result.before, result.now)
    row = [f"{case.store}, signed" if case.dkim else case.store, thousands(case.recipients), str(case.connections), str(case.rounds)]
    row += [f"{version.rate:.1f}" if case.delay else thousands(version.rate) for version in versions]
    row.append(median_and_range(result.ratios()))
    row += [f"{statistics.median(version.cpu):.1f}" for version in versions]
    row += [f"{statistics.median(version.database):.1f}" if version.database else "in process" for version in versions]
    row += [f"{version.anonymous / 1e6:.1f}" for version in versions]
    assert len(row) == len(headings)
    return row
