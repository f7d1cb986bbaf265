"""Measures the full recompute beside a plain scan of the ratings: `python -m bench` (SIZE=S, M or L).

Needs a PostgreSQL at DATABASE_URL whose user may create databases; makes one of its own and drops it again.
CPU is that of this process and of its database backend, in seconds.
"""

import os
import resource
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2

GOALS = {"into empty tables": 10, "nothing changed": 8, "every score changed": 14}


def own_database() -> tuple[str, str]:
    """Make an empty database beside the one DATABASE_URL names; returns (its URL, the URL that drops it)."""
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        sys.exit("Set DATABASE_URL: `make services` in another terminal prints one.")
    parts = urlsplit(url)
    name = f"vendorhub_bench_{os.getpid()}"
    _execute(url, f'CREATE DATABASE "{name}"')
    return urlunsplit(parts._replace(path=f"{parts.path.rpartition('/')[0]}/{name}")), url


def _execute(url: str, statement: str) -> None:
    import environ

    settings = environ.Env.db_url_config(url)
    connection = psycopg2.connect(
        host=settings["HOST"] or None, port=settings["PORT"] or None, user=settings["USER"] or None,
        password=settings["PASSWORD"] or None, dbname=settings["NAME"],
    )  # fmt: skip
    connection.autocommit = True
    connection.cursor().execute(statement)
    connection.close()


def cpu(backend: int) -> float:
    """CPU seconds used so far by this process and its database backend."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    fields = Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()
    return own.ru_utime + own.ru_stime + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(size: str) -> None:
    """Fill the database, time the three recomputes beside the scan, and print the table."""
    from django.core.management import call_command
    from django.db import connection

    from bench.generate import SIZES, generate
    from scorecards.models import CategoryScore, Score, Scorecard
    from scorecards.services.recompute import recompute_now

    call_command("migrate", verbosity=0)
    generate(SIZES[size])
    cards = list(Scorecard.objects.values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]

        def timed(action) -> float:
            before = cpu(backend)
            action()
            return cpu(backend) - before

        def scan() -> None:
            cursor.execute("SELECT count(*), sum(value) FROM scorecards_rating")

        cursor.execute("SET max_parallel_workers_per_gather = 0")
        scan()
        reference = sorted(timed(scan) for _ in range(5))[2]
        results = {"into empty tables": timed(lambda: recompute_now(cards))}
        results["nothing changed"] = timed(lambda: recompute_now(cards))
        Score.objects.update(overall=1)
        CategoryScore.objects.update(score=1)
        results["every score changed"] = timed(lambda: recompute_now(cards))
    print(f"size {size}: {len(cards):,} scorecards; one scan of the ratings takes {reference:.3f} s of CPU")
    print(f"{'full recompute':<24}{'CPU, s':>10}{'scans':>10}{'goal':>8}")
    for name, seconds in results.items():
        scans = seconds / reference
        verdict = "pass" if scans <= GOALS[name] else "miss"
        print(f"{name:<24}{seconds:>10.2f}{scans:>10.1f}{GOALS[name]:>8}  {verdict}")


def main() -> None:
    """Run one size in a database of its own."""
    url, outside = own_database()
    os.environ["DATABASE_URL"] = url
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vendorhub.settings")
    import django

    django.setup()
    from django.db import connection

    try:
        measure(os.environ.get("SIZE", "S"))
    finally:
        connection.close()
        _execute(outside, f'DROP DATABASE "{urlsplit(url).path.rpartition("/")[2]}"')


if __name__ == "__main__":
    main()
