"""A whole running site for the fault tests: the launcher and everything it starts, as real processes."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import psycopg2

from vendorhub.embedded import socket_folder

ROOT = Path(__file__).resolve().parent.parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(folder: Path, **more: str) -> dict[str, str]:
    """The environment of a site in this data directory, without the demo."""
    given = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    return given | {"DATA_DIR": str(folder), "STATIC_ROOT": str(folder / "static"), "DEMO": "no"} | more


class RunningSite:
    """`python -m vendorhub.launcher run` in a data directory of its own."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.folder, self.port = folder, free_port()
        self.environment = environment(folder, PORT=str(self.port), **more)
        self.output = (folder / "launcher.txt").open("w+")
        self.launcher = subprocess.Popen(
            [sys.executable, "-m", "vendorhub.launcher", "run"],
            cwd=ROOT, env=self.environment, stdout=self.output, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def said(self) -> str:
        return Path(self.output.name).read_text()

    def wait_until_ready(self, patience: float = 90) -> None:
        deadline = time.monotonic() + patience
        while "is ready at" not in self.said():
            assert self.launcher.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a Python program against the site's database."""
        return subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def query(self, sql: str) -> list[tuple]:
        connection = psycopg2.connect(
            host=str(socket_folder(self.folder)), user="vendorhub", dbname="vendorhub"
        )
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall()
        finally:
            connection.close()

    def processes(self, word: str) -> list[psutil.Process]:
        """Descendants of the launcher whose command line holds the word."""
        found = []
        for process in psutil.Process(self.launcher.pid).children(recursive=True):
            try:
                if word in " ".join(process.cmdline()) or word in process.name():
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def drain(self, patience: float = 60) -> float:
        """Wait until no scorecard waits to be recomputed; returns the seconds it took."""
        started = time.monotonic()
        while self.query("SELECT 1 FROM scorecards_recomputerequest LIMIT 1"):
            assert time.monotonic() - started < patience, "the backlog does not drain"
            time.sleep(0.05)
        return time.monotonic() - started

    def stop(self) -> None:
        self.launcher.send_signal(signal.SIGINT)
        try:
            self.launcher.wait(10)
        except subprocess.TimeoutExpired:
            self.launcher.kill()
        self.output.close()


class Rater(threading.Thread):
    """Saves every criterion of its assessments over HTTP, then submits them; keeps what was acknowledged."""

    def __init__(
        self,
        site: RunningSite,
        assessments: list[dict],
        criteria: list[int],
        *,
        retry: bool,
        may_begin: Callable[[int], bool],
    ) -> None:
        super().__init__()
        self.site, self.assessments, self.criteria = site, assessments, criteria
        self.retry, self.may_begin = retry, may_begin
        self.acknowledged: dict[tuple[int, int], int] = {}
        self.failed: list[str] = []
        self.told_to_wait = 0

    def run(self) -> None:
        for number, assessment in enumerate(self.assessments):
            while not self.may_begin(number):
                time.sleep(0.05)
            for place, criterion in enumerate(self.criteria):
                value = 1 + (assessment["pk"] + place) % 5
                if self._post(assessment, f"cells/{criterion}/", f"value={value}&version=0") == 200:
                    self.acknowledged[assessment["pk"], criterion] = value
            self._post(assessment, "submit/", "")

    def _post(self, assessment: dict, address: str, body: str) -> int:
        deadline = time.monotonic() + 30
        while True:
            status, text = self._send(assessment, address, body)
            if status in (200, 302):
                return status
            if status == 503 or status == 0:
                self.told_to_wait += 1
                assert status == 0 or "try again" in text.lower(), text[:300]
            if not self.retry or time.monotonic() > deadline or status not in (0, 503):
                self.failed.append(f"{status} {address} {text[:300]}")
                return status
            time.sleep(0.2)

    def _send(self, assessment: dict, address: str, body: str) -> tuple[int, str]:
        token = "a" * 32
        connection = http.client.HTTPConnection("127.0.0.1", self.site.port, timeout=30)
        try:
            connection.request(
                "POST", f"/assessments/{assessment['pk']}/{address}", body,
                {
                    "Cookie": f"sessionid={assessment['session']}; csrftoken={token}", "X-CSRFToken": token,
                    "Content-Type": "application/x-www-form-urlencoded",
                },
            )  # fmt: skip
            response = connection.getresponse()
            return response.status, response.read().decode(errors="replace")
        except OSError as error:
            return 0, str(error)
        finally:
            connection.close()


def start_raters(
    site: RunningSite,
    world: dict[str, Any],
    *,
    clients: int,
    retry: bool,
    may_begin: Callable[[int], bool] = lambda number: True,
) -> list[Rater]:
    """Share the assessments among concurrent clients and let them go; `may_begin` holds back the nth of each."""
    shares = [world["assessments"][n::clients] for n in range(clients)]
    raters = [Rater(site, share, world["criteria"], retry=retry, may_begin=may_begin) for share in shares]
    for rater in raters:
        rater.start()
    return raters


def missing(site: RunningSite, raters: list[Rater]) -> list[tuple[int, int]]:
    """Acknowledged marks that are not in the database as they were acknowledged."""
    stored = {
        (assessment, criterion): value
        for assessment, criterion, value in site.query(
            "SELECT assessment_id, criterion_id, value FROM scorecards_rating"
        )
    }
    return [
        cell for rater in raters for cell, value in rater.acknowledged.items() if stored.get(cell) != value
    ]


def populate(site: RunningSite, *, raters: int, criteria: int) -> dict[str, Any]:
    done = site.run("-m", "tests.faults.populate", str(raters), str(criteria))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
