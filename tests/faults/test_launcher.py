"""`make run` and `make services` as a person meets them, and when they are killed."""

import http.client
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest

from tests.cluster import throw_away
from tests.faults.conftest import copy_of
from tests.faults.site import ROOT, RunningSite, environment, free_port
from vendorhub import embedded

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults")]


@pytest.fixture(scope="module")
def folder(first_start):
    """A data directory that the tests take turns in."""
    folder = copy_of(first_start)
    yield folder
    throw_away(folder)


@pytest.fixture
def site(folder):
    running = RunningSite(folder)
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def launch(folder, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vendorhub.launcher", "run"],
        cwd=ROOT, env=environment(folder, **more), capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip


def family(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def alive(processes: list[psutil.Process], patience: float = 5) -> list[str]:
    """What still runs of them after a little patience."""
    _, left = psutil.wait_procs(processes, timeout=patience)
    return [f"{p.pid} {p.name()}" for p in left if p.status() != psutil.STATUS_ZOMBIE]


def fetch(port: int, path: str, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_everything_starts_is_refused_a_second_time_and_stops_within_five_seconds(site, folder):
    for word in ("gunicorn", " worker ", " beat ", "postgres", "valkey-server"):
        assert site.processes(word), word
    for word in ("gunicorn", " worker "):  # without EMAIL_HOST it is one to try out
        assert site.processes(word)[0].environ()["NO_MAIL_SERVER"] == "yes"
    assert f"http://localhost:{site.port}" in site.said()

    second = launch(folder)
    assert second.returncode == 1
    assert f"already running at http://localhost:{site.port}" in second.stdout

    processes = family(site.launcher.pid)
    started = time.monotonic()
    site.launcher.send_signal(signal.SIGINT)
    assert site.launcher.wait(10) == 0
    assert time.monotonic() - started < 5
    assert alive(processes, patience=0.5) == []
    assert not embedded.socket_folder(folder).exists()


def test_no_orphan_outlives_a_killed_launcher_and_the_next_start_is_clean(site, folder):
    processes = family(site.launcher.pid)
    assert len(processes) >= 8
    site.launcher.kill()
    site.launcher.wait()
    assert alive(processes) == []
    again = RunningSite(folder)
    try:
        again.wait_until_ready()
        assert "ended" not in again.said()
    finally:
        again.stop()


def test_no_orphan_outlives_a_killed_make(folder):
    port = free_port()
    with (folder / "make.txt").open("w+") as output:
        make = subprocess.Popen(
            ["make", "run"], cwd=ROOT, env=environment(folder, PORT=str(port)), stdout=output, stderr=subprocess.STDOUT
        )  # fmt: skip
        deadline = time.monotonic() + 60
        while "is ready at" not in (folder / "make.txt").read_text():
            assert make.poll() is None, (folder / "make.txt").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        processes = family(make.pid)
        make.kill()
        make.wait()
    assert alive(processes, patience=8) == []


def test_postgresql_comes_back_by_itself_and_people_are_told_to_try_again_meanwhile(site):
    signed_in = {"Cookie": "sessionid=" + "a" * 32}  # makes the site look the session up
    web = sorted(process.pid for process in site.processes("gunicorn"))
    assert fetch(site.port, "/templates/", **signed_in)[0] == 302
    site.launcher.send_signal(signal.SIGSTOP)  # it starts nothing again before we have looked
    server = next(process for process in site.processes("postgres") if "-D" in process.cmdline())
    sessions = server.children()
    server.kill()
    assert alive(sessions) == []  # each ends as soon as it notices
    status, page = fetch(site.port, "/templates/", **signed_in)
    assert (status, "Try again in a moment" in page, "Traceback" in page) == (503, True, False)
    status, text = fetch(site.port, "/templates/", **signed_in, Accept="application/json")
    assert (status, "try again in a moment" in text, text[0]) == (503, True, "{")
    status, text = fetch(site.port, "/templates/", **signed_in, **{"HX-Request": "true"})
    assert (status, "<" in text) == (503, False)
    assert fetch(site.port, "/readyz")[0] == 503
    assert fetch(site.port, "/livez")[0] == 200
    site.launcher.send_signal(signal.SIGCONT)
    wait_for(site, "/readyz", 200)
    assert fetch(site.port, "/templates/", **signed_in)[0] == 302
    assert sorted(process.pid for process in site.processes("gunicorn")) == web


def wait_for(site, path: str, status: int, patience: float = 20) -> None:
    deadline = time.monotonic() + patience
    while (answer := fetch(site.port, path))[0] != status:
        assert time.monotonic() < deadline, answer
        time.sleep(0.1)


def test_services_prints_ready_and_commands_find_the_database(folder):
    with subprocess.Popen(
        [sys.executable, "-m", "vendorhub.launcher", "services"],
        cwd=ROOT, env=environment(folder), stdout=subprocess.PIPE, text=True,
    ) as services:  # fmt: skip
        try:
            assert services.stdout is not None
            lines = list(iter(services.stdout.readline, "ready\n"))
            assert any(line.startswith("DATABASE_URL=postgres://") for line in lines)
            assert manage(folder, "check", "--database", "default").returncode == 0
        finally:
            services.send_signal(signal.SIGINT)
            assert services.wait(10) == 0
    nothing = manage(folder, "showmigrations")
    assert nothing.returncode == 1
    assert "make services" in nothing.stderr
    assert "Traceback" not in nothing.stderr


def manage(folder, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT, env=environment(folder), capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_taken_port_is_named_and_nothing_is_started(folder):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = launch(folder, PORT=str(port))
    assert refused.returncode == 1
    assert f"Port {port} is taken" in refused.stdout
    assert "Traceback" not in refused.stderr


def test_pids_of_an_earlier_server_that_belong_to_another_program_are_forgotten(folder):
    embedded.postgres(folder, sync=False)  # the cluster and the socket folder are there
    account = embedded.server_account()
    bystander = subprocess.Popen(["sleep", "60"], cwd="/", user=account.pw_uid if account else None)
    for left in (
        (folder / "postgres").resolve() / "postmaster.pid",
        embedded.socket_folder(folder) / ".s.PGSQL.5432.lock",
    ):
        left.write_text(f"{bystander.pid}\n")
    running = RunningSite(folder)
    try:
        running.wait_until_ready()
        assert bystander.poll() is None
        assert "first start" not in running.said()
    finally:
        running.stop()
        bystander.kill()
        bystander.wait()
