"""Renewals: which contracts need a decision, and by when?"""

from collections.abc import Sequence
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.numbers import row_number
from accounts.services.mail import late_in_words
from accounts.spreadsheets import csv_response
from accounts.templatetags.look import away, change, day, money, round_shown
from accounts.words import counted
from evidence.facts import Facts
from governance import renewals_words as words
from governance.comparison import MOST, Compared, category_names, compared
from governance.renewals import GROUPS, OVERDUE, ROWS_A_PAGE, Asked, Renewals, Row, line_bounds
from governance.renewals_charts import Dot, deadline_line
from partners.models import SEGMENTS
from scorecards.charts import sparkline
from vendorhub.roles import may, needs

SPARK = 8  # cycles in a sparkline
URGENT = 30  # days within which the button is the main one
COLUMNS = [
    "group", "partner", "contract", "reference", "business unit", "owner", "segment", "value a year", "currency",
    "notice deadline", "days", "term ends", "if nobody acts", "cycle", "score", "status", "standing", "change", "raters",
    "coverage", "promises kept", "promises due", "presence ratio", "decision", "decided on", "deferred to",
]  # fmt: skip


@needs("see_renewals")
@require_safe
def renewals(request: HttpRequest) -> HttpResponse:
    asked = Asked.of(request.GET)
    seen = Renewals(request.user, asked)
    context = {
        "seen": seen, "asked": asked, "segments": SEGMENTS, "decides": may(request.user, "decide"), "units": seen.units(), "owners": seen.owners(),
        "late": late_in_words(),
        **seen.once("page", lambda: _page(seen)),
    }  # fmt: skip
    return render(request, "governance/renewals.html", context)


def _page(seen: Renewals) -> dict[str, Any]:
    """Everything the template shows, in values that are ready to be shown."""
    found, asked = seen.found(), seen.asked
    first, until = line_bounds(seen.today)
    dots = [_dot(row) for row in found.dots]
    count = next((group.count for group in found.groups if group.name == asked.group), 0)
    return {
        "headline": words.headline(found), "lede": words.lede(found), "span": words.span(found.by),
        "groups": [_group(group) for group in found.groups if not asked.group or group.name == asked.group],
        "wide_line": deadline_line(dots, first, until, seen.today, found.by),
        "narrow_line": deadline_line(dots, first, until, seen.today, found.by, width=960),
        "dots": dots, "drawn_of": found.drawn_of, "currency": found.currency,
        "left_out": f"{words.counted_at(found)} {words.left_out(found)}".strip(), "without": words.without(found), "beyond": found.beyond,
        "is_empty": not found.groups, "has_contracts": bool(found.groups) or seen.visible.exists(),
        "page": Paginator(range(count), ROWS_A_PAGE).get_page(asked.page),
        "group_title": GROUPS.get(asked.group, ""),
    }  # fmt: skip


def _group(group: Any) -> dict[str, Any]:
    return {
        "name": group.name, "title": group.title, "heading": words.heading(group), "more": group.more,
        "count": group.count, "rows": [_line(row) for row in group.rows],
    }  # fmt: skip


def _line(row: Row) -> dict[str, Any]:
    """A row of the table."""
    due, latest, contract = row.due, row.latest, row.contract
    return {
        "due": due, "contract": contract, "partner": contract.partner, "value": money(due.value),
        "away": away(due.deadline, contract.today), "deadline": day(due.deadline),
        "is_urgent": due.days <= URGENT, "latest": latest, "band": row.band, "change": change(row.change),
        "spark": sparkline([point.overall for point in row.history[-SPARK:]], row.letter) if latest else "",
        "raters": counted(latest.raters, "rater") if latest else "", "by_itself": words.by_itself(row),
        "promises": row.facts.said("promises_kept"), "presence": row.facts.presence,
        "outcome": due.decided.outcome.capitalize() if due.decided and due.decided.is_final else "",
        "state": words.state(row), "brief": reverse("brief", args=[contract.pk]),
    }  # fmt: skip


def _dot(row: Row) -> Dot:
    due, contract = row.due, row.contract
    sub = f"{words.short(due.value, due.currency)} · {due.deadline.day} {due.deadline:%b}"
    happened = (
        f", {words.state(row)}" if due.decided else ", passed undecided" if due.group == OVERDUE else ""
    )
    said = f"{contract.partner}, {contract}: {due.currency} {money(due.value)} a year, notice by {day(due.deadline)}{happened}"
    return Dot(
        due.deadline, str(contract.partner), sub, said, float(row.worth or 0), row.letter, not due.is_open
    )


@needs("export")
@require_safe
def renewals_export(request: HttpRequest) -> HttpResponse:
    """Every deadline the filters leave, as CSV. Scores have four decimals."""
    seen = Renewals(request.user, Asked.of(request.GET))
    dues = [due for due in seen.dues() if seen.asked.group in ("", due.group)]
    return csv_response(f"Renewals {seen.today}", COLUMNS, (_cells(row) for row in seen.rows(dues).values()))


def _cells(row: Row) -> Sequence[Any]:
    due, contract, latest, decided = row.due, row.contract, row.latest, row.due.decided
    return [
        GROUPS[due.group], str(contract.partner), str(contract), contract.reference,
        str(contract.unit) if contract.unit else "", str(contract.owner) if contract.owner else "",
        contract.partner.get_segment_display(), None if due.value is None else round_shown(due.value, 2), due.currency,
        due.deadline, due.days, due.term_ends, words.by_itself(row).replace("\u00a0", " "), latest.cycle if latest else "",
        latest.overall if latest else None, latest.status if latest else "", row.letter, row.change,
        latest.raters if latest else None, latest.coverage if latest else None, *_kept(row.facts),
        getattr(row.facts.figures.get("presence_ratio"), "value", None), decided.outcome if decided else "",
        decided.at.date() if decided else None, decided.deferred_to if decided else None,
    ]  # fmt: skip


def _kept(facts: Facts) -> tuple[Any, Any]:
    row = facts.figures.get("promises_kept")
    return (
        (None, None)
        if row is None or row.value is None
        else (round(row.value * row.observations), row.observations)
    )


@needs("see_renewals")
@require_safe
def renewals_compare(request: HttpRequest) -> HttpResponse:
    """Partners side by side: `?partner=1&partner=2`, the first four that exist."""
    numbers = [number for text in request.GET.getlist("partner")[:100] if (number := row_number(text))]
    columns = compared(request.user, numbers)
    context = {
        "columns": [_column(one) for one in columns], "most": MOST, "left": max(0, len(set(numbers)) - MOST),
        "headline": words.beside(columns),
        "categories": [
            {"name": name, "scores": [one.categories.get(name) for one in columns]} for name in category_names(columns)
        ],
    }  # fmt: skip
    return render(request, "governance/renewals_compare.html", context)


def _column(one: Compared) -> dict[str, Any]:
    return {
        "partner": one.partner, "yearly": one.yearly, "latest": one.latest, "band": one.band, "change": one.change,
        "since": one.before.cycle if one.before else "", "more": one.more, "line": _line(one.next) if one.next else None,
        "spark": sparkline([point.overall for point in one.history[-SPARK:]], one.latest.standing if one.latest else ""),
    }  # fmt: skip
