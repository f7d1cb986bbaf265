"""Who speaks about a partnership, quarter by quarter: the vendor's triangles with those who deliver."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q
from django.urls import reverse

from evidence.models import Agreement, ValueStatement
from evidence.models.service import CUSTOMER, PARTIES, PROVIDER, VENDOR
from evidence.value import Verdict, verdict
from partners.dates import plus_months, quarter_name, quarter_number, quarter_start
from partners.models import Contract, Partner

SHOWN = 8  # quarters


@dataclass(frozen=True)
class Quarter:
    """One quarter of a triangle: each party's statement or None, in the order of the parties."""

    starts: date
    statements: list[ValueStatement | None]
    verdict: Verdict

    @property
    def name(self) -> str:
        return quarter_name(self.starts)

    @property
    def is_silent(self) -> bool:
        return not any(self.statements)


@dataclass(frozen=True)
class Triangle:
    """A vendor and who delivers what it sells (None: nobody but itself), with the quarters shown, oldest first."""

    vendor: Partner
    provider: Partner | None
    parties: list[tuple[str, str]]
    quarters: list[Quarter]

    @property
    def weakest(self) -> str:
        """Who felt least in the latest quarter with a word, by name; empty where all felt the same."""
        names = {**dict(self.parties), CUSTOMER: "us"}
        return " and ".join(names[party] for party in self.last.verdict.weakest) if self.last else ""

    @property
    def last(self) -> Quarter | None:
        """The latest quarter that anybody spoke of."""
        return next((quarter for quarter in reversed(self.quarters) if not quarter.is_silent), None)

    @property
    def rows(self) -> list[tuple[str, str, list[ValueStatement | None]]]:
        """Of each party its key, its name and what it said, quarter by quarter."""
        return [
            (key, name, [quarter.statements[place] for quarter in self.quarters])
            for place, (key, name) in enumerate(self.parties)
        ]

    @property
    def is_silent(self) -> bool:
        return self.last is None

    def address(self, quarter: date) -> str:
        """Where the statements of a quarter are entered."""
        provider = self.provider.pk if self.provider else 0
        return reverse(
            "value_quarter", args=[self.vendor.pk, provider, quarter.year, quarter_number(quarter)]
        )


def parties_of(vendor: Partner, provider: Partner | None) -> list[tuple[str, str]]:
    """Who speaks, by name: ourselves, the vendor, and the provider where there is one."""
    names = {CUSTOMER: "We, the customer", VENDOR: vendor.name, PROVIDER: provider.name if provider else ""}
    return [(party, names[party]) for party, _ in PARTIES if names[party]]


def weights() -> dict[str, int]:
    """How much each party's word weighs."""
    agreed = Agreement.current()
    return {
        CUSTOMER: agreed.customer_weight,
        VENDOR: agreed.vendor_weight,
        PROVIDER: agreed.provider_weight,
    }


def triangles_of(partner: Partner, user: Any, today: date) -> list[Triangle]:
    """The triangles in which the partner sells or delivers, those without a word last. Three statements.

    Of partners the user does not see nothing is shown.
    """
    statements = (
        ValueStatement.objects.visible_to(user)
        .filter(Q(partner=partner) | Q(provider=partner))
        .select_related("partner", "provider")
    )
    pairs: dict[tuple[int, int | None], tuple[Partner, Partner | None]] = {}
    said: dict[tuple[int, int | None], dict[tuple[date, str], ValueStatement]] = {}
    for row in statements:
        pairs[row.partner_id, row.provider_id] = (row.partner, row.provider)
        said.setdefault((row.partner_id, row.provider_id), {})[row.quarter, row.party] = row
    delivered = Contract.objects.visible_to(user).filter(
        Q(partner=partner, delivered_by__isnull=False) | Q(delivered_by=partner)
    )
    for contract in delivered.select_related("partner", "delivered_by"):
        pairs.setdefault(
            (contract.partner_id, contract.delivered_by_id), (contract.partner, contract.delivered_by)
        )
    if not any(vendor.pk == partner.pk for vendor, _ in pairs.values()) and partner.kind == "vendor":
        pairs[partner.pk, None] = (partner, None)
    seen = set(Partner.objects.visible_to(user).filter(pk__in=_ids(pairs)).values_list("pk", flat=True))
    weighs = weights()
    this = quarter_start(today)
    quarters = [plus_months(this, -3 * back) for back in range(SHOWN - 1, -1, -1)]
    found = [
        _triangle(vendor, provider, said.get(pair, {}), quarters, weighs)
        for pair, (vendor, provider) in pairs.items()
        if {vendor.pk, provider.pk if provider else vendor.pk} <= seen
    ]
    return sorted(found, key=lambda one: (one.is_silent, one.vendor.name, one.provider is None))


def _ids(pairs: dict[tuple[int, int | None], Any]) -> set[int]:
    return {pk for pair in pairs for pk in pair if pk is not None}


def _triangle(
    vendor: Partner,
    provider: Partner | None,
    said: dict[tuple[date, str], ValueStatement],
    quarters: list[date],
    weighs: dict[str, int],
) -> Triangle:
    parties = parties_of(vendor, provider)
    rows = []
    for starts in quarters:
        statements = [said.get((starts, party)) for party, _ in parties]
        felt = {
            party: statement.felt_return if statement else None
            for (party, _), statement in zip(parties, statements, strict=True)
        }
        rows.append(Quarter(starts, statements, verdict(felt, weighs)))
    return Triangle(vendor, provider, parties, rows)
