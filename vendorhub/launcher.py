"""Starts the whole site: `python -m vendorhub.launcher run`, or only the embedded servers: `… services`.

PROGRAMS is the one table of what a running site consists of; docker-compose.yml starts the same command lines.
"""

import argparse
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from vendorhub import embedded
from vendorhub.processes import CannotStart, Program, die_with_parent, stop

BASE_DIR = Path(__file__).resolve().parent.parent

# Where gunicorn listens is not part of its command line: GUNICORN_CMD_ARGS says so here and in docker-compose.yml.
PROGRAMS = {
    "web": [
        "gunicorn", "vendorhub.wsgi:application", "--worker-class", "gthread", "--workers", "2", "--threads", "4",
        "--timeout", "60", "--graceful-timeout", "20", "--no-control-socket", "--access-logfile", "-",
    ],
    "worker": [
        "celery", "--app", "vendorhub", "worker", "--queues", "scores,mail,bulk", "--concurrency", "2",
        "--without-gossip", "--without-mingle", "--loglevel", "WARNING",
    ],
    "beat": ["celery", "--app", "vendorhub", "beat", "--loglevel", "WARNING"],
}  # fmt: skip

CALM = 10.0  # seconds a program must have run before its next death counts as its first
LONGEST_PAUSE = 2.0  # seconds before a program that keeps dying is started again


def say(text: str) -> None:
    """Write a line for the person at the terminal."""
    print(text, flush=True)


class Site:
    """The programs of one data directory, in the order in which they start."""

    def __init__(self, data_dir: Path, environment: dict[str, str]) -> None:
        self.data_dir = data_dir
        self.environment = environment
        self.servers: list[Program] = []  # PostgreSQL, Valkey
        self.programs: list[Program] = []  # web, worker, beat
        self.stopping = False
        self._deaths: dict[str, int] = {}
        self._again_at: dict[str, float] = {}
        self._started_at: dict[str, float] = {}

    def ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        """Signal handler: the main loop sees it within a tenth of a second."""
        self.stopping = True

    def start_servers(self, *, database: bool, broker: bool) -> None:
        """Start the embedded servers that are wanted and wait until they answer."""
        if database:
            server = embedded.postgres(self.data_dir)
            self._start(server, self.servers)
            embedded.wait_for_postgres(server, self.data_dir)
        if broker:
            server = embedded.valkey(self.data_dir)
            self._start(server, self.servers)
            embedded.wait_for_valkey(server, self.data_dir)

    def prepare(self, *, demo: bool) -> dict[str, Any]:
        """Migrate, collect the static files, fill an empty database; in a process of its own. Returns its findings."""
        program = Program(
            name="prepare",
            command=[sys.executable, "-m", "vendorhub.prepare", *(["--demo"] if demo else [])],
            environment=self.environment,
            folder=BASE_DIR,
            log=self.data_dir / "logs" / "prepare.log",
        )
        findings = self.data_dir / "logs" / "prepare.json"
        for old in (program.log, findings):
            if old:
                old.unlink(missing_ok=True)
        program.start()
        while program.running and not self.stopping:
            time.sleep(0.05)
        if self.stopping:
            program.kill()
            return {}
        if program.wait():
            raise CannotStart(f"The database could not be prepared:\n{program.last_words(30)}")
        return json.loads(findings.read_text())

    def start_program(self, name: str, **environment: str) -> Program:
        """Start one line of PROGRAMS from the virtual environment we run in."""
        command = PROGRAMS[name]
        program = Program(
            name=name,
            command=[str(Path(sys.executable).parent / command[0]), *command[1:]],
            environment=self.environment | environment,
            folder=BASE_DIR,
            log=self.data_dir / "logs" / f"{name}.log",
        )
        self._start(program, self.programs)
        return program

    def _start(self, program: Program, group: list[Program]) -> None:
        if program.log and program.log.exists():
            program.log.replace(program.log.with_suffix(".log.1"))
        group.append(program)
        self._started_at[program.name] = time.monotonic()
        program.start()

    def watch(self) -> None:
        """Until asked to stop, start again whatever dies, after a pause that grows when it keeps dying."""
        while not self.stopping:
            for program in (*self.servers, *self.programs):
                if not program.running:
                    self._revive(program)
            time.sleep(0.1)

    def _revive(self, program: Program) -> None:
        now = time.monotonic()
        if program.name not in self._again_at:
            if now - self._started_at[program.name] > CALM:
                self._deaths[program.name] = 0
            self._deaths[program.name] = self._deaths.get(program.name, 0) + 1
            pause = min(0.5 * 2 ** (self._deaths[program.name] - 1), LONGEST_PAUSE)
            self._again_at[program.name] = now + pause
            code = program.process.returncode if program.process else "none"
            say(
                f"{program.name} ended (exit code {code}); starting it again in {pause:g} s. Its log: {program.log}"
            )
        elif now >= self._again_at[program.name]:
            del self._again_at[program.name]
            self._started_at[program.name] = now
            program.start()

    def stop(self) -> None:
        """Stop web, beat and worker, then Valkey, then PostgreSQL: all within five seconds."""
        stop(reversed(self.programs), within=2.5)
        stop((server for server in self.servers if server.name == "valkey"), within=0.5)
        stop((server for server in self.servers if server.name == "postgres"), within=1.8)
        if self.servers:
            shutil.rmtree(embedded.socket_folder(self.data_dir), ignore_errors=True)


