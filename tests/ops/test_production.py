"""The production settings, tried by starting the real web server with them."""

import http.client
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from tests.faults.site import free_port
from vendorhub.launcher import PROGRAMS
from vendorhub.processes import Program, stop

ROOT = Path(settings.BASE_DIR)


def production(**changes: str | None) -> dict[str, str]:
    """The environment of a production site on the test database; None takes a variable away."""
    given = {
        "VENDORHUB_ENV": "production",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ALLOWED_HOSTS": "vendorhub.example.org",
        "SITE_URL": "https://vendorhub.example.org",
        "DATABASE_URL": "postgres://{USER}@/{HOST}/{NAME}".format(**connection.settings_dict)
        if connection.settings_dict["HOST"].startswith("/")
        else "postgres://{USER}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict),
        "REDIS_URL": "redis://127.0.0.1:1/0",
    } | changes
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    return kept | {name: value for name, value in given.items() if value is not None}


def manage(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "manage.py", *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def address(tmp_path, db):
    """A real gunicorn with the production settings; yields its port."""
    port = free_port()
    environment = production(STATIC_ROOT=str(tmp_path / "static"))
    collected = manage(environment, "collectstatic", "--no-input", "--verbosity", "0")
    assert collected.returncode == 0, collected.stderr
    command = PROGRAMS["web"]
    web = Program(
        name="web",
        command=["env", "-i", *(f"{name}={value}" for name, value in environment.items()),
                 f"GUNICORN_CMD_ARGS=--bind 127.0.0.1:{port}",
                 str(Path(sys.executable).parent / command[0]), *command[1:]],
        log=tmp_path / "web.log",
        folder=ROOT,
    )  # fmt: skip
    web.start()
    try:
        for _ in range(200):
            try:
                if fetch(port, "/livez")[0] == 200:
                    break
            except OSError:
                assert web.running, web.last_words()
            time.sleep(0.1)
        yield port
    finally:
        stop([web], within=3)


def fetch(port: int, path: str, **headers: str) -> tuple[int, dict[str, str]]:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        client.request("GET", path, headers={"Host": "vendorhub.example.org", **headers})
        response = client.getresponse()
        response.read()
        return response.status, {name.lower(): value for name, value in response.getheaders()}
    finally:
        client.close()


def test_pages_are_served_strictly_and_only_over_https(address):
    status, headers = fetch(address, "/accounts/login/", **{"X-Forwarded-Proto": "https"})
    assert status == 200
    policy = dict(
        part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";") if part.strip()
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert headers["strict-transport-security"].startswith("max-age=31536000")
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert "secure" in headers["set-cookie"].lower()

    status, headers = fetch(address, "/accounts/login/")
    assert (status, headers["location"]) == (301, "https://vendorhub.example.org/accounts/login/")
    assert fetch(address, "/readyz")[0] in (200, 503)  # probes are not redirected
    assert fetch(address, "/", Host="somewhere.else", **{"X-Forwarded-Proto": "https"})[0] == 400


def test_the_deployment_check_finds_nothing(db):
    checked = manage(production(), "check", "--deploy", "--fail-level", "DEBUG")
    assert checked.returncode == 0, checked.stderr
    assert "no issues (0 silenced)" in checked.stdout


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"SECRET_KEY": None}, "SECRET_KEY"),
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "development-only-" + "x" * 50}, "SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"ALLOWED_HOSTS": None}, "ALLOWED_HOSTS"),
        ({"SITE_URL": None}, "SITE_URL"),
        ({"DATABASE_URL": None}, "DATABASE_URL"),
        ({"REDIS_URL": None}, "REDIS_URL"),
    ],
)
def test_it_refuses_to_start_without(changes, complaint, db):
    refused = subprocess.run(
        [sys.executable, "-c", "import vendorhub.settings"],
        cwd=ROOT, env=production(**changes), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert refused.returncode != 0
    assert complaint in refused.stderr.splitlines()[-1]


@pytest.mark.parametrize("url", ["nonsense", "mysql://user@host/name", "postgres://user@host", "postgres://"])
def test_an_address_that_names_no_database_is_answered_in_one_sentence(url, db):
    refused = manage(production(DATABASE_URL=url), "recompute", "--all")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("DATABASE_URL does not name a PostgreSQL database.")
    assert len(refused.stderr.splitlines()) == 1
