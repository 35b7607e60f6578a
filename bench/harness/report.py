"""The tables of results, in Markdown, and where they go."""

import os
import platform
import statistics
from datetime import datetime, timezone
from pathlib import Path

from .plan import GROUPS
from .processes import Failure, call

BEGIN = "<!-- results: `bench/{} --write` replaces what follows -->"
END = "<!-- end of results -->"


def machine(folder, load):
    """One line about where all this ran."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return (
        f"{os.cpu_count()} × {model}, {memory:.0f} GiB, Linux {platform.release().partition('-')[0]}, stores on {_filesystem(folder)}; "
        f"load average before the run {load:.1f}"
    )


def _filesystem(folder):
    best, kind = "", "an unknown file system"
    for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        _, place, name = line.split()[:3]
        if len(place) > len(best) and os.path.commonpath([place, folder]) == place:
            best, kind = place, name
    return kind


def postfix_version():
    try:
        return call(["postconf", "-d", "-h", "mail_version"]).strip()
    except (OSError, Failure):
        return "(version unknown)"


def today():
    return datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def table(head, rows):
    """A Markdown table; the first column is words, the others are numbers."""
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join(["---"] + ["---:"] * (len(head) - 1)) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def tables(results, peers):
    """One part for each group that was measured."""
    parts = []
    for group, title in GROUPS.items():
        chosen = [result for result in results if result.case.group == group]
        if not chosen:
            continue
        parts.append(f"### {title[0].upper()}{title[1:]}\n")
        if group == "freeze":
            parts.append(_freezing(chosen) + "\n")
        elif group == "link":
            kinds = " and ".join(sorted({result.link.kind for result in chosen}))
            trips = [result.link.round_trip for result in chosen]
            measured = f"{min(trips):.1f} to {max(trips):.1f} ms a round trip, as measured"
            parts.append(f"The link: {kinds}, {measured}.\n\n{_link(chosen, peers)}\n")
        else:
            parts.append(f"{_rates(chosen, peers)}\n\n{_costs(chosen, peers)}\n")
    return "\n".join(parts)


def thousands(number):
    """A number as people read it."""
    return f"{number:,.0f}".replace(",", " ")


def _what(case):
    return [f"{case.store}, signed" if case.dkim else case.store, thousands(case.recipients), str(case.connections), str(case.rounds)]


WHAT = ["store", "recipients", "connections", "rounds"]


def spread(ratios, digits=2):
    """The median of ratios, with the smallest and the largest."""
    middle = f"**{statistics.median(ratios):.{digits}f}**"
    return middle if len(ratios) == 1 else f"{middle} ({min(ratios):.{digits}f}–{max(ratios):.{digits}f})"


def _rates(results, peers):
    head = [*WHAT, "Courant, mails/s"]
    for peer in peers:
        head += [f"{peer.name}, mails/s", f"Courant ÷ {peer.name}"]
    rows = []
    for result in results:
        row = [*_what(result.case), thousands(result.by["courant"].rate)]
        for peer in peers:
            row += [thousands(result.by[peer.name].rate), spread(result.ratios(peer.name))]
        rows.append(row)
    return table(head, rows)


def _costs(results, peers):
    head = [*WHAT[:3], "Courant, CPU µs a mail", "database, CPU µs a mail", "Courant, peak MB"]
    head += [f"{peer.name}, CPU µs a mail" for peer in peers] + ["sink, CPU µs a mail of Courant"]
    rows = []
    for result in results:
        ours = result.by["courant"]
        database = f"{statistics.median(ours.database):.0f}" if ours.database else "inside"
        row = [*_what(result.case)[:3], f"{statistics.median(ours.cpu):.0f}", database, f"{ours.peak / 1e6:.0f}"]
        row += [f"{statistics.median(result.by[peer.name].cpu):.0f}" for peer in peers]
        rows.append([*row, f"{statistics.median(ours.sink):.0f}"])
    return table(head, rows)


def _link(results, peers):
    names = ["courant", *(peer.name for peer in peers)]
    head = [*WHAT]
    for name in names:
        shown = name.replace("courant", "Courant")
        head += [f"{shown}, mails/s", f"{shown}, mails a round trip on each connection"]
    rows = []
    for result in results:
        row = _what(result.case)
        for name in names:
            rate = result.by[name].rate
            row += [f"{rate:.1f}", f"**{rate * result.link.round_trip / 1000 / result.case.connections:.2f}**"]
        rows.append(row)
    return table(head, rows)


def _freezing(results):
    head = ["store", "recipients", "rounds", "frozen in s", "INSERT … SELECT in s", "times"]
    head += ["Courant, CPU µs a recipient", "Courant, peak MB"]
    rows = []
    for frozen in results:
        case = frozen.case
        row = [case.store, thousands(case.recipients), str(case.rounds), f"{frozen.seconds:.2f}", f"{frozen.plain:.2f}"]
        rows.append([*row, spread(frozen.times, 1), f"{frozen.cpu:.1f}", f"{frozen.peak / 1e6:.0f}"])
    return table(head, rows)


def split(file, bench="delivery"):
    """What stands before and after a benchmark's results in a file; a Failure if it lacks the markers."""
    begin = BEGIN.format(bench)
    try:
        page = Path(file).read_text(encoding="utf-8")
    except OSError as why:
        raise Failure(f"{file}: {why.strerror}") from None
    before, found, rest = page.partition(begin)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise Failure(f"{file} lacks the two lines between which results go: {begin} and {END}")
    return before, after


def write(file, text, bench="delivery"):
    """Replaces what stands between the two markers of a file."""
    before, after = split(file, bench)
    Path(file).write_text(f"{before}{BEGIN.format(bench)}\n\n{text.strip()}\n\n{END}{after}", encoding="utf-8")
