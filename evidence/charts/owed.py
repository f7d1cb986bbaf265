"""What each side owes the other, as two bars a currency."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from django.utils.safestring import SafeString

from accounts.templatetags.look import day, money
from evidence.charts.svg import Table, drawing, entry, label, long, mark, rect
from evidence.models import THEM, Commitment
from evidence.models.promises import PENALTY
from evidence.owed import by_side, owing

LISTED = 12


class Owed:
    """Commitments whose money is outstanding."""

    def __init__(self, commitments: Sequence[Commitment], today: date) -> None:
        self.rows, self.today = commitments, today
        self.sums: Mapping[str, Mapping[str, Decimal]] = by_side(commitments)

    @property
    def currencies(self) -> list[str]:
        return sorted({currency for sums in self.sums.values() for currency in sums})

    def words(self, side: str) -> str:
        """EUR 98,400 and USD 2,000; nothing."""
        said = [f"{currency} {money(amount)}" for currency, amount in sorted(self.sums[side].items())]
        return " and ".join(said) or "nothing"

    @property
    def heading(self) -> str:
        return f"They owe us {self.words(THEM)}; we owe them {self.words('us')}"

    @property
    def notes(self) -> list[str]:
        return [f"The oldest {LISTED} of {len(self.rows)} are listed."] if len(self.rows) > LISTED else []

    def table(self) -> Table:
        columns = [("Commitment", ""), ("What is owed", "any"), ("Since", "n"), ("Amount", "n")]
        rows = [
            (
                entry(row),
                f"{'They' if owing(row) == THEM else 'We'} owe a {row.consequence}",
                day(row.due_on if row.consequence == PENALTY else row.met_on),
                f"{row.currency} {money(row.amount)}",
            )
            for row in self.rows[:LISTED]
        ]
        return Table(columns, rows, is_open=True)

    def drawing(self, width: int) -> SafeString:
        left, y, body = 92.0, 2, []
        said = [
            f"{currency} {money(amount)}" for sums in self.sums.values() for currency, amount in sums.items()
        ]
        figure = 1.2 * max(map(long, said), default=0) + 10
        for currency in self.currencies:
            most = max(sums.get(currency, Decimal(0)) for sums in self.sums.values())
            for side, name, css in ((THEM, "They owe us", "inside"), ("us", "We owe them", "ours")):
                amount = self.sums[side].get(currency, Decimal(0))
                wide = (width - left - figure) * float(amount / (most or 1))
                words = f"{currency} {money(amount)}" if amount else "nothing"
                body.append(label(0, y + 13, name))
                if amount:
                    body.append(mark(f"{name} {words}", rect(css, left + 0.5, y + 0.5, max(wide - 1, 1), 16)))
                body.append(label(left + wide + 6, y + 13, words, "t1" if amount else "t3"))
                y += 24
            y += 8
        title = "Money outstanding, each way"
        return drawing("owed", width, max(y - 8, 20), title, f"{self.heading}.", "".join(body))
