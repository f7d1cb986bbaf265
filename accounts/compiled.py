"""Querysets that every reader of a kind asks for alike: the ORM writes their SQL once, not for every page.

Writing the SQL of whose scores somebody may see takes several times as long as running it. The rule stays where it
is, in `visible_to`; a process keeps the SQL it came to, for a day.
"""

from collections.abc import Callable
from copy import copy
from datetime import date, datetime
from functools import lru_cache, wraps
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User

READER = -(2**62)  # stands for the reader's number; those after it for the others. No row has them.
KINDS = 50  # of readers a process keeps SQL for


def compiled(build: Callable[..., QuerySet]) -> Callable[..., list[Any]]:
    """A function that lists what the queryset finds which `build` makes of a person and numbers of rows.

    `build` may ask of the person what `visible_to` asks, and which day it is. Its numbers it only filters by. The
    person may be None where it does not matter who reads.
    """

    @lru_cache(KINDS)
    def written(
        role: str, all_units: bool, is_active: bool, count: int, day: date
    ) -> tuple[QuerySet, Any, str, tuple] | None:
        """The queryset with its compiler, its SQL and the values of that; None where it cannot find anything."""
        places = range(READER + 1, READER + 1 + count)
        queryset = build(User(pk=READER, role=role, all_units=all_units, is_active=is_active), *places)
        compiler = queryset.query.get_compiler(using=DEFAULT_DB_ALIAS)
        try:
            sql, values = compiler.as_sql()
        except EmptyResultSet:
            return None
        if not set(places) <= set(values) or any(isinstance(value, datetime) for value in values):
            raise TypeError(
                f"{build.__qualname__} does more with its numbers, or the time, than to compare them."
            )
        return queryset, compiler, sql, values

    @wraps(build)
    def rows(user: Any, *numbers: int) -> list[Any]:
        kind = (user.role, user.all_units, user.is_active) if user else ("", False, False)
        statement = written(*kind, len(numbers), timezone.localdate())
        if statement is None:
            return []
        queryset, compiler, sql, values = statement
        numbered = {READER + place: number for place, number in enumerate((user and user.pk, *numbers))}
        given = tuple(numbered.get(value, value) if type(value) is int else value for value in values)
        mine, found = copy(compiler), queryset.all()
        mine.connection = connection  # this thread's
        mine.as_sql = lambda *args, **options: (sql, given)
        found.query.get_compiler = lambda *args, **options: mine  # type: ignore[method-assign]
        return list(found)

    return rows
