#!/usr/bin/env python3
"""Fail when a lock file names a host, lacks a hash, or no longer fits pyproject.toml or the other lock."""

import re
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent


def pins(lock: str, problems: list[str]) -> dict[str, str]:
    """Return name → version of a lock file."""
    text = (ROOT / lock).read_text()
    if re.search(r"(https?|git|file)(\+\w+)?:|--(extra-)?index-url|--find-links| @ ", text):
        problems.append(f"{lock} names an address; it may hold only versions and hashes.")
    found = {}
    for entry in text.replace("\\\n", " ").splitlines():
        if not entry.strip() or entry.lstrip().startswith("#"):
            continue
        match = re.match(r"([A-Za-z0-9._-]+)==(\S+)", entry)
        if match is None or "--hash=sha256:" not in entry:
            problems.append(f"{lock}: {entry.split()[0]} is not pinned to one version with its hash.")
            continue
        found[canonicalize_name(match[1])] = match[2]
    return found


def check_direct(lock: str, pinned: dict[str, str], requirements: list[str], problems: list[str]) -> None:
    """Every direct dependency is pinned to a version that pyproject.toml allows."""
    for requirement in map(Requirement, requirements):
        version = pinned.get(canonicalize_name(requirement.name))
        if version is None:
            problems.append(f"{lock} lacks {requirement.name}, which pyproject.toml asks for.")
        elif not requirement.specifier.contains(version, prereleases=True):
            problems.append(
                f"{lock} pins {requirement.name} to {version}; pyproject.toml asks for {requirement}."
            )


def main() -> None:
    problems: list[str] = []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    run, develop = pins("requirements.txt", problems), pins("requirements-dev.txt", problems)
    direct = project["dependencies"]
    check_direct("requirements.txt", run, direct, problems)
    tools = project["optional-dependencies"]["dev"]
    check_direct("requirements-dev.txt", develop, direct + tools, problems)
    problems += [
        f"{name} is {version} in requirements.txt and {develop.get(name)} in requirements-dev.txt."
        for name, version in run.items()
        if develop.get(name) != version
    ]
    if problems:
        sys.exit("\n".join(problems))
    print(f"{len(run)} and {len(develop)} pinned packages fit pyproject.toml.")


if __name__ == "__main__":
    main()
