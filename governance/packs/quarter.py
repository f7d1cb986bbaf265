"""Calendar quarters."""

from dataclasses import dataclass
from datetime import date, timedelta

from partners.dates import plus_months


@dataclass(frozen=True, order=True)
class Quarter:
    """A quarter of a year by its first day."""

    first: date

    @classmethod
    def of(cls, day: date) -> "Quarter":
        """The quarter a day is in."""
        return cls(date(day.year, 3 * ((day.month - 1) // 3) + 1, 1))

    @classmethod
    def read(cls, text: str, today: date) -> "Quarter":
        """The quarter an address names as 2026-3; the one that ended last where it names none there is."""
        year, _, number = text.partition("-")
        last = cls.of(today).before
        if not (year.isascii() and year.isdigit() and len(year) == 4 and number in ("1", "2", "3", "4")):
            return last
        if not 2000 <= int(year) <= today.year:
            return last
        found = cls(date(int(year), 3 * int(number) - 2, 1))
        return found if found.first <= today else last

    @property
    def last(self) -> date:
        return self.after.first - timedelta(days=1)

    @property
    def after(self) -> "Quarter":
        return Quarter(plus_months(self.first, 3))

    @property
    def before(self) -> "Quarter":
        return Quarter(plus_months(self.first, -3))

    @property
    def slug(self) -> str:
        return f"{self.first.year}-{(self.first.month + 2) // 3}"

    def __str__(self) -> str:
        return f"Q{(self.first.month + 2) // 3} {self.first.year}"


def choices(today: date) -> list[Quarter]:
    """The quarter that runs and the seven before it."""
    found = [Quarter.of(today)]
    while len(found) < 8:
        found.append(found[-1].before)
    return found
