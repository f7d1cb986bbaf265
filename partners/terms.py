"""A contract's terms in sentences."""

from datetime import date

from accounts.templatetags.look import away, day
from partners.calendars import countries
from partners.dates import before, term_after
from partners.models import EVERGREEN, EXTENSIONS, Contract


def in_sentences(contract: Contract) -> str:
    """What happens to it if nobody does anything, and until when that can be changed."""
    period = _period(contract)
    if contract.term == EVERGREEN:
        return f"It has no end. {f'Notice can be given on any day and ends it {period} later.' if period else 'No notice period is entered.'}"
    if not contract.ends:
        return "No end is recorded, so there is no notice deadline."
    ends = day(contract.term_ends)
    if contract.has_ended and contract.ends_for_good == contract.term_ends:
        return f"It ran until {ends} and ended for good, as decided."
    if contract.has_ended:
        more = " and was to renew itself. Enter by how many months" if contract.auto_renews else ""
        return f"It ran until {ends}{more}."
    if contract.ends_for_good == contract.term_ends:
        given = (
            f" Notice has to be given by {in_days(contract.notice_deadline, contract)}."
            if (
                contract.auto_renews
                and contract.notice_deadline
                and contract.notice_deadline >= contract.today
            )
            else ""
        )
        return f"Decided: it ends for good on {ends}.{given}"
    months = contract.renewal_months
    by = f" by {months} month{'s' if months != 1 else ''}" if months else ""
    if not contract.notice_deadline:
        so = f"renews itself on {ends}{by}" if contract.auto_renews else f"runs until {ends}"
        return f"It {so}. No notice period is entered, so there is no notice deadline."
    until, is_past = in_days(contract.notice_deadline, contract), contract.notice_deadline < contract.today
    if contract.auto_renews and not is_past:
        return f"Unless notice is given by {until}, it renews itself on {ends}{by}."
    what = f"It runs until {ends} and does not renew itself."
    if contract.auto_renews:
        what = f"On {ends} it renews itself. Enter by how many months."
    elif (
        contract.term == EXTENSIONS
        and contract.extensions is not None
        and contract.extended >= contract.extensions
    ):
        what = f"It runs until {ends}; no extension is left."
    elif contract.term == EXTENSIONS:
        what = f"It runs until {ends}; whether to extend it{by} is ours to say."
    return f"{what} The notice deadline {'was' if is_past else 'is'} {until}."


def renewed(contract: Contract) -> str:
    """That it has renewed itself, because a deadline passed or the term ended. Empty if it has not."""
    if contract.extended or not (contract.renewed_until and contract.ends and contract.renewal_months):
        return ""
    months = (contract.renewed_until.year - contract.ends.year) * 12
    renewals = (months + contract.renewed_until.month - contract.ends.month) // contract.renewal_months
    last = day(term_after(contract.ends, contract.renewal_months, renewals - 1))
    why = "The notice deadline passed" if contract.notice else "It renews itself"
    often = f"It has renewed itself {renewals} times; its first term ran to {day(contract.ends)}. "
    return (
        f"{why}: the term to {last} goes on until {day(contract.renewed_until)}. "
        f"{often if renewals > 1 else ''}"
        "If notice was given in time, edit the contract: it no longer renews itself."
    )


def in_days(deadline: date, contract: Contract) -> str:
    """A day and how far off it is where the contract is: 30 Nov 2026, in 8 days."""
    return f"{day(deadline)}, {away(deadline, contract.today)}"


def why_no_deadline(contract: Contract) -> str:
    if contract.term == EVERGREEN:
        return "none: notice can be given on any day" if contract.notice else "none"
    return "none: no notice period entered" if contract.ends else "none: no end recorded"


def moved_from(contract: Contract) -> date | None:
    """The closed day the deadline would have fallen on."""
    if not (contract.notice and contract.notice_deadline and contract.term_ends):
        return None
    counted = before(contract.term_ends, *contract.notice)
    return counted if counted != contract.notice_deadline else None


def closed(contract: Contract) -> str:
    """Which days count as closed, in words."""
    if not contract.country:
        return "none entered: only weekends count as closed"
    if contract.country in countries():
        return f"{contract.country}: its weekends and national holidays count as closed"
    return f"{contract.country}: no public holidays known, only weekends count as closed"


def _period(contract: Contract) -> str:
    if contract.notice_period is None:
        return ""
    unit = contract.notice_unit.removesuffix("s") if contract.notice_period == 1 else contract.notice_unit
    return f"{contract.notice_period} {unit}"
