"""What the contract still costs, year by year to its end."""

from datetime import date, timedelta
from decimal import Decimal

from accounts.templatetags.look import day
from governance.brief.section import Section, Source
from governance.brief.subject import Subject
from governance.words import amount
from partners.models import EVERGREEN
from scorecards.scoring import rounded

SHOWN = 5  # years; the rest is one row


def section(about: Subject) -> Section | None:
    """The contract's own value a year over the days that are left; nothing without a value."""
    contract = about.contract
    yearly, ends = getattr(contract, "yearly", contract.annual_value), contract.term_ends
    if not yearly or contract.has_ended:
        return None
    source = Source(
        "The contract’s value a year, spread over its days: no forecast of costs is entered",
        contract.get_absolute_url(),
    )
    if not ends:
        title = f"{amount(yearly, contract.currency)} a year, {'without end' if contract.term == EVERGREEN else 'no end recorded'}"
        return Section("costs", title, {"rows": []}, sources=[source])
    years = by_year(yearly, about.today, ends)
    total = sum(value for _, value in years)
    shown = years if len(years) <= SHOWN else years[: SHOWN - 1]
    rows = [{"label": str(year), "amount": value} for year, value in shown]
    if len(years) > len(shown):
        rest = years[len(shown) :]
        rows.append(
            {"label": f"{rest[0][0]}–{rest[-1][0] % 100:02}", "amount": sum(value for _, value in rest)}
        )
    return Section(
        "costs", f"Costs to the end: {amount(total, contract.currency)}", {"rows": rows, "currency": contract.currency},
        note=f"{contract.currency} a calendar year, from today to {day(ends)}: its value a year, no forecast entered.",
        sources=[source],
    )  # fmt: skip


def by_year(yearly: Decimal, start: date, end: date) -> list[tuple[int, Decimal]]:
    """The value of each calendar year by the days of it that are left, both days counted."""
    found = []
    for year in range(start.year, end.year + 1):
        first, last = max(start, date(year, 1, 1)), min(end, date(year, 12, 31))
        whole = (date(year, 12, 31) - date(year, 1, 1) + timedelta(1)).days
        found.append((year, rounded(yearly * ((last - first).days + 1) / whole, 2)))
    return found
