"""Money that hangs on commitments, has come due and is not settled: what each side owes the other."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from django.db.models import F, Q

from evidence.models import THEM, US, Commitment
from evidence.models.promises import PENALTY, REWARD


def is_owed(today: date) -> Q:
    """Commitments whose money is outstanding: a penalty once missed, a reward once met on time."""
    missed = Q(met_on=None, due_on__lt=today) | Q(met_on__gt=F("due_on"))
    met = Q(met_on__lte=F("due_on"))
    return Q(settled_on=None) & (Q(consequence=PENALTY) & missed | Q(consequence=REWARD) & met)


def is_owing(row: Commitment, today: date) -> bool:
    """Of one commitment, what `is_owed` asks of many."""
    late = row.due_on < today if row.met_on is None else row.met_on > row.due_on
    met = row.met_on is not None and not late
    return row.settled_on is None and (
        (row.consequence == PENALTY and late) or (row.consequence == REWARD and met)
    )


def owing(commitment: Commitment) -> str:
    """Which side its money comes from: a penalty from who missed it, a reward from the other one."""
    if commitment.consequence == PENALTY:
        return commitment.made_by
    return US if commitment.made_by == THEM else THEM


def by_side(owed: Iterable[Commitment]) -> Mapping[str, Mapping[str, Decimal]]:
    """What each side owes the other, by currency, from commitments whose money is outstanding."""
    found: dict[str, dict[str, Decimal]] = {THEM: {}, US: {}}
    for row in owed:
        if row.amount:
            sums = found[owing(row)]
            sums[row.currency] = sums.get(row.currency, Decimal(0)) + row.amount
    return found
