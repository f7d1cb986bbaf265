"""Marks saved over HTTP by the programs `make run` starts: how long a save takes, and when its score is seen."""

import http.client
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from bench.context import Context, Row
from bench.generate import Size
from bench.pages import session_of
from scorecards.models import Assessment, Criterion, Cycle, Scorecard
from scorecards.services.recompute import recompute_now
from vendorhub import embedded
from vendorhub.launcher import Site, choose_port, wait_for_web

SIZE = Size(200, 2, 25, 4)
SAVES = 500  # each beside a bare POST
SCORES = 60
CSRF = "a" * 32


def measures(context: Context) -> Iterator[Row]:
    context.use(SIZE, purpose="http")
    with running_site() as port:
        yield _save(Browser(port, _open_assessments()[0]))
        yield _score(port)


@contextmanager
def running_site() -> Iterator[int]:
    """Web, worker, beat and Valkey, as the launcher starts them, on the database in use; yields the port."""
    with tempfile.TemporaryDirectory(prefix="vendorhub-bench-") as name:
        folder = Path(name)
        embedded.prepare_data_dir(folder)
        environment = {"DATA_DIR": name, "STATIC_ROOT": str(folder / "static"), "REDIS_URL": ""}
        site, port = Site(folder, environment), choose_port(None)
        try:
            site.start_servers(database=False, broker=True)
            site.prepare(demo=False)
            web = site.start_program("web", GUNICORN_CMD_ARGS=f"--bind 127.0.0.1:{port}")
            site.start_program("worker")
            site.start_program("beat")
            wait_for_web(web, port, lambda: False)
            yield port
        finally:
            site.stop()


class Browser:
    """A rater's keep-alive connection: their session, their token, one of their assessments."""

    def __init__(self, port: int, assessment: Assessment) -> None:
        self.assessment = assessment
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.headers = {
            "Cookie": f"sessionid={session_of(assessment.rater)}; csrftoken={CSRF}", "X-CSRFToken": CSRF,
            "Content-Type": "application/x-www-form-urlencoded",
        }  # fmt: skip

    def post(self, address: str, body: str = "", *, answer: int) -> tuple[float, bytes]:
        """Milliseconds until the whole answer is there, and the answer."""
        started = time.perf_counter()
        self.connection.request("POST", address, body, self.headers)
        response = self.connection.getresponse()
        content = response.read()
        taken = 1000 * (time.perf_counter() - started)
        if response.status != answer:
            raise AssertionError(f"{address} answers {response.status}: {content[:200]!r}")
        return taken, content

    def bare(self) -> float:
        """A POST that is signed in, with its token, to a page that only reads: everything but the save."""
        return self.post("/partners/", answer=405)[0]

    def save(self, criterion: int, value: int, version: int) -> tuple[float, int]:
        """Save a mark; returns the milliseconds and the version it has now."""
        address = f"/assessments/{self.assessment.pk}/cells/{criterion}/"
        taken, content = self.post(address, f"value={value}&version={version}", answer=200)
        return taken, json.loads(content)["version"]

    def submit(self) -> None:
        self.post(f"/assessments/{self.assessment.pk}/submit/", answer=302)


def _open_assessments() -> list[Assessment]:
    """One assessment each of the open cycle's first scorecards, taken back and emptied; the scores know."""
    cards = list(Scorecard.objects.exclude(cycle__state=Cycle.CLOSED).order_by("pk")[: SCORES + 1])
    mine = Assessment.objects.filter(scorecard__in=cards).order_by("scorecard", "pk").distinct("scorecard")
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        Assessment.objects.filter(pk__in=mine.values("pk")).update(submitted_at=None)
        cursor.execute("RESET session_replication_role")
    recompute_now([card.pk for card in cards])
    return list(mine.select_related("rater"))


def _save(browser: Browser) -> Row:
    criteria = list(Criterion.objects.order_by("pk").values_list("pk", flat=True))
    versions = dict.fromkeys(criteria, 1)  # every cell is marked once
    saves, bare = [], []
    for number in range(SAVES + 50):
        criterion = criteria[number % len(criteria)]
        bare.append(browser.bare())
        taken, versions[criterion] = browser.save(criterion, 1 + number % 5, versions[criterion])
        saves.append(taken)
    slow, slow_bare = _p95(saves[50:]), _p95(bare[50:])
    return Row(
        "one rating saved over HTTP, p95", f"{slow:.1f} ms", f"a bare POST: {slow_bare:.1f} ms",
        slow - slow_bare, 6, " ms more",
    )  # fmt: skip


def _score(port: int) -> Row:
    """From the acknowledged submission to the new score in the database, with the workers idle before each."""
    waits = []
    criterion = Criterion.objects.order_by("pk")[0].pk
    for number, assessment in enumerate(_open_assessments()[1:]):
        browser = Browser(port, assessment)
        browser.save(criterion, 1 + number % 5, 1)
        time.sleep(0.2 + number % 10 / 10)  # beat wakes the worker each second: anywhere within it
        browser.submit()
        started = time.perf_counter()
        while not _counts(assessment):
            if time.perf_counter() - started > 30:
                raise AssertionError("The new score does not appear.")
            time.sleep(0.01)
        waits.append(time.perf_counter() - started)
        browser.connection.close()
    return Row(
        "save to new score visible, p95", f"{_p95(waits):.2f} s", f"median {statistics.median(waits):.2f} s",
        _p95(waits), 2, " s",
    )  # fmt: skip


def _counts(assessment: Assessment) -> bool:
    """Whether the score of its scorecard takes this assessment in."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT raters = %s FROM scorecards_score WHERE scorecard_id = %s",
            [SIZE.raters, assessment.scorecard_id],
        )
        return cursor.fetchone()[0]


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]
