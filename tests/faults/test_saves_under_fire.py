"""Saves go through and scores come out right while workers, the broker and PostgreSQL are killed."""

import contextlib
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import redis

from tests.faults.site import ROOT, RunningSite, missing, populate, start_raters
from tests.mail_sink import AnyPort, Sink
from vendorhub.embedded import socket_folder
from vendorhub.launcher import PROGRAMS

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults")]


@pytest.fixture
def site(data_dir):
    running = RunningSite(data_dir)
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def kill_a_worker(site: RunningSite, dice: random.Random) -> bool:
    """kill -9 one Celery process, pool child or parent. Returns whether one was there."""
    workers = site.processes("vendorhub worker")  # not gunicorn, and not an io worker of PostgreSQL
    if not workers:
        return False
    with contextlib.suppress(psutil.Error):
        dice.choice(workers).kill()
        return True
    return False


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
    kills = torments = 0
    # Eight clients save five assessments of 25 marks each. Kills and saves wait for each other, so that neither
    # is over before the other: all 25 kills fall among the first 800 saves, and 200 come after them.
    raters = start_raters(
        site, world, clients=8, retry=False, may_begin=lambda number: 4 * kills >= 25 * number
    )
    while kills < 25:
        if sum(len(rater.acknowledged) for rater in raters) >= 30 * kills and kill_a_worker(site, dice):
            kills += 1
            if kills % 3 == 0:
                torment_the_broker(site, torments)
                torments += 1
        time.sleep(0.05)
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


@pytest.fixture
def sink():
    handler = Sink()
    controller = AnyPort(handler, hostname="127.0.0.1", port=0)
    controller.start()
    handler.port = controller.port
    yield handler
    controller.stop()


def test_two_beats_and_many_workers_come_to_the_same_results(data_dir, sink, capsys):
    site = RunningSite(data_dir, EMAIL_HOST="127.0.0.1", EMAIL_PORT=str(sink.port))
    more = []
    try:
        site.wait_until_ready()
        for number, name in enumerate(["beat", "worker", "worker", "worker"]):
            own = (
                ["--schedule", str(data_dir / "second-schedule")]
                if name == "beat"
                else ["--hostname", f"w{number}@%h"]
            )
            command = [str(Path(sys.executable).parent / PROGRAMS[name][0]), *PROGRAMS[name][1:], *own]
            more.append(
                subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env=site.environment,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
        world = populate(site, raters=8, criteria=25)
        mails = site.query("SELECT count(*) FROM accounts_outgoingmail")[0][0]
        raters = start_raters(site, world, clients=8, retry=False)
        for rater in raters:
            rater.join()
        drained = site.drain()
        deadline = time.monotonic() + 30
        while (
            site.query("SELECT 1 FROM accounts_outgoingmail WHERE state <> 'sent'")
            and time.monotonic() < deadline
        ):
            time.sleep(0.1)
        with capsys.disabled():
            print(
                f"\nTwo beats, four workers: drained in {drained:.1f} s; {len(sink.mails)} of {mails} mails arrived"
            )
        assert [process.poll() for process in more] == [None] * 4
        assert [failure for rater in raters for failure in rater.failed] == []
        assert missing(site, raters) == []
        assert site.query("SELECT count(*) FROM scorecards_score WHERE raters = 8") == [(5,)]
        assert site.run("manage.py", "recompute", "--all", "--verify").returncode == 0
        assert mails == len(sink.mails) == len({mail["Message-ID"] for mail in sink.mails}) == 40
    finally:
        for process in more:
            process.kill()
            process.wait()
        site.stop()
