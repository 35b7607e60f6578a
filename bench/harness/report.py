"""Formats results as Markdown tables and writes them into a document."""

import os
import platform
import statistics
from datetime import datetime, timezone
from pathlib import Path

from .plan import GROUPS
from .processes import Failure, call

BEGIN = "<!-- results: `bench/{} --write` replaces what follows -->"
END = "<!-- end of results -->"


def machine(directory, load):
    """Returns one line that describes the machine and its load before the run."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return (
        f"{os.cpu_count()} × {model}, {memory:.0f} GiB, Linux {platform.release().partition('-')[0]}, databases on {_filesystem(directory)}; "
        f"load average before the run {load:.1f}"
    )


def _filesystem(directory):
    longest, kind = "", "an unknown file system"
    for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        _, mount_point, name = line.split()[:3]
        if len(mount_point) > len(longest) and os.path.commonpath([mount_point, directory]) == mount_point:
            longest, kind = mount_point, name
    return kind


def postfix_version():
    try:
        return call(["postconf", "-d", "-h", "mail_version"]).strip()
    except (OSError, Failure):
        return "(version unknown)"


def today():
    return datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def table(headings, rows):
    """Returns a Markdown table with a left-aligned first column and right-aligned others."""
    lines = ["| " + " | ".join(headings) + " |", "|" + "|".join(["---"] + ["---:"] * (len(headings) - 1)) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def tables(results, competitors):
    """Returns one Markdown section for each measured group."""
    sections = []
    for group, title in GROUPS.items():
        selected = [result for result in results if result.case.group == group]
        if not selected:
            continue
        sections.append(f"#### {title[0].upper()}{title[1:]}\n")
        if group == "freeze":
            sections.append(_freeze_table(selected) + "\n")
        elif group == "link":
            kinds = " and ".join(sorted({result.link.kind for result in selected}))
            round_trips = [result.link.round_trip for result in selected]
            measured = f"measured round trip {min(round_trips):.1f} to {max(round_trips):.1f} ms"
            sections.append(f"Link: {kinds}; {measured}.\n\n{_link_table(selected, competitors)}\n")
        else:
            sections.append(f"{_rate_table(selected, competitors)}\n\n{_cost_table(selected, competitors)}\n")
    return "\n".join(sections)


def thousands(number):
    """Formats a number without decimals and with spaces between groups of three digits."""
    return f"{number:,.0f}".replace(",", " ")


def _case_columns(case):
    return [f"{case.store}, signed" if case.dkim else case.store, thousands(case.recipients), str(case.connections), str(case.rounds)]


CASE_HEADINGS = ["database", "recipients", "connections", "rounds"]


def median_and_range(ratios, digits=2):
    """Formats the median of ratios, followed by minimum and maximum if there are several."""
    median = f"**{statistics.median(ratios):.{digits}f}**"
    return median if len(ratios) == 1 else f"{median} ({min(ratios):.{digits}f}–{max(ratios):.{digits}f})"


def _rate_table(results, competitors):
    headings = [*CASE_HEADINGS, "Courant, messages/s"]
    for competitor in competitors:
        headings += [f"{competitor.name}, messages/s", f"Courant ÷ {competitor.name}"]
    rows = []
    for result in results:
        row = [*_case_columns(result.case), thousands(result.by_program["courant"].rate)]
        for competitor in competitors:
            row += [thousands(result.by_program[competitor.name].rate), median_and_range(result.ratios(competitor.name))]
        rows.append(row)
    return table(headings, rows)


def _cost_table(results, competitors):
    headings = [*CASE_HEADINGS[:3], "Courant, CPU µs per message", "database, CPU µs per message", "Courant, peak MB"]
    headings += [f"{competitor.name}, CPU µs per message" for competitor in competitors] + ["sink, CPU µs per message from Courant"]
    rows = []
    for result in results:
        courant = result.by_program["courant"]
        database = f"{statistics.median(courant.database):.0f}" if courant.database else "in process"
        row = [*_case_columns(result.case)[:3], f"{statistics.median(courant.cpu):.0f}", database, f"{courant.peak / 1e6:.0f}"]
        row += [f"{statistics.median(result.by_program[competitor.name].cpu):.0f}" for competitor in competitors]
        rows.append([*row, f"{statistics.median(courant.sink):.0f}"])
    return table(headings, rows)


def _link_table(results, competitors):
    names = ["courant", *(competitor.name for competitor in competitors)]
    headings = [*CASE_HEADINGS]
    for name in names:
        title = name.replace("courant", "Courant")
        headings += [f"{title}, messages/s", f"{title}, messages per round trip and connection"]
    rows = []
    for result in results:
        row = _case_columns(result.case)
        for name in names:
            rate = result.by_program[name].rate
            row += [f"{rate:.1f}", f"**{rate * result.link.round_trip / 1000 / result.case.connections:.2f}**"]
        rows.append(row)
    return table(headings, rows)


def _freeze_table(results):
    headings = ["database", "recipients", "rounds", "freeze, s", "INSERT … SELECT, s", "ratio"]
    headings += ["Courant, CPU µs per recipient", "Courant, peak MB"]
    rows = []
    for result in results:
        case = result.case
        row = [case.store, thousands(case.recipients), str(case.rounds), f"{result.seconds:.2f}", f"{result.insert_seconds:.2f}"]
        rows.append([*row, median_and_range(result.ratios, 1), f"{result.cpu:.1f}", f"{result.peak / 1e6:.0f}"])
    return table(headings, rows)


def split_at_markers(file, bench="delivery"):
    """Returns the text before and after a benchmark's results; raises Failure without markers."""
    begin = BEGIN.format(bench)
    try:
        page = Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise Failure(f"{file}: {error.strerror}") from None
    before, found, rest = page.partition(begin)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise Failure(f"{file} lacks the two marker lines that enclose the results: {begin} and {END}")
    return before, after


def write_results(file, text, bench="delivery"):
    """Replaces the text between a benchmark's two markers in a file."""
    before, after = split_at_markers(file, bench)
    Path(file).write_text(f"{before}{BEGIN.format(bench)}\n\n{text.strip()}\n\n{END}{after}", encoding="utf-8")
