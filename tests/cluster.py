"""A throw-away PostgreSQL for the whole run, settings that make tests quick, and a Valkey and a browser on request.

The cluster is started by the pytest process that was started by hand, never by an xdist worker, and dies with it. With
DATABASE_URL given, that server is used instead.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from django.template import Context, RequestContext, Template
from django.test.signals import template_rendered

from vendorhub import embedded
from vendorhub.processes import Program, stop

PREFIX = "vendorhub-test-"
# It is thrown away anyway.
HASTY = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "max_connections=200",
)
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


_kept: dict[Path, IO[str]] = {}  # open files whose locks say that this process still needs the folder


def make_data_dir() -> Path:
    """Make a data directory under /tmp that PostgreSQL's own user may enter."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir="/tmp"))
    _kept[folder] = (folder / "kept").open("w")
    fcntl.flock(_kept[folder], fcntl.LOCK_EX)
    folder.chmod(0o711)
    embedded.prepare_data_dir(folder)
    return folder


def throw_away(data_dir: Path) -> None:
    """Remove a data directory and its sockets."""
    shutil.rmtree(embedded.socket_folder(data_dir), ignore_errors=True)
    shutil.rmtree(data_dir, ignore_errors=True)
    if kept := _kept.pop(data_dir, None):
        kept.close()


def sweep() -> None:
    """Remove what runs that were killed left behind: folders of ours whose lock nobody holds."""
    for folder in Path("/tmp").glob(f"{PREFIX}*"):  # noqa: S108
        try:
            if folder.stat().st_uid != os.geteuid():
                continue
            with (folder / "kept").open() as kept:
                fcntl.flock(kept, fcntl.LOCK_EX | fcntl.LOCK_NB)
                throw_away(folder)
        except OSError:
            continue


class Cluster:
    """The run's PostgreSQL."""

    def __init__(self) -> None:
        self.data_dir = make_data_dir()
        self.server: Program = embedded.postgres(self.data_dir, options=HASTY, sync=False)
        self.server.start()
        embedded.wait_for_postgres(self.server, self.data_dir)

    def stop(self) -> None:
        self.server.kill()
        throw_away(self.data_dir)


def pytest_configure(config: pytest.Config) -> None:
    from django.conf import settings

    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    # Playwright runs an event loop beside the test, which Django's ORM would refuse to work next to.
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    settings.STATIC_ROOT = None  # nothing is collected for tests
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    by_hand = not hasattr(config, "workerinput") and not config.option.collectonly
    if by_hand and "DATABASE_URL" not in os.environ and not settings.DATABASE_URL:
        sweep()
        cluster = Cluster()
        config.add_cleanup(cluster.stop)
        os.environ["DATABASE_URL"] = embedded.database_url(cluster.data_dir)  # for the workers of xdist
        config.add_cleanup(lambda: os.environ.__delitem__("DATABASE_URL"))
        settings.DATABASES["default"]["HOST"] = str(embedded.socket_folder(cluster.data_dir))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests first; pytest-django then puts those with transactions of their own behind the others, as always."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def _render(template: Template, context: Context) -> str:
    """As Django does it for tests, which keeps a copy of every context; but of pages only, not of each field."""
    if context.template is template and isinstance(context, RequestContext):
        template_rendered.send(sender=template, template=template, context=context)
    return template.nodelist.render(context)


@pytest.fixture(autouse=True, scope="session")
def _contexts_of_pages(django_test_environment: None) -> None:
    Template._render = _render


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data directory for a site started by the test."""
    folder = make_data_dir()
    yield folder
    throw_away(folder)


@pytest.fixture(scope="session")
def valkey() -> Iterator[str]:
    """The address of a throw-away Valkey, as REDIS_URL takes it."""
    folder = make_data_dir()
    server = embedded.valkey(folder)
    server.start()
    embedded.wait_for_valkey(server, folder)
    yield embedded.broker_url(folder)
    stop([server], within=1)
    throw_away(folder)


def installed_chromium() -> str | None:
    """The system's Chromium, if there is one."""
    names = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if name and (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    """Drive the system's Chromium; without one, skip and say so, except in CI, which never skips."""
    chromium = installed_chromium()
    if chromium is None:
        reason = "No Chromium on this machine: install it (apt-get install chromium) or name it in CHROMIUM."
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    return {**browser_type_launch_args, "executable_path": chromium, "args": CHROMIUM_FLAGS}
