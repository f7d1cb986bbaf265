"""The findings of the portfolio and its heat map, as sentences."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils.text import get_text_list

from accounts.templatetags.look import day, plain, score
from governance.portfolio import SLIPPING

NUMBERS = [
    "none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
]  # fmt: skip


def spelled(number: int) -> str:
    """A number as prose has it: five, 13."""
    return NUMBERS[number] if number < len(NUMBERS) else f"{number:,}"


def sentence(text: str) -> str:
    """With a capital letter in front."""
    return text[:1].upper() + text[1:]


def amount(value: Any, currency: str) -> str:
    """An amount as it is said, on one line: EUR 4.7 m, EUR 310,000."""
    value = Decimal(value or 0)
    for size, unit in ((Decimal(10) ** 9, "bn"), (Decimal(10) ** 6, "m")):
        if value >= size:
            return f"{currency}\u00a0{value / size:,.1f}\u00a0{unit}"
    return f"{currency}\u00a0{value:,.0f}"


def lapse(decision: Any, contract: Any) -> str:
    """That a decision was about a term the contract no longer has, and what that means."""
    was = f"the term to {day(decision.term_ends)}" if decision.term_ends else "a contract without an end"
    now = f"the term to {day(contract.term_ends)}" if contract.term_ends else "it as it is now"
    return (
        f"The decision of {day(decision.at)}, {decision.get_outcome_display().lower()}, no longer applies: it was about {was}, "
        f"and the terms were changed since. Nothing is decided about {now}, and reminders go on."
    )


def headline(found: dict[str, Any], currency: str) -> str:
    """The portfolio in one sentence."""
    sums = found["totals"]
    if not sums["final"]:
        return "No vendor has a final score here yet."
    if sums["spend_fell"]:
        slipping, spend = amount(sums["spend_fell"], currency), amount(sums["spend"], currency)
        return f"{slipping} of {spend} a year is spent with partners that are slipping."
    if sums["fell"]:
        return (
            f"{sentence(spelled(sums['fell']))} of {spelled(sums['final'])} partners fell by a point or more."
        )
    if sums["poor"]:
        many = "partner stands" if sums["poor"] == 1 else "partners stand"
        money = f", with {amount(sums['spend_poor'], currency)} a year" if sums["spend_poor"] else ""
        return f"{sentence(spelled(sums['poor']))} of {spelled(sums['final'])} {many} in the two lowest bands{money}."
    if sums["compared"]:
        return f"Nobody is slipping: none of {spelled(sums['final'])} partners fell by a point or more."
    return f"None of {spelled(sums['final'])} partners stands in the two lowest bands."


def lede(found: dict[str, Any]) -> str:
    """What stands behind the headline: how many fell, and the largest of them."""
    sums = found["totals"]
    since = f"since {sums['since']}" if sums["since"] else "since their last cycle"
    if not sums["compared"]:
        return "There is no earlier cycle to compare with yet." if sums["final"] else ""
    if not sums["fell"]:
        return f"None fell by {-SLIPPING} point or more {since}."
    said = f"{sentence(spelled(sums['fell']))} of {spelled(sums['final'])} fell by a point or more {since}."
    for largest in found["largest"]:
        fell = f"from {score(largest.previous)} to {score(largest.overall)}"
        said += f" {largest.name} {'is the largest of them' if sums['fell'] > 1 else 'it is'}, {fell}"
        said += f"; its next contract ends on {day(largest.next_end)}." if largest.next_end else "."
    return said


def left_out(found: dict[str, Any], currency: str) -> str:
    """What the sums of money do not hold."""
    others, unknown = found["others"], found["totals"]["unknown"]
    said = []
    if others:
        first, *rest = others
        many = "partner" if first["partners"] == 1 else "partners"
        listed = [f"{spelled(first['partners'])} {many} with contracts in {first['currency']}"]
        listed += [f"{spelled(row['partners'])} in {row['currency']}" for row in rest]
        alone = not rest and first["partners"] == 1
        text = f"{sentence(get_text_list(listed, 'and'))} {'is' if alone else 'are'} not in the sum of {currency}."
        said.append(text)
    if unknown:
        many = "partner has" if unknown == 1 else "partners have"
        said.append(f"{sentence(spelled(unknown))} {many} no running contract with a value.")
    return " ".join(said)


def heat_headline(found: dict[str, Any], categories: Sequence[Any], currency: str) -> str:
    """In which category most partners fall short, and what is spent with them."""
    names = {category.pk: category.name for category in categories}
    worst = max(found["categories"], key=lambda row: (row["short"], row["spend"] or 0), default=None)
    if worst is None:
        return "No category has a score here yet."
    if not worst["short"]:
        return f"Nobody falls short: all {spelled(worst['scored'])} are Fair or better in every category."
    name = names.get(worst["category_id"], "")
    many = "falls" if worst["short"] == 1 else "fall"
    said = f"{sentence(spelled(worst['short']))} of {spelled(worst['scored'])} {many} short on “{name}”."
    return f"{said} {amount(worst['spend'], currency)} a year is spent there." if worst["spend"] else said


def heat_lede(found: dict[str, Any], lowest: Sequence[str]) -> str:
    """Who falls short in most categories, and what that means."""
    if not found["shortest"]:
        return ""
    listed = get_text_list([row["name"] for row in found["shortest"]], "and")
    verb = "falls" if len(found["shortest"]) == 1 else "fall"
    return f"{listed} {verb} short in the most categories. Short means {' or '.join(lowest)}."


def since(found: dict[str, Any]) -> str:
    """The heading of the column of changes."""
    return f"Since {found['totals']['since']}" if found["totals"]["since"] else "Change"


ORDERS = {
    "-spend": "spend, highest first", "spend": "spend, lowest first",
    "score": "score, lowest first", "-score": "score, highest first",
    "change": "change, worst first", "-change": "change, best first",
    "ends": "next end, soonest first", "-ends": "next end, latest first",
    "rank": "rank", "-rank": "rank, last first", "name": "name", "-name": "name, from the end",
    "kind": "kind", "-kind": "kind, from the end", "coverage": "coverage, lowest first",
    "-coverage": "coverage, highest first",
}  # fmt: skip


def orders(sort: str) -> list[tuple[str, str]]:
    """The orders a phone offers, which has no headings to press; always the present one."""
    offered = ("-spend", "score", "-score", "change", "-change", "ends", "name")
    return [(value, sentence(ORDERS[value])) for value in dict.fromkeys([*offered, sort])]


def key(bands: Sequence[Any]) -> list[dict[str, Any]]:
    """The bands with the range each covers in words, the best first."""
    said = [f"from {plain(band.lower)}" for band in bands]
    if len(bands) > 1:
        said[-1] = f"under {plain(bands[-2].lower)}"
    return [
        {"letter": band.letter, "name": band.name, "range": text}
        for band, text in zip(bands, said, strict=True)
    ]
