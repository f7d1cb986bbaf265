"""The renewals page over 10,000 contracts beside the same rows from memory, a brief among them, a calendar of all."""

import time
from collections.abc import Iterator

from django.core.management import call_command
from django.db import connection
from django.urls import reverse

from bench.context import Context, Row
from bench.pages import FEW, MANY, Visitor, _reader, cost
from governance.feeds import calendar_of
from partners.models import Contract

# Deadlines from 40 days ago to 400 days ahead, one in seven of a term that renewed itself lately.
_DEADLINES = """
UPDATE partners_contract SET
    starts = current_date - 700, ends = current_date + 20 + (id * 7 % 440)::int, notice_period = 60,
    notice_deadline = current_date - 40 + (id * 7 % 440)::int, annual_value = 1000 + id * 37 % 900000,
    auto_renews = id % 7 = 0, renewal_months = CASE WHEN id % 7 = 0 THEN 12 END,
    renewed_until = CASE WHEN id % 7 = 0 THEN current_date + 20 + (id * 7 % 440)::int + 365 END
"""


def measures(context: Context) -> Iterator[Row]:
    call_command("collectstatic", interactive=False, verbosity=0)
    page = reverse("renewals")
    context.use(FEW, purpose="pages")
    _set_deadlines()
    visitor = Visitor(_reader())
    few, few_of_brief = visitor.statements(page), visitor.statements(_brief())
    context.use(MANY, purpose="pages")
    _set_deadlines()
    visitor = Visitor(_reader())
    many = visitor.statements(page)
    found = cost(visitor, page)
    yield Row(
        f"page: renewals, {MANY.partners:,} contracts", f"{found.page:.1f} ms CPU",
        f"answered from memory: {found.answered:.1f} ms", found.page / found.answered, 3, "×",
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO governance_change DEFAULT VALUES ON CONFLICT DO NOTHING")
    began = time.process_time()
    visitor.get(page)
    anew = 1000 * (time.process_time() - began)
    yield Row(
        "page: renewals, worked out anew", f"{anew:.0f} ms CPU",
        f"answered from memory: {found.answered:.1f} ms", anew, 600, " ms",
    )  # fmt: skip
    yield Row(
        "page: renewals, statements", str(many), f"with {FEW.partners}: {few}", abs(many - few), 0, " more"
    )
    brief = cost(visitor, _brief())
    yield Row(
        f"page: decision brief, {MANY.partners:,} partners", f"{brief.page:.0f} ms CPU",
        f"template {brief.template:.1f}, from memory {brief.answered:.1f} ms", brief.page - brief.template, 300, " ms",
    )  # fmt: skip
    many = visitor.statements(_brief())
    yield Row(
        "page: decision brief, statements", str(many), f"with {FEW.partners}: {few_of_brief}",
        abs(many - few_of_brief), 0, " more",
    )  # fmt: skip
    began = time.process_time()
    size = len(calendar_of(_reader(), "portfolio", "https://hub.example"))
    yield Row(
        f"calendar of {MANY.partners:,} contracts", f"{size / 1e6:.1f} MB", "only when something changed",
        time.process_time() - began, 10, " s",
    )  # fmt: skip


def _brief() -> str:
    """The brief of the contract in the middle of the line of deadlines."""
    contracts = Contract.objects.order_by("notice_deadline", "pk")
    return reverse("brief", args=[contracts[contracts.count() // 2].pk])


def _set_deadlines() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_DEADLINES)
        cursor.execute("ANALYZE partners_contract")
