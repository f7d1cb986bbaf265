"""Cost lines from a file: what it would do, shown first; then all of it, or nothing."""

import hashlib
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import IO, Any, NamedTuple

from django.db import transaction

from partners.cost_file import FileLine, read_lines
from partners.models import Contract, CostLine
from partners.names import plain
from partners.preview import Preview, left_out, seal, unseal
from partners.register.reading import read_table
from partners.register.safety import Refused
from partners.register.values import BadValue, printable, shown

_VALUES = ("kind", "note", "amount", "currency", "once", "starts", "ends")
_CHANGES = ("amount", "currency", "ends")  # what may differ in the same line; the others tell it apart


class Change(NamedTuple):
    """A line of the file: `was` is the saved one it changes, None where it is new."""

    line: CostLine
    was: CostLine | None


@dataclass
class Plan(Preview):
    """What a file would do: `changes` in its order; `stands` is what the saved lines it touches are like."""

    changes: list[Change] = field(default_factory=list)

    @property
    def new(self) -> int:
        return sum(change.was is None for change in self.changes)

    @property
    def updated(self) -> int:
        return len(self.changes) - self.new

    @property
    def stands(self) -> str:
        """Equal while nobody touches what it was made against."""
        seen = [(change.was.pk, change.was.version) if change.was else None for change in self.changes]
        return hashlib.sha256(repr((seen, self.unchanged)).encode()).hexdigest()


def look_at(file: IO[bytes], name: str, *, user: Any, contract: Contract | None = None) -> Plan:
    """Read a file of one contract's cost lines, or of many contracts' by their references. Writes nothing.

    Refused for a file that cannot be used at all. With problems, nothing of it can come in.
    """
    table = read_table(file, name)
    if contract:
        lines, problems = read_lines(table, _only(contract), needs_reference=False)
    else:
        lines, problems = read_lines(table, _among(Contract.objects.visible_to(user)), needs_reference=True)
    plan = Plan(problems=sorted(problems), notes=table.notes)
    if problems:
        plan.left_out = left_out(table, problems, salt(user, contract))
    else:
        plan = _plan(lines)
        plan.notes = table.notes
        plan.sealed = seal([[_plain(line) for line in lines], plan.stands], salt(user, contract))
    return plan


def confirm(sealed: str, *, user: Any, contract: Contract | None = None) -> tuple[Plan, bool]:
    """Write what was shown. Not done where something it touches was changed meanwhile: look at the new plan then.

    Refused for a preview of somebody else, of another contract, or that is too old.
    """
    rows, stood = unseal(sealed, salt(user, contract))
    with transaction.atomic():
        visible = Contract.objects.visible_to(user).filter(pk__in={row[1] for row in rows})
        held = {row.pk: row for row in visible.select_for_update(of=("self",), no_key=True).order_by("pk")}
        if any(row[1] not in held for row in rows):
            raise Refused("A contract of this file is gone, or no longer yours. Choose the file once more.")
        lines = [_line(row, held) for row in rows]
        plan = _plan(lines, lock=True)
        plan.sealed = seal([rows, plan.stands], salt(user, contract))
        if plan.stands != stood:
            return plan, False
        CostLine.objects.bulk_create([change.line for change in plan.changes if not change.was])
        changed = [change.line for change in plan.changes if change.was]
        CostLine.objects.bulk_update(changed, [*_CHANGES, "version"])
    return plan, True


def _plan(lines: list[FileLine], *, lock: bool = False) -> Plan:
    saved = CostLine.objects.filter(contract__in={line.contract.pk for line in lines})
    saved = saved.order_by("pk").select_for_update() if lock else saved
    known = {(row.contract_id, row.kind, row.once, row.starts, row.note): row for row in saved}
    plan = Plan()
    for line in lines:
        was, becomes = known.get(line.key), CostLine(contract=line.contract, **line.values)
        if was and all(getattr(was, name) == line.values[name] for name in _CHANGES):
            plan.unchanged += 1
            continue
        if was:
            becomes.pk, becomes.version = was.pk, was.version + 1
        plan.changes.append(Change(becomes, was))
    return plan


def _only(contract: Contract) -> Any:
    def find(reference: str, _partner: str) -> Contract:
        if reference and reference != contract.reference:
            raise BadValue(f"{shown(reference)} is another contract; this page takes the lines of one")
        return contract

    return find


def _among(contracts: Any) -> Any:
    """Finds contracts by reference and, where several share it, by their partner. Reads them all at the first look."""
    by_reference: dict[str, list[Contract]] = {}
    for contract in contracts.exclude(reference="").select_related("partner"):
        by_reference.setdefault(contract.reference.casefold(), []).append(contract)

    def find(reference: str, partner: str) -> Contract:
        found = by_reference.get(reference.casefold(), [])
        if partner:
            found = [contract for contract in found if plain(contract.partner.name) == plain(partner)]
        if len(found) == 1:
            return found[0]
        whose = f" of {printable(partner)}" if partner else ""
        if not reference:
            raise BadValue("names no contract")
        if not found:
            raise BadValue(f"{shown(reference)} is no contract{whose} that you can see")
        raise BadValue(
            f"{shown(reference)} is the reference of {len(found)} contracts; name the partner as well"
        )

    return find


def _plain(line: FileLine) -> list[Any]:
    """A line as it travels with the page."""
    values = [line.values[name] for name in _VALUES]
    return [
        line.line,
        line.contract.pk,
        *(value if isinstance(value, bool | None) else str(value) for value in values),
    ]


def _line(row: list[Any], contracts: dict[int, Contract]) -> FileLine:
    number, contract, *values = row
    found = dict(zip(_VALUES, values, strict=True))
    found["amount"] = Decimal(found["amount"])
    found |= {name: date.fromisoformat(found[name]) for name in ("starts", "ends") if found[name]}
    return FileLine(number, contracts[contract], found)


def salt(user: Any, contract: Contract | None) -> str:
    """Whose preview it is, and of what."""
    return f"cost lines {user.pk} {contract.pk if contract else 'of all'}"
