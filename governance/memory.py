"""What is worked out over a whole portfolio, remembered until something it is made of changes.

Triggers count every transaction that writes to a table of the portfolio (sql/changes.sql). A result is kept in this
process under the count before it was worked out; any later commit makes another count, so that what is out of date
is never found again. No clock, no other process and no cache server has a say in it.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import timedelta
from threading import Lock
from typing import Any, TypeVar

from django.db import connection
from django.utils import timezone

KEPT = 100  # results a process keeps; the least recently used goes first
NOTED_FOR = timedelta(days=1)

_results: OrderedDict[Hashable, Any] = OrderedDict()
_lock = Lock()
Result = TypeVar("Result")


def changes() -> tuple[int, int, int]:
    """The count of changes: equal to an earlier one only when nothing was committed in between."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), coalesce(sum(latest), 0), coalesce(max(latest), 0) FROM governance_change"
        )
        return cursor.fetchone()


def remembered(key: Hashable, work: Callable[[], Result]) -> Result:
    """The result kept under the key, else that of `work`. Whoever gets it must not change it."""
    with _lock:
        if key in _results:
            _results.move_to_end(key)
            return _results[key]
    result = work()
    with _lock:
        _results[key] = result
        while len(_results) > KEPT:
            _results.popitem(last=False)
    return result


def forget_old_changes() -> None:
    """Drop what was noted long ago, which only makes everybody work things out once more.

    The last change stays: its number in the count keeps a state from looking like one before it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM governance_change "
            "WHERE at < %s AND latest < (SELECT max(latest) FROM governance_change)",
            [timezone.now() - NOTED_FOR],
        )
