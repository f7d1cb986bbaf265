"""Writes a plan: units, partners, spellings and contracts, inside the caller's transaction, in few statements."""

from collections.abc import Callable
from typing import Any

from django.db.models import F

from accounts.models import BusinessUnit
from partners.models import EVERGREEN, FIXED, Contract, Partner, PartnerAlias
from partners.names import name_key
from partners.register.plan import Plan, PlannedContract, PlannedPartner, PlannedUnit, default_title
from partners.services.deadlines import WORKED_OUT, keep_terms, set_deadlines

BATCH = 500


def apply_plan(plan: Plan, *, currency: str, progress: Callable[[int], None] = lambda done: None) -> None:
    """Write everything the plan says. `progress` is called with the number of contracts handled so far."""
    _make_units(plan)
    _write_partners(plan)
    _remember_spellings(plan)
    new = [item for item in plan.contracts if item.existing is None]
    changed = [item for item in plan.contracts if item.existing and item.changes]
    done = len(plan.contracts) - len(new) - len(changed)
    progress(done)
    for start in range(0, len(new), BATCH):
        batch = new[start : start + BATCH]
        rows = [_new_contract(item, currency) for item in batch]
        set_deadlines(rows)
        Contract.objects.bulk_create(rows)
        keep_terms(rows)
        done += len(batch)
        progress(done)
    for start in range(0, len(changed), BATCH):
        batch = changed[start : start + BATCH]
        _update(batch)
        done += len(batch)
        progress(done)


def _make_units(plan: Plan) -> None:
    for unit in plan.units:
        unit.existing = BusinessUnit.objects.create(name=unit.name)


def _write_partners(plan: Plan) -> None:
    """New partners are company-wide, unless they come from within a unit or a unit was chosen for the file."""
    new = [partner for partner in plan.partners if partner.is_new]
    rows = []
    for planned in new:
        owners = planned.owners
        rows.append(
            Partner(
                name=planned.name, name_key=name_key(planned.name), kind=planned.kind or "vendor",
                unit=planned.home.existing if planned.home else None,
                owner_id=next(iter(owners)) if len(owners) == 1 else None,
            )
        )  # fmt: skip
    for planned, partner in zip(new, Partner.objects.bulk_create(rows, batch_size=BATCH), strict=True):
        planned.existing = partner
    for planned in plan.partners:
        if planned not in new and planned.is_changed and planned.existing:
            Partner.objects.filter(pk=planned.existing.pk).update(
                kind=planned.stated_kind, version=F("version") + 1
            )


def _remember_spellings(plan: Plan) -> None:
    """What a person decided to be the same partner is found without asking next time."""
    PartnerAlias.objects.bulk_create(
        [
            PartnerAlias(partner=planned.existing, name=name)
            for planned in plan.partners
            for name in sorted(planned.aliases)
        ],
        batch_size=BATCH, ignore_conflicts=True,
    )  # fmt: skip


def _new_contract(item: PlannedContract, currency: str) -> Contract:
    values = {"title": default_title(item), "currency": currency, **_written(item.values)}
    return Contract(partner=item.partner.existing, reference_suffix=item.suffix, **values)


def _update(items: list[PlannedContract]) -> None:
    """Write the changed fields; the rows were locked when they were read."""
    fields: set[str] = {"version", *WORKED_OUT}
    contracts = []
    for item in items:
        contract = item.existing
        assert contract is not None  # noqa: S101  (only contracts that exist are changed)
        for name, value in _written(item.changes).items():
            setattr(contract, name, value)
            fields.add(name)
        if contract.ends and contract.term == EVERGREEN:
            contract.term = FIXED  # the register knows an end by now
            fields.add("term")
        if "ends" in item.changes:
            contract.extended = 0  # extensions used are counted from the end they were used at
        contract.version += 1
        contracts.append(contract)
    set_deadlines(contracts)
    Contract.objects.bulk_update(contracts, sorted(fields))
    keep_terms(contracts)


def _written(values: dict[str, Any]) -> dict[str, Any]:
    """Planned units and partners as the rows they have become."""
    return {
        name: value.existing if isinstance(value, PlannedUnit | PlannedPartner) else value
        for name, value in values.items()
    }
