"""What is worked out over a whole portfolio, remembered until something it is made of changes.

Triggers count every transaction that writes to a table of the portfolio (sql/changes.sql). A result is kept in this
process under the count before it was worked out; any later commit makes another count, so that what is out of date
is never found again. No clock, no other process and no cache server has a say in it.

Transactions that only moved scores which were there already (sql/score_changes.sql) have a count of their own: what is
made of the register alone lasts while every score is computed anew.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import timedelta
from threading import Lock
from typing import Any, NamedTuple, TypeVar

from django.db import connection
from django.utils import timezone

KEPT = 100  # results a process keeps; the least recently used goes first
NOTED_FOR = timedelta(days=1)

_results: OrderedDict[Hashable, Any] = OrderedDict()
_lock = Lock()
Result = TypeVar("Result")


class Changes(NamedTuple):
    """Counts of changes: equal to an earlier one only when nothing of the kind was committed in between."""

    register: tuple[int, int, int]
    scores: tuple[int, int, int]


def changes() -> Changes:
    """How often the portfolio changed, and how often only its scores did."""
    states = {False: (0, 0, 0), True: (0, 0, 0)}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT scores_only, count(*), sum(latest), max(latest) FROM governance_change GROUP BY scores_only"
        )
        for scores_only, *state in cursor:
            states[scores_only] = tuple(state)
    return Changes(register=states[False], scores=states[True])


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

    The last change of a kind stays: its number in the count keeps a state from looking like one before it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM governance_change c WHERE at < %s "
            "AND latest < (SELECT max(latest) FROM governance_change o WHERE o.scores_only = c.scores_only)",
            [timezone.now() - NOTED_FOR],
        )
