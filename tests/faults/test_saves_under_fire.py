"""Saves go through and scores come out right while workers, the broker and PostgreSQL are killed."""

import contextlib
import random
import signal
import time

import psutil
import pytest
import redis

from tests.faults.site import RunningSite, missing, populate, start_raters
from vendorhub.embedded import socket_folder

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults")]


@pytest.fixture
def site(data_dir):
    running = RunningSite(data_dir)
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def kill_a_worker(site: RunningSite, dice: random.Random) -> int:
    """kill -9 one Celery process, pool child or parent. Returns how many were killed."""
    workers = site.processes("vendorhub worker")  # not gunicorn, and not an io worker of PostgreSQL
    if not workers:
        return 0
    with contextlib.suppress(psutil.Error):
        dice.choice(workers).kill()
        return 1
    return 0


def torment_the_broker(site: RunningSite, turn: int) -> None:
    """In turn: flush it, stop it for a while, kill it."""
    for process in site.processes("valkey-server")[:1]:
        with contextlib.suppress(psutil.Error, redis.RedisError):
            if turn % 3 == 0:
                redis.Redis(unix_socket_path=str(socket_folder(site.folder) / "valkey.sock")).flushall()
            elif turn % 3 == 1:
                process.send_signal(signal.SIGSTOP)
                time.sleep(1)
                process.send_signal(signal.SIGCONT)
            else:
                process.kill()


def test_a_thousand_saves_survive_killed_workers_and_a_tormented_broker(site, capsys):
    world = populate(site, raters=8, criteria=25)
    dice = random.Random(7)
    raters = start_raters(site, world, clients=8, retry=False)
    kills = torments = 0
    while kills < 25:
        kills += kill_a_worker(site, dice)
        if kills % 4 == 0:
            torment_the_broker(site, torments)
            torments += 1
        time.sleep(0.15)
    for rater in raters:
        rater.join()
    saves = sum(len(rater.acknowledged) for rater in raters)
    drained = site.drain()
    verified = site.run("manage.py", "recompute", "--all", "--verify")
    with capsys.disabled():
        print(
            f"\n{saves} saves, {kills} workers killed, broker hit {torments} times; backlog drained in {drained:.1f} s"
        )
    assert saves == 1000
    assert [failure for rater in raters for failure in rater.failed] == []
    assert missing(site, raters) == []
    assert site.query("SELECT count(*) FROM scorecards_score WHERE raters = 8") == [(5,)]
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_nothing_acknowledged_is_missing_after_postgresql_was_killed_under_load(site, capsys):
    world = populate(site, raters=8, criteria=25)
    web = sorted(process.pid for process in site.processes("gunicorn"))
    raters = start_raters(site, world, clients=8, retry=True)
    time.sleep(1)
    server = next(process for process in site.processes("postgres") if "-D" in process.cmdline())
    server.kill()
    for rater in raters:
        rater.join()
    drained = site.drain()
    with capsys.disabled():
        waits = sum(rater.told_to_wait for rater in raters)
        print(f"\nPostgreSQL killed: {waits} requests were told to try again; drained in {drained:.1f} s")
    assert [failure for rater in raters for failure in rater.failed] == []
    assert missing(site, raters) == []
    assert sum(len(rater.acknowledged) for rater in raters) == 1000
    assert sorted(process.pid for process in site.processes("gunicorn")) == web
    assert site.run("manage.py", "recompute", "--all", "--verify").returncode == 0
