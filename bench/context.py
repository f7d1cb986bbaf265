"""What all measures share: the rows of the table, a database of each size, and how CPU is counted."""

import os
import resource
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import environ
import psycopg2
from django.core.management import call_command
from django.db import connection

from bench.generate import Size, generate
from scorecards.models import Scorecard
from scorecards.services.recompute import recompute_now
from scorecards.whole import in_use

RUNS = 3  # the fastest counts: whatever else the machine does only slows it down


@dataclass(frozen=True)
class Row:
    """One line of the table; `found`, mostly `value` divided by `reference`, is what is held to the limit."""

    measure: str
    value: str
    reference: str
    found: float
    limit: float
    unit: str = ""
    at_least: bool = False

    @property
    def ok(self) -> bool:
        return self.found >= self.limit if self.at_least else self.found <= self.limit


@dataclass
class Context:
    """The size asked for, and the databases of this run: generated when first needed, dropped by `close`."""

    size: Size
    outside: str  # address of a database whose user may create others
    _names: dict[tuple[Size, str], str] = field(default_factory=dict)

    def use(self, size: Size | None = None, *, purpose: str = "") -> None:
        """Point Django, and DATABASE_URL for processes to come, at a portfolio of this size and its scores.

        Measures share it unless they state a purpose of their own.
        """
        key = (size or self.size, purpose)
        new = key not in self._names
        name = self._names.setdefault(key, f"vendorhub_bench_{os.getpid()}_{len(self._names)}")
        address = urlsplit(self.outside)
        os.environ["DATABASE_URL"] = urlunsplit(address._replace(path=_beside(address.path, name)))
        connection.close()
        connection.settings_dict["NAME"] = name
        in_use.cache_clear()  # templates of another database
        if new:
            self._outside(f'CREATE DATABASE "{name}"')
            call_command("migrate", verbosity=0)
            generate(key[0])
            recompute_now(Scorecard.objects.values_list("pk", flat=True))
            with connection.cursor() as cursor:
                cursor.execute("VACUUM ANALYZE")  # as the server itself does within a minute

    def close(self) -> None:
        connection.close()
        for name in self._names.values():
            self._outside(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _outside(self, statement: str) -> None:
        given = environ.Env.db_url_config(self.outside)
        session = psycopg2.connect(
            host=given["HOST"] or None, port=given["PORT"] or None, user=given["USER"] or None,
            password=given["PASSWORD"] or None, dbname=given["NAME"],
        )  # fmt: skip
        session.autocommit = True
        session.cursor().execute(statement)
        session.close()


def _beside(path: str, name: str) -> str:
    return f"{path.rpartition('/')[0]}/{name}"


def cpu() -> float:
    """CPU seconds used so far by this process and by the whole PostgreSQL server, which must run on this machine.

    The whole server, because a session leaves work to others of its processes: reading from files to the I/O workers,
    some of the writing to the checkpointer and the writer of the log. Counted up to the ticks of the clock.
    """
    own = resource.getrusage(resource.RUSAGE_SELF)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        server = int(_stat(cursor.fetchone()[0])[1])  # the parent of every process of it
    ticks = sum(map(int, _stat(server)[11:15]))  # its own, and those of its children that have ended
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):  # ended meanwhile
            fields = _stat(process.name)
            ticks += sum(map(int, fields[11:13])) if int(fields[1]) == server else 0
    return own.ru_utime + own.ru_stime + ticks / os.sysconf("SC_CLK_TCK")


def _stat(process: int | str) -> list[str]:
    """What /proc/…/stat says after the name: 1 the parent, 11 to 14 the ticks of the process and its ended children."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


def cpu_of(action: Callable[[], Any]) -> float:
    """CPU seconds the action takes, client and server."""
    before = cpu()
    action()
    return cpu() - before


def scan_cpu() -> float:
    """CPU seconds of a plain scan over the ratings, in one process: the reference of all work on ratings."""

    def scan() -> None:
        with connection.cursor() as cursor:
            for _ in range(3):
                cursor.execute("SELECT count(*), sum(value) FROM scorecards_rating")

    with connection.cursor() as cursor:
        cursor.execute("SET max_parallel_workers_per_gather = 0")
    return cpu_of(scan) / 3
