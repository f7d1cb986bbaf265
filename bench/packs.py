"""A pack of the portfolio with 20 and with 200 partners: CPU a page, and the most memory of the worker and of its press."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.utils import timezone

from bench.context import Context, Row
from bench.generate import Size

FEW, MANY = Size(20, 6, 25, 4), Size(200, 6, 25, 4)
# Ten things that happened with each partner in the quarter that ended last, and six promises.
_HAPPENED = """
INSERT INTO evidence_request (partner_id, reference, note, link, created_at, version, asked_by, asked_on, kind, what, answered_on, outcome)
SELECT p.id, '', '', '', now(), 1, 'us', date_trunc('quarter', now() - interval '3 months')::date + n * 8, 'fix',
       'A request of some words about something', NULL, '' FROM partners_partner p, generate_series(1, 10) n;
INSERT INTO evidence_promise (partner_id, reference, note, link, created_at, version, what, promised_on, due_on, asked_by_us, matters)
SELECT p.id, '', '', '', now(), 1, 'A promise of some words about something', current_date - 200, current_date - 30 * n, false, 2
FROM partners_partner p, generate_series(1, 6) n;
"""


def measures(context: Context) -> Iterator[Row]:
    from governance.services.packs import can_print

    if not can_print():
        return
    few, many = _made(context, FEW), _made(context, MANY)
    yield Row(
        f"pack: {MANY.partners} partners, {many['pages']} pages", f"{many['cpu']:.0f} s CPU",
        f"{FEW.partners} partners, {few['pages']} pages: {few['cpu']:.0f} s", (many["cpu"] / many["pages"]) / (few["cpu"] / few["pages"]), 1.5, "× a page",
    )  # fmt: skip
    for name, words in (("worker", "the worker"), ("press", "what it prints with")):
        yield Row(
            f"pack: {MANY.partners} partners, memory of {words}", f"{many[name]:.0f} MB", f"{FEW.partners} partners: {few[name]:.0f} MB",
            many[name] / few[name], 1.3, "×",
        )  # fmt: skip


def _made(context: Context, size: Size) -> dict[str, Any]:
    from accounts.models import User
    from governance.packs.document import Issue
    from governance.packs.quarter import Quarter
    from governance.services.packs import ask_for_pack

    context.use(size, purpose="packs")
    with connection.cursor() as cursor:
        cursor.execute(_HAPPENED)
    today = timezone.localdate()
    ask_for_pack(Issue(User.objects.order_by("pk")[0], Quarter.of(today).before, today), paper="A4")
    done = subprocess.run(
        [sys.executable, "-m", "bench.packer"], stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])
