"""What 10,000 contracts with three cost lines each still cost, beside only reading these rows."""

import time
from collections.abc import Callable, Iterator

from django.db import connection, transaction

from bench.context import RUNS, Context, Row
from partners.models import Contract, CostLine
from partners.services.costs import costs_ahead

CONTRACTS = 10_000
_LINES = """
INSERT INTO partners_contract (partner_id, reference, reference_suffix, title, starts, ends, notice_unit, auto_renews,
                               annual_value, currency, link, version)
SELECT (SELECT min(id) FROM partners_partner), 'B-' || n, '', 'Contract', current_date - 400 - n %% 300,
       current_date + n %% 2000, 'days', false, 1000, 'EUR', '', 1
FROM generate_series(1, %(contracts)s) n;
INSERT INTO partners_costline (contract_id, kind, note, amount, once, currency, version)
SELECT c.id, kind, '', 1000.01 + c.id %% 97, kind = 'exit', 'EUR', 1
FROM partners_contract c, unnest(ARRAY['licence', 'service', 'exit']) kind WHERE c.reference LIKE 'B-%%';
"""


def measures(context: Context) -> Iterator[Row]:
    context.use()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_LINES, {"contracts": CONTRACTS})
        contracts = Contract.objects.filter(reference__startswith="B-")
        lines = CostLine.objects.filter(contract__in=contracts)
        worked_out = _fastest(lambda: costs_ahead(contracts))
        read = _fastest(lambda: [*contracts.values_list(), *lines.values_list()])
        transaction.set_rollback(True)
    yield Row(
        f"what {CONTRACTS:,} contracts still cost", f"{worked_out:.2f} s", f"reading their rows: {read:.2f} s",
        worked_out / read, 6,
    )  # fmt: skip


def _fastest(work: Callable[[], object]) -> float:
    """Seconds of the fastest run."""
    found = []
    for _ in range(RUNS):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return min(found)
