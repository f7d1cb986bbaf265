"""What the renewals page finds, as sentences."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from accounts.templatetags.look import away, day, money, plain, score
from accounts.words import counted, in_words
from governance.brief.head import if_nobody_acts
from governance.brief.section import short as short_name
from governance.comparison import Compared
from governance.models import DEFER
from governance.renewals import Found, Group, Row
from governance.words import amount, sentence, spelled
from partners.money import Sum


def headline(found: Found) -> str:
    """How many decisions are due and, in a line of its own, what hangs on them."""
    when = span(found.by)
    if not found.due_count:
        if found.passed_count:
            number = found.passed_count
            many = "deadline has" if number == 1 else "deadlines have"
            return f"No decision is due {when}, but {spelled(number)} {many} passed without one."
        return f"No decision is due {when}."
    one = found.due_count == 1
    said = f"{sentence(spelled(found.due_count))} {'decision is' if one else 'decisions are'} due {when}."
    worth = amounts(found.due)
    if not worth:
        return said
    return f"{said}\n{worth} {'hang' if ' and ' in worth else 'hangs'} on {'it' if one else 'them'}."


def span(by: date) -> str:
    return "before year\u00a0end" if (by.month, by.day) == (12, 31) else "in the next 90 days"


def lede(found: Found) -> str:
    """Which comes first, and which have gone by."""
    said = []
    if first := found.first:
        said.append(
            f"{short_name(str(first.contract.partner))} comes first: notice must be given {away(first.due.deadline, first.contract.today)}."
        )
    if number := found.passed_count:
        many = "deadline has" if number == 1 else "deadlines have"
        names = in_words(dict.fromkeys(short_name(str(row.contract.partner)) for row in found.passed), number)
        said.append(f"{sentence(spelled(number))} {many} already passed without a decision: {names}.")
    return " ".join(said)


def amounts(worth: Sum) -> str:
    """A sum as it is said, with what no rate could be found for beside it: EUR 4.2 m and USD 430,000."""
    said = [amount(worth.total, worth.currency)] if worth.total else []
    said += [amount(value, currency) for currency, value in sorted(worth.left.items())]
    return " and ".join(said)


def heading(group: Group) -> str:
    """How many contracts a group holds and what they are worth."""
    worth = group.worth
    sums = [f"{worth.currency} {money(worth.total)}"] if worth.total else []
    sums += [f"{currency} {money(value)}" for currency, value in sorted(worth.left.items())]
    said = counted(group.count, "contract")
    said += f" · {' and '.join(sums)} a year" if sums else ""
    if group.unknown:
        said += f" · {spelled(group.unknown)} without a value"
    if group.name == "overdue":
        said += ", the deadline passed and no decision is recorded"
    return said


def left_out(found: Found) -> str:
    """Currencies that stand beside the sums, because nobody entered a rate."""
    left = sorted({currency for group in found.groups for currency in group.worth.left})
    if not left:
        return ""
    return f"No rate is entered for {in_words(left, len(left))}: these amounts stand beside the sums in {found.currency}."


def counted_at(found: Found) -> str:
    """At which rates other currencies are in the sums."""
    others = sorted((code, rate) for code, rate in found.worth.items() if rate and code != found.currency)
    said = [f"{code} at {plain(rate)} for 1 {found.currency}" for code, rate in others]
    return f"In the sums, {in_words(said, len(said))}." if said else ""


def without(found: Found) -> str:
    """Contracts that cannot be here."""
    if not found.without:
        return ""
    verb = "has" if found.without == 1 else "have"
    return f"{sentence(counted(found.without, 'running contract'))} {verb} an end but no notice period, and so no deadline."


def short(value: Decimal | None, currency: str) -> str:
    """An amount as small as it can be said: EUR 2.64 m, EUR 385 k."""
    if value is None:
        return "no value"
    if value >= 999_500:
        return f"{currency} {value / 1_000_000:,.2f} m"
    return f"{currency} {value / 1000:,.0f} k" if value >= 1000 else f"{currency} {value:,.0f}"


def by_itself(row: Row) -> str:
    """What happens, or has happened, if nobody acts."""
    due = row.due
    if due.renewed_until:
        happens = "renewed itself" if due.term_ends < row.contract.today else "renews itself"
        return f"{happens} on {day(due.term_ends)} until {day(due.renewed_until)}"
    return if_nobody_acts(row.contract, due.value)


def state(row: Row) -> str:
    """Of a decision that is recorded: which and when."""
    decided = row.due.decided
    if decided is None:
        return ""
    if decided.outcome == DEFER:
        return f"deferred to {day(decided.deferred_to)}"
    return f"decided {day(decided.at)}"


def beside(columns: Sequence[Compared]) -> str:
    """Who stands highest of those compared, and by how much."""
    scored = [one for one in columns if one.latest and one.latest.overall is not None]
    ranked = sorted(scored, key=lambda one: -one.latest.overall)  # type: ignore[union-attr, operator]
    if len(columns) < 2:
        return "Choose two to four partners to compare."
    if len(ranked) < 2:
        return f"{in_words([short_name(str(one.partner)) for one in columns], len(columns))} side by side."
    best, worst = ranked[0], ranked[-1]
    high, low = score(best.latest.overall), score(worst.latest.overall)  # type: ignore[union-attr]
    if high == low:
        return f"All {spelled(len(ranked))} stand at {high}."
    highest, lowest = short_name(str(best.partner)), short_name(str(worst.partner))
    return f"{highest} stands highest with {high}, {lowest} lowest with {low}."
