"""Data directories for sites: made once, copied for each, since making a database takes longer than most of the tests."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import make_data_dir, throw_away
from tests.faults.site import ROOT, environment


@pytest.fixture(scope="session")
def first_start() -> Iterator[Path]:
    """A data directory after the first start, which a person would make with `make services`."""
    folder = make_data_dir()
    with subprocess.Popen(
        [sys.executable, "-m", "vendorhub.launcher", "services"],
        cwd=ROOT, env=environment(folder), stdout=subprocess.PIPE, text=True,
    ) as services:  # fmt: skip
        said = ""
        for line in services.stdout or ():
            said += line
            if line == "ready\n":
                services.send_signal(signal.SIGINT)
    assert services.returncode == 0, said
    yield folder
    throw_away(folder)


def copy_of(first_start: Path) -> Path:
    """A data directory of its own that holds what the first start made."""
    folder = make_data_dir()
    subprocess.run(["cp", "-a", first_start / "postgres", first_start / "static", folder], check=True)
    return folder


@pytest.fixture
def data_dir(first_start) -> Iterator[Path]:
    """A data directory for a site started by the test."""
    folder = copy_of(first_start)
    yield folder
    throw_away(folder)
