"""What the demo's contracts cost to their end, and rates of the currencies these costs are in."""

from datetime import date, timedelta
from decimal import Decimal

from partners.dates import plus_months
from partners.models import Contract, CostLine, Rate

# Of a contract's value a year: kind, what for, per cent. Leaving is paid once.
SHAPES = [
    [("licence", "Subscription", 88), ("effort", "Two people, part of their time", 11),
     ("exit", "Data export and migration", 26)],
    [("licence", "Named users", 72), ("service", "Premium support", 24), ("service", "Yearly health check", 4),
     ("effort", "Administration", 12)],
    [("service", "Run and maintain", 97), ("licence", "Tools", 3), ("effort", "Service management", 8),
     ("exit", "Handover to a successor", 15)],
]  # fmt: skip
# Paid in another currency on top: partner, currency, kind, what for, a year. There is no rate for the yen.
ABROAD = [
    ("Northgate Cloud", "USD", "licence", "Traffic, billed in the United States", 96_000),
    ("Fennick Storage", "JPY", "service", "Spare parts depot", 4_200_000),
]
# Currency, from how many days ago, units for one euro.
RATES = [("USD", 400, "1.0712"), ("USD", 140, "1.0945"), ("USD", 20, "1.0842"), ("GBP", 140, "0.8471")]
GOES_ON = 2  # years that what Northgate Cloud delivers is in use after the term


def load_costs(today: date) -> None:
    """Cost lines for every third contract, two of them with a second currency, and dated rates for all but one."""
    contracts = list(Contract.objects.filter(partner__is_demo=True).order_by("pk").select_related("partner"))
    abroad = {row[0]: row[1:] for row in ABROAD}
    rows: list[CostLine] = []
    for place, contract in enumerate(contracts):
        extra = abroad.pop(contract.partner.name, None)
        value = contract.annual_value
        if value and (extra or place % 3 == 0) and not contract.has_ended:
            for kind, note, share in SHAPES[place // 3 % len(SHAPES)]:
                rows.append(_line(contract, kind, note, value * share / 100, contract.currency))
        if extra:
            currency, kind, note, amount = extra
            rows.append(_line(contract, kind, note, Decimal(amount), currency))
    CostLine.objects.bulk_create(rows)
    goes_on = contracts[0]
    goes_on.end_of_life = plus_months(goes_on.ends, 12 * GOES_ON, keep_month_end=True)
    goes_on.save(update_fields=["end_of_life"])
    Rate.objects.bulk_create(
        Rate(
            reporting="EUR", currency=currency, units=Decimal(units), is_demo=True,
            valid_from=today - timedelta(days=days),
        )
        for currency, days, units in RATES
    )  # fmt: skip


def _line(contract: Contract, kind: str, note: str, amount: Decimal, currency: str) -> CostLine:
    rounded = Decimal(round(amount, -2))
    return CostLine(
        contract=contract, kind=kind, note=note, amount=rounded, currency=currency, once=kind == "exit"
    )
