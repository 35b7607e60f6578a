#!/usr/bin/env python3
"""Checks the language rules of CONTRIBUTING.md that a program can check, and prints each violation as FILE:LINE: reason.

    .ci/wording.py [PATH…]        checks these files, or all of src, tests, docs, templates, bench and config.toml
    .ci/wording.py --commits REV  checks the subjects of the commits since REV
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Retired words and the term that replaces each. They apply to every text: names, comments, messages, docs.
RETIRED = {
    r"dockets?": "send queue",
    r"lanes?": "worker",
    r"feeders?": "fetcher",
    r"moulds?": "precompiled message",
    r"shel(?:f|ves)": "feed cache",
    r"errands?": "job kind",
    r"hearts?|heart_?beats?": "ticker, tick",
    r"bells?": "trigger, notification",
    r"doors?": "fast path, layer",
    r"desks?": "context",
    r"twins?": "translation",
    r"patience|patient(?:ly)?": "timeout, backoff",
    r"soiled": "needs_rset",
    r"hungry|sated": "low watermark, load balancing",
    r"trouble[sd]?": "error, failure",
    r"whoever|whomever": "name the actor",
    r"anew": "again",
    r"so many": "the number, `limit`",
    r"(?:what )?bec(?:omes?|ame) of": "the outcome",
    r"can't": "cannot",
    r"vouch(?:es|ed)?|apologise|rehearsals?|manners?": "the standard term",
    r"stand-ins?|stood in|stands? in|stands? by": "fallback, standby, degraded mode",
    r"clash(?:es|ed)?": "conflict",
    r"promise[sd]?": "guarantee",
    r"misshapen": "malformed",
}

# Identifiers that mean too much or nothing: forbidden as the name of a type.
RETIRED_TYPES = {
    "Arrival", "Asked", "Bells", "Cast", "Choices", "Desk", "Ear", "Errand", "Fault", "Faults", "Folder", "Found",
    "Front", "Gauge", "Hands", "Heard", "Held", "Kept", "Leaf", "Letter", "Letters", "Line", "Made", "Manner", "Mark",
    "Occasion", "Offer", "Parcel", "Pass", "Patience", "Person", "Piece", "Place", "Press", "Proof", "Reach", "Ready",
    "Recipe", "Ride", "Said", "Shelf", "Shown", "Speech", "Spot", "Stand", "Survey", "Ticket", "Told", "Turns", "Twin",
    "Unfit", "Visitor", "Wanted", "Way", "Wish",
}

TOP = ("src", "tests", "docs", "templates", "bench", "migrations")
ALONE = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "config.toml", "Cargo.toml")
SUFFIXES = {".rs", ".py", ".md", ".hbs", ".ftl", ".css", ".toml", ".sql", ".txt", ""}
# Texts of the fictional college, and a test vector of RFC 8463.
EXEMPT = {"templates/demo/college.json", "src/mail/dkim/tests.rs"}

WORDS = [(re.compile(rf"(?<![A-Za-z])(?:{p})(?![A-Za-z])", re.IGNORECASE), p, r) for p, r in RETIRED.items()]
TYPE = re.compile(r"\b(?:struct|enum|trait|type|union)\s+([A-Z]\w*)")
DOC = re.compile(r"^\s*//[/!] ?(.*)$")
QUESTION = re.compile(r"^(?:What|Whether|Who|Whom|Whose|How|Where|Which|When|Why)\b")


def words_of(name_text):
    """Splits CamelCase and snake_case, so that a retired word is found inside a name."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name_text)
    return text.replace("_", " ")


def check_text(path, text, report):
    for number, line in enumerate(text.split("\n"), 1):
        flat = words_of(line)
        for pattern, _, instead in WORDS:
            found = pattern.search(flat)
            if found:
                report(f"{path}:{number}: retired word `{found.group(0)}`; write: {instead}")


def check_rust(path, text, report):
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        code = line.split("//")[0]
        for name in TYPE.findall(code):
            if name in RETIRED_TYPES:
                report(f"{path}:{number}: retired type name `{name}`")
    number = 0
    while number < len(lines):
        found = DOC.match(lines[number])
        if not found or lines[number].lstrip().startswith("////"):
            number += 1
            continue
        start, block = number, []
        while number < len(lines) and (more := DOC.match(lines[number])):
            block.append(more.group(1))
            number += 1
        first = block[0].strip()
        whole = " ".join(block)
        if QUESTION.match(first):
            report(f"{path}:{start + 1}: a doc comment begins with `{first.split()[0]}`; say what it is or does")
        if len(re.findall(r"[\w'’`./:<>\[\]{}()-]*\w[\w'’`./:<>\[\]{}()-]*", whole)) < 4:
            report(f"{path}:{start + 1}: a doc comment of fewer than four words: `{first}`")


def tracked(paths):
    if paths:
        for path in map(Path, paths):
            yield from (sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path])
        return
    for top in TOP:
        yield from sorted(p for p in (ROOT / top).rglob("*") if p.is_file())
    for name in ALONE:
        yield ROOT / name


def check_files(paths):
    violations = []
    for path in tracked(paths):
        shown = str(path.resolve().relative_to(ROOT))
        if shown in EXEMPT or path.suffix not in SUFFIXES or "__pycache__" in shown or "node_modules" in shown:
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        check_text(shown, text, violations.append)
        if path.suffix == ".rs":
            check_rust(shown, text, violations.append)
    return violations


def check_commits(since):
    log = subprocess.run(
        ["git", "log", "--no-merges", "--format=%h %s", f"{since}..HEAD"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    return [f"commit {line.split()[0]}: subject longer than 72 characters" for line in log if len(line.split(" ", 1)[1]) > 72]


def main():
    arguments = sys.argv[1:]
    violations = check_commits(arguments[1]) if arguments[:1] == ["--commits"] else check_files(arguments)
    print("\n".join(violations) if violations else "   no violations")
    sys.exit(1 if violations else 0)


main()
