"""A worker as a process of its own: `python -m bench.worker` connects, waits for a line, then does what Celery calls
every second until nothing is left, and prints the most memory it took, in megabytes.
"""

import subprocess
import sys
from pathlib import Path


class Worker:
    """Such a process on the database that DATABASE_URL names, connected and waiting."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "bench.worker"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._read()

    @property
    def is_busy(self) -> bool:
        return self._process.poll() is None

    def begin(self) -> None:
        print(file=self._process.stdin, flush=True)

    def end(self) -> float:
        """Wait until nothing is left; the most memory it took, in megabytes."""
        peak = float(self._read())
        self._process.communicate()
        return peak

    def _read(self) -> str:
        return self._process.stdout.readline() if self._process.stdout else ""


def main() -> None:
    """Be that worker."""
    import django

    django.setup()
    from django.db import connection

    from scorecards.tasks import recompute_requested

    with connection.cursor() as cursor:
        cursor.execute("SELECT scorecards_recompute_now('{}')")  # planned, as after a worker's first second
    print("connected", flush=True)
    sys.stdin.readline()
    while recompute_requested():
        pass
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(int(status["VmHWM"].split()[0]) / 1024, flush=True)


if __name__ == "__main__":
    main()
