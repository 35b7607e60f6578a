#!/usr/bin/env python3
"""Checks the dependencies of this machine's build against deny.toml: licences, bans, wildcards, sources.

For machines without cargo-deny. It reads the output of `cargo metadata` and checks neither licence texts nor advisories.
"""

import json
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOKEN = re.compile(r"\s*([()/]|[A-Za-z0-9.+-]+)")


def metadata():
    """Returns every package that is built on this machine, including those for tests, and the members of the workspace."""
    host = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    triple = re.search(r"^host: (\S+)$", host, re.MULTILINE).group(1)
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--all-features", "--filter-platform", triple]
    found = json.loads(subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.PIPE).stdout)
    used = {node["id"] for node in found["resolve"]["nodes"]}
    return [package for package in found["packages"] if package["id"] in used], set(found["workspace_members"])


class Expression:
    """Evaluates an SPDX expression; the old `/` means OR."""

    def __init__(self, text, allowed):
        self.tokens = [token for token in TOKEN.findall(text)]
        self.allowed = allowed

    def holds(self):
        result = self.any()
        if self.tokens:
            raise ValueError(f"unexpected {self.tokens[0]}")
        return result

    def any(self):
        result = self.all()
        while self.tokens and self.tokens[0] in ("OR", "/"):
            self.tokens.pop(0)
            result = self.all() or result
        return result

    def all(self):
        result = self.one()
        while self.tokens and self.tokens[0] == "AND":
            self.tokens.pop(0)
            result = self.one() and result
        return result

    def one(self):
        if not self.tokens:
            raise ValueError("unexpected end")
        name = self.tokens.pop(0)
        if name == "(":
            result = self.any()
            if not self.tokens or self.tokens.pop(0) != ")":
                raise ValueError("missing closing bracket")
            return result
        if self.tokens and self.tokens[0] == "WITH":
            self.tokens.pop(0)
            name = f"{name} WITH {self.tokens.pop(0)}"
        return name in self.allowed


def violations(package, ours, rules):
    """Yields one clause for each rule that the package violates."""
    allowed = set(rules["licenses"]["allow"])
    licence = package["license"]
    if not licence:
        yield "declares no licence"
    else:
        try:
            if not Expression(licence, allowed).holds():
                yield f"is licensed {licence}, which deny.toml does not allow"
        except (ValueError, IndexError) as why:
            yield f"has an invalid licence expression, {licence}: {why}"
    if package["name"] in rules["bans"]["deny"]:
        yield "is banned by deny.toml"
    if ours:
        for dependency in package["dependencies"]:
            if dependency["req"] == "*":
                yield f"accepts any version of {dependency['name']}"
    elif not (package["source"] or "").startswith(("registry+", "sparse+")):
        yield f"comes from {package['source'] or package['manifest_path']}, not from the registry"


def main():
    rules = tomllib.loads((ROOT / "deny.toml").read_text(encoding="utf-8"))
    packages, members = metadata()
    wrong = 0
    for package in packages:
        for violation in violations(package, package["id"] in members, rules):
            print(f"{package['name']} {package['version']} {violation}", file=sys.stderr)
            wrong += 1
    if wrong:
        sys.exit(f"{wrong} violations of deny.toml")
    print(f"{len(packages)} packages: licences, bans and sources comply with deny.toml")


if __name__ == "__main__":
    main()
