"""Child processes that never outlive their parent, and how they are stopped.

Every child leads a session of its own (Ctrl-C reaches only the launcher, which then stops things in order) and asks
the kernel for a signal at its parent's death, so that `kill -9` of the launcher leaves nothing behind. The kernel ties
that promise to the parent's *thread*: start children from the main thread only.
"""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1


class CannotStart(Exception):
    """Something is in the way of starting: the text tells the person at the terminal what to do."""


def die_with_parent(death_signal: signal.Signals, parent: int) -> None:
    """Have the kernel signal this process when its parent dies (Linux); leave at once if it already has."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(death_signal))
    if os.getppid() != parent:
        os._exit(1)


@dataclass
class Program:
    """One child: its command line, where its output goes, and which signals end it."""

    name: str
    command: list[str]
    log: Path | None = None  # None: our own output
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL
    account: pwd.struct_passwd | None = None  # run as this user; None: as ourselves
    environment: dict[str, str] = field(default_factory=dict)
    folder: Path = Path("/")
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start it; its output is appended to the log."""
        parent = os.getpid()
        output = self.log.open("ab") if self.log else None
        owner: dict = {}
        if self.account:
            owner = {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
        try:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT if output else None,
                cwd=self.folder, env=os.environ | self.environment, start_new_session=True,
                # After the change of user, which would clear the parent-death signal.
                preexec_fn=lambda: die_with_parent(self.orphan_signal, parent),
                **owner,
            )  # fmt: skip
        finally:
            if output:
                output.close()

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def wait(self) -> int:
        """Wait for its end; returns the exit code."""
        return self.process.wait() if self.process else 0

    def send(self, number: signal.Signals) -> None:
        """Signal the program itself, if it still runs."""
        if self.process is not None and self.running:
            self.process.send_signal(number)

    def kill(self) -> None:
        """End it and its whole process group now."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def last_words(self, lines: int = 15) -> str:
        """The end of its log, for telling a person why it did not start."""
        if self.log is None or not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def stop(programs: Iterable[Program], *, within: float) -> None:
    """Ask all of them to stop, and after `within` seconds kill those that did not."""
    programs = list(programs)
    for program in programs:
        program.send(program.stop_signal)
    deadline = time.monotonic() + within
    while time.monotonic() < deadline and any(program.running for program in programs):
        time.sleep(0.02)
    for program in programs:
        program.kill()