def choose_port(wanted: str | None) -> int:
    """Return the port to serve on: the one asked for, or the first free one from 8000."""
    if wanted:
        if not wanted.isdigit() or not 0 < int(wanted) < 65536:
            raise CannotStart(f"PORT is {wanted!r}; it must be a number from 1 to 65535.")
        if not _is_free(int(wanted)):
            raise CannotStart(f"Port {wanted} is taken by another program. Choose one with PORT=… make run")
        return int(wanted)
    free = next((port for port in range(8000, 8100) if _is_free(port)), None)
    if free is None:
        raise CannotStart("The ports 8000 to 8099 are all taken. Choose one with PORT=… make run")
    if free != 8000:
        say(f"Port 8000 is taken by another program, so this one is at {free}.")
    return free


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def wait_for_web(web: Program, port: int, asked_to_stop: Callable[[], bool]) -> None:
    """Wait until the site answers."""
    deadline = time.monotonic() + 60
    while not asked_to_stop():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/livez")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        if not web.running or time.monotonic() > deadline:
            raise CannotStart(f"The web server did not start. Its last words:\n{web.last_words()}")
        time.sleep(0.1)


def welcome(address: str, findings: dict[str, Any], site: Site) -> None:
    """Say where the site is and how to sign in."""
    say(f"\nVendorHub is ready at {address}\n")
    if findings.get("logins"):
        say("Sign in with one of the demo people; their password is " + findings["password"])
        for email, role in findings["logins"]:
            say(f"  {email:<36}{role}")
        say("")
    elif not findings.get("people"):
        say(
            "Nobody can sign in yet. Make the first administrator: .venv/bin/python manage.py createsuperuser\n"
        )
    if not findings.get("mail"):
        say("No mail server is configured (EMAIL_HOST), so mails wait in the outbox: Settings, Mail.")
    say(f"Logs: {site.data_dir / 'logs'}. Stop with Ctrl-C.")


def run(site: Site, lock: Any, *, database: bool, broker: bool) -> None:
    """Start everything, say so, and keep it running until asked to stop."""
    port = choose_port(os.environ.get("PORT"))
    address = f"http://localhost:{port}"
    site.environment.setdefault("SITE_URL", os.environ.get("SITE_URL", address))
    embedded.note_holder(lock, address=address)
    is_first = database and not (site.data_dir / "postgres").exists()
    site.start_servers(database=database, broker=broker)
    say(f"Preparing the database{'; the first start takes a little longer' if is_first else ''} …")
    findings = site.prepare(demo=os.environ.get("DEMO", "yes").lower() not in ("no", "0", "false"))
    if site.stopping:
        return
    web = site.start_program("web", GUNICORN_CMD_ARGS=f"--bind 127.0.0.1:{port}")
    site.start_program("worker")
    site.start_program("beat")
    wait_for_web(web, port, lambda: site.stopping)
    if not site.stopping:
        welcome(address, findings, site)
    site.watch()


def services(site: Site, *, database: bool, broker: bool) -> None:
    """Start only the embedded servers, migrated, for people who work on the code."""
    site.start_servers(database=database, broker=broker)
    site.prepare(demo=False)
    if not site.stopping:
        say(f"DATABASE_URL={os.environ.get('DATABASE_URL') or embedded.database_url(site.data_dir)}")
        say(f"REDIS_URL={os.environ.get('REDIS_URL') or embedded.broker_url(site.data_dir)}")
        say("ready")
    site.watch()


def main() -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m vendorhub.launcher")
    parser.add_argument("what", choices=["run", "services"])
    parser.add_argument(
        "--with-parent", action="store_true", help="stop when the process that started this one dies"
    )
    options = parser.parse_args()
    try:
        from vendorhub import settings
    except ImproperlyConfigured as error:
        say(f"The settings are not complete: {error}")
        return 1
    site = Site(settings.DATA_DIR, {"DATA_DIR": str(settings.DATA_DIR)})
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # under nohup
            signal.signal(number, site.ask_to_stop)
    if options.with_parent:
        die_with_parent(signal.SIGTERM, os.getppid())
    wanted = {"database": not settings.DATABASE_URL, "broker": not settings.env("REDIS_URL", default="")}
    if wanted["database"] and not settings.EMAIL_HOST and not settings.PRODUCTION:
        site.environment["NO_MAIL_SERVER"] = "yes"
    try:
        embedded.prepare_data_dir(site.data_dir)
        with embedded.held(site.data_dir) as lock:
            try:
                if options.what == "run":
                    run(site, lock, **wanted)
                else:
                    services(site, **wanted)
            finally:
                site.stop()
    except CannotStart as reason:
        say(str(reason))
        return 1
    except (OSError, subprocess.SubprocessError) as error:
        say(f"VendorHub could not start: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
