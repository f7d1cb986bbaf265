"""Plans an import: which contract each row means, what would change, what is wrong. Reads the database, writes nothing."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Q

from accounts.models import BusinessUnit, User
from partners.models import EVERGREEN, Contract
from partners.register.entries import Entry, Reading, count_names, name_lines
from partners.register.pairing import pair_up
from partners.register.plan import (
    Plan,
    PlannedContract,
    PlannedPartner,
    PlannedUnit,
    default_title,
    differences,
)
from partners.register.resolving import Resolver
from partners.register.spellings import Proposal
from partners.register.values import contradiction

SHOWN = 200  # notes of one sort
ASKED = 500  # proposals, the certain ones first


class Planner(Resolver):
    """Plans one import. `lock` locks the contracts that may change, for the transaction that then applies the plan."""

    def __init__(
        self, reading: Reading, *, user: User | None, unit: BusinessUnit | str | None = None,
        decisions: dict[str, str] | None = None, proposals: list[Proposal] | None = None, lock: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(reading, user=user, unit=unit, decisions=decisions or {}, proposals=proposals)
        self.lock = lock
        self.plan = Plan(
            reading.read, reading.rejected, list(reading.problems), list(reading.notes), reading.assumed
        )
        self.named_only: list[tuple[int, PlannedPartner]] = []

    def make(self) -> Plan:
        """Resolve partners, units and people, pair rows with contracts, and say what would change."""
        plan = self.plan
        plan.spellings = count_names(self.reading.entries)
        self.load_partners(plan.spellings)
        plan.proposals = (self.proposals or [])[:ASKED]
        self.owners = self.load_owners()
        contracts = [item for entry in self.reading.entries for item in self._contracts_of(entry)]
        self._pair(contracts)
        self._hold_at_the_gate(contracts)
        self._drop_spoiled(contracts)
        self._settle_suffixes()
        self._note_all()
        return plan

    # --- contracts ---------------------------------------------------------------------------------------
    def _contracts_of(self, entry: Entry) -> list[PlannedContract]:
        """One contract for each supplier of a row that says something of a contract."""
        unit, owner = self.unit_of(entry), self.owner_of(entry)
        items: list[PlannedContract] = []
        met: set[PlannedPartner] = set()
        for supplier in entry.suppliers:
            partner = self.partners[supplier.name]
            self.state_kind(entry, partner)
            partner.owners.add(owner.pk if owner else None)
            if self.unit or not self.sees_all:
                partner.home = partner.home or unit
            if partner in met:
                continue  # two spellings of one partner in one cell
            met.add(partner)
            if not entry.is_contract:
                self.named_only.append((entry.line, partner))
                continue
            values = self._values(entry, partner, unit, owner, first=not items)
            fingerprint = f"{entry.fingerprint}\x1e{supplier.name}"
            items.append(PlannedContract(entry, partner, supplier.reference, values, fingerprint))
        return items

    def _values(
        self,
        entry: Entry,
        partner: PlannedPartner,
        unit: PlannedUnit | None,
        owner: User | None,
        *,
        first: bool,
    ) -> dict[str, Any]:
        """The model fields the row states. The value of a shared contract counts once, with its first supplier."""
        said = entry.values
        names = [
            "reference",
            "title",
            "starts",
            "ends",
            "auto_renews",
            "currency",
            "link",
            "term",
            "renewal_months",
            "country",
            "time_zone",
        ]
        if first:
            names += ["annual_value", "total_value"]
        values = {name: said[name] for name in names if name in said}
        if "notice" in said:
            values["notice_period"], values["notice_unit"] = said["notice"]
        if unit:
            values["unit"] = unit
        if owner:
            values["owner"] = owner
        if "delivered_by" in said and (deliverer := self.partners[said["delivered_by"]]) is not partner:
            deliverer.kind = deliverer.kind or "provider"
            if self.unit or not self.sees_all:
                deliverer.home = deliverer.home or unit
            values["delivered_by"] = deliverer
        return values

    def _pair(self, contracts: list[PlannedContract]) -> None:
        """Find the contract that each row means, so that nothing is made twice or overwritten by its twin."""
        existing = self._load_contracts(contracts)
        by_key: dict[Any, list[Contract]] = defaultdict(list)
        by_reference: dict[str, list[Contract]] = defaultdict(list)
        for contract in existing:
            by_key[_key(contract.partner_id, contract.reference, contract.title)].append(contract)
            by_reference[contract.reference.casefold()].append(contract)
        groups: dict[Any, list[PlannedContract]] = defaultdict(list)
        for item in contracts:
            owner = item.partner.existing.pk if item.partner.existing else id(item.partner) * -1
            groups[_key(owner, item.reference, self._title(item))].append(item)
        for key, items in groups.items():
            candidates = by_key.get(key, [])
            if not self.sees_all:
                candidates = self._inside_the_walls(items, candidates)
            paired, doubtful = pair_up(
                items,
                candidates,
                by_reference=bool(items[0].reference),
                agrees=lambda i, c: not differences(i, c),
            )
            for item, contract in paired:
                item.existing = contract
            for item in doubtful:
                self.spoil(
                    item.entry, "reference",
                    f"“{item.reference}” is the reference of several contracts, and this row resembles none of them",
                )  # fmt: skip
        self._follow_renamed(contracts, by_reference, groups)
        for item in contracts:
            if item.existing:
                self._compare(item, item.existing)

    def _load_contracts(self, contracts: list[PlannedContract]) -> list[Contract]:
        partners = {item.partner.existing.pk for item in contracts if item.partner.existing}
        references = {item.reference for item in contracts if item.reference}
        visible = Contract.objects.visible_to(self.user) if self.user else Contract.objects.all()
        found = visible.filter(Q(partner__in=partners) | Q(reference__in=references)).order_by("pk")
        if self.lock:
            found = found.select_for_update(of=("self",))
        return list(found)

    def _inside_the_walls(self, items: list[PlannedContract], candidates: list[Contract]) -> list[Contract]:
        """From within a unit only its own contracts are changed; a company-wide one of that reference is reported."""
        own = {unit.pk for unit in self.own_units}
        if items[0].reference and any(contract.unit_id not in own for contract in candidates):
            for item in items:
                reason = f"“{item.reference}” is a contract of the whole company; ask somebody who sees all business units"
                self.spoil(item.entry, "reference", reason)
        return [contract for contract in candidates if contract.unit_id in own]

    def _follow_renamed(
        self,
        contracts: list[PlannedContract],
        by_reference: dict[str, list[Contract]],
        groups: dict[Any, Any],
    ) -> None:
        """A reference that stands under another partner: the same contract if its title is the same, else a note."""
        elsewhere: list[PlannedContract] = []
        for item in contracts:
            if item.existing or not item.reference or item.entry.line in self.spoiled:
                continue
            others = [
                c for c in by_reference.get(item.reference.casefold(), [])
                if _key(c.partner_id, c.reference, c.title) not in groups and self._may_change(c)
            ]  # fmt: skip
            same = [c for c in others if c.title.casefold() == item.values.get("title", "").casefold()]
            if len(others) == len(same) == 1 and len(item.entry.suppliers) == 1:
                item.existing = same[0]
            elif others:
                elsewhere.append(item)
        if elsewhere:
            where = name_lines([item.entry.line for item in elsewhere])
            self.plan.notes.append(
                f"{len(elsewhere)} reference{'s' * (len(elsewhere) > 1)} already belong{'s' * (len(elsewhere) == 1)} to a "
                f"contract with another partner: kept as contracts of their own ({where})."
            )

    def _may_change(self, contract: Contract) -> bool:
        return self.sees_all or contract.unit_id in {unit.pk for unit in self.own_units}

    def _title(self, item: PlannedContract) -> str:
        return item.values.get("title") or default_title(item)

    def _compare(self, item: PlannedContract, contract: Contract) -> None:
        """Say what would change; dates that then contradict each other are a problem."""
        item.changes = differences(item, contract)
        if item.partner.existing is None or contract.partner_id != item.partner.existing.pk:
            item.changes["partner"] = item.partner
        starts: date | None = item.changes.get("starts", contract.starts)
        ends: date | None = item.changes.get("ends", contract.ends)
        if starts and ends and ends < starts:
            self.spoil(item.entry, "ends", f"would end on {ends}, before the contract starts on {starts}")
        elif wrong := self._contradiction(item.changes, contract, starts, ends):
            self.spoil(item.entry, *wrong)

    @staticmethod
    def _contradiction(
        changes: dict[str, Any], contract: Contract, starts: date | None, ends: date | None
    ) -> tuple[str, str] | None:
        """What the changed terms of a contract would contradict."""
        if contract.extended and "ends" not in changes and {"term", "renewal_months"} & set(changes):
            return (
                "term",
                f"was extended until {contract.term_ends}: take the extension back first, or state the new end",
            )
        if not {"starts", "ends", "notice_period", "notice_unit", "term", "auto_renews"} & set(changes):
            return None
        period = changes.get("notice_period", contract.notice_period)
        notice = None if period is None else (period, changes.get("notice_unit", contract.notice_unit))
        term = changes.get("term", "" if "ends" in changes and contract.term == EVERGREEN else contract.term)
        return contradiction(
            starts, ends, notice, term, renews=changes.get("auto_renews", contract.auto_renews)
        )

    # --- what is left ------------------------------------------------------------------------------------
    def _hold_at_the_gate(self, contracts: list[PlannedContract]) -> None:
        """No new contract for a partner that is not admitted; those there are stay up to date."""
        for item in contracts:
            known = item.partner.existing
            if item.existing is None and known and not known.is_admitted:
                reason = f"“{known.name}” is not admitted, and only admitted partners get contracts"
                self.spoil(item.entry, "partner", reason)

    def _drop_spoiled(self, contracts: list[PlannedContract]) -> None:
        plan = self.plan
        self.spoiled = {line: problems for line, problems in self.spoiled.items() if problems}
        plan.problems = sorted(
            [*plan.problems, *(p for found in self.spoiled.values() for p in found)], key=lambda p: p.line
        )
        plan.rejected += len(self.spoiled)
        plan.contracts = [item for item in contracts if item.entry.line not in self.spoiled]
        named = [(line, p) for line, p in self.named_only if line not in self.spoiled]
        used: dict[PlannedPartner, None] = dict.fromkeys(partner for _, partner in named)
        units: dict[PlannedUnit, None] = {}
        for item in plan.contracts:
            used[item.partner] = None
            if "delivered_by" in item.values:
                used[item.values["delivered_by"]] = None
            if "unit" in item.values:
                units[item.values["unit"]] = None
        plan.partners = list(used)
        units |= dict.fromkeys(partner.home for partner in used if partner.is_new and partner.home)
        plan.units = [unit for unit in units if unit.existing is None]
        if named:
            plan.notes.append(
                f"{len(named):,} row{'s name' if len(named) > 1 else ' names'} a partner and no contract."
            )

    def _settle_suffixes(self) -> None:
        """Twins that share partner and reference are told apart by what their rows say."""
        new = [
            item
            for item in self.plan.contracts
            if item.reference and (item.existing is None or "partner" in item.changes)
        ]
        pks = {item.partner.existing.pk for item in new if item.partner.existing}
        references = {item.reference for item in new}
        taken: set[tuple[Any, str, str]] = set()
        if pks:
            rows = Contract.objects.filter(partner__in=pks, reference__in=references)
            taken = set(rows.values_list("partner_id", "reference", "reference_suffix"))
        for item in new:
            owner = item.partner.existing.pk if item.partner.existing else id(item.partner) * -1
            wanted = item.existing.reference_suffix if item.existing else item.own_reference
            number = 0
            while (owner, item.reference, wanted) in taken:
                wanted = hashlib.sha256(f"{item.fingerprint}{number or ''}".encode()).hexdigest()[:12]
                number += 1
            taken.add((owner, item.reference, wanted))
            item.suffix = wanted
            if item.existing and item.existing.reference_suffix != wanted:
                item.changes["reference_suffix"] = wanted

    def _note_all(self) -> None:
        notes = self.plan.notes
        lines: dict[str, list[int]] = defaultdict(list)
        for item in self.plan.contracts:
            if item.reference and item.entry.line not in lines[item.reference]:
                lines[item.reference].append(item.entry.line)
        shared = {reference: where for reference, where in lines.items() if len(where) > 1}
        notes += _some(
            f"Reference {reference} stands at {len(where)} different contracts: all are kept ({name_lines(where)})."
            for reference, where in shared.items()
        )
        for proposal in self.plan.proposals:
            meant = self.partners[proposal.spelling]
            if meant.name != proposal.spelling:
                notes.append(f"“{proposal.spelling}” counts as “{meant.name}”, as decided.")
        self.plan.kept_apart = _some(
            f"“{p.spelling}” may be “{p.other}”: kept apart as a partner of its own."
            for p in self.proposals or []
            if self.partners[p.spelling].name == p.spelling
        )
        if len(self.proposals or []) > ASKED:
            notes.append(
                f"{len(self.proposals or []):,} names resemble another; only the {ASKED} surest are asked about."
            )
        if self.plan.units:
            names = ", ".join(f"“{unit.name}”" for unit in self.plan.units[:10])
            more = " and more" if len(self.plan.units) > 10 else ""
            notes.append(
                f"{len(self.plan.units)} business unit{'s are' if len(self.plan.units) > 1 else ' is'} new: {names}{more}."
            )
        if self.unit and any("unit" in entry.values for entry in self.reading.entries):
            notes.append(
                f"All contracts go to “{self.unit.name}”; the business units in the file were not used."
            )
        notes += _some(
            f"Owner “{name}” ({count} row{'s' * (count > 1)}) is nobody here: left empty."
            for name, count in self.unknown_owners.most_common()
        )
        archived = [p.name for p in self.plan.partners if p.existing and p.existing.archived_at]
        notes += _some(f"“{name}” is archived and stays so." for name in archived)
        notes += _some(
            f"“{name}” stands in the file with two kinds; the first counts."
            for name in sorted(self.kind_conflicts)
        )


def _key(partner: int, reference: str, title: str) -> tuple[int, str, str]:
    """Contracts are the same by partner and reference; without a reference by partner and title."""
    return (partner, reference.casefold(), "" if reference else title.casefold())


def _some(notes: Iterable[str]) -> list[str]:
    found = list(notes)
    return (
        found
        if len(found) <= SHOWN
        else [*found[:SHOWN], f"… and {len(found) - SHOWN:,} more like the last."]
    )
