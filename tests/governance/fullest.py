"""The contract whose brief has the most to say, in the longest words: for what must fit on one sheet all the same."""

from datetime import timedelta

from django.utils import timezone

from governance.models import Decision
from partners.models import Contract, CostLine, Partner
from partners.services.deadlines import set_deadlines
from scorecards.models import Cycle
from tests.factories import (
    make_assessment,
    make_contract,
    make_cycle,
    make_partner,
    make_scorecard,
    make_template,
    make_user,
)
from tests.governance.conftest import scored

LONG = "Wherever-we-look they promise, slip, and promise again in longer and longer words; "


def fullest_contract() -> Contract:
    """Nine cycles, twelve categories, peers, ourselves, costs of many years, decisions, and every gap there is."""
    today = timezone.localdate()
    shape = {
        (f"{n} {LONG}"[:200], 10 if n < 9 else 5): [(f"{c}{n} {LONG * 2}"[:200], 50) for c in "ab"]
        for n in range(1, 11)
    }
    shape[f"11 {LONG}", 5] = [("only", 100)]
    template = make_template(shape, minimum_raters=3)
    own_template = make_template({(f"{n} {LONG}"[:200], 25): [("x", 100)] for n in range(4)}, kind="own")
    partner, peer = make_partner(LONG * 3), make_partner("Peer")
    own = Partner.objects.filter(kind="own").first() or make_partner("Ourselves", kind="own")
    for number in range(9):
        ends = today - timedelta(days=90 * (9 - number))
        cycle = make_cycle(
            template,
            name=f"{ends.year} quarter {number} and more words",
            starts=ends - timedelta(days=89),
            ends=ends,
        )
        marks = [1 + (place + number) % 5 if number < 8 else 1 + place % 3 for place in range(21)]
        scored(partner, template, cycle, *(marks if number < 8 else [5, 5, 5, 5, *marks[4:]]))
        scored(peer, template, cycle, *[5] * 21)
        scored(own, own_template, cycle, 1, 2, 3, 4)
        Cycle.objects.filter(pk=cycle.pk).update(state=Cycle.CLOSED, closed_at=timezone.now())
    now = make_cycle(
        template, name=f"{today.year} quarter 9 and more words", starts=today, ends=today + timedelta(days=80)
    )
    make_assessment(make_scorecard(partner, template, now))
    owner = make_user(name=LONG[:80], is_active=False)
    contract = make_contract(
        partner, title=LONG * 5, reference="R" * 100, starts=today - timedelta(days=400), ends=today + timedelta(days=7000),
        notice_period=3, notice_unit="months", auto_renews=True, renewal_months=240, owner=owner, currency="IDR",
        annual_value=99_999_999_999_999,
    )  # fmt: skip
    set_deadlines([contract])
    contract.save()
    Contract.objects.filter(pk=contract.pk).update(renewal_months=None)
    for currency in ("IDR", "EUR", "USD", "XAU"):
        CostLine.objects.create(
            contract=contract, kind="exit", amount=10**13, currency=currency, once=True, note=currency
        )
        CostLine.objects.create(
            contract=contract, kind="licence", amount=10**13, currency=currency, note=currency
        )
    for outcome in ("renew", "renegotiate"):
        Decision.objects.create(
            contract=contract, outcome=outcome, reasons=LONG * 240, conditions=LONG * 240, came_of_it=LONG * 240,
            by=make_user("executive", name=LONG[:80]), term_ends=contract.ends,
        )  # fmt: skip
    return contract
