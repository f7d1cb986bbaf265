"""What importing a register would do, as data: partners, units, contracts, and what is wrong."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from accounts.models import BusinessUnit
from accounts.uploads import Problem
from partners.models import Contract, Partner
from partners.register.entries import Entry
from partners.register.spellings import Proposal


@dataclass(eq=False)
class PlannedPartner:
    """A partner the register names: one that exists, or a new one."""

    name: str
    existing: Partner | None = None
    kind: str = ""
    stated_kind: str = ""
    owners: set[int | None] = field(default_factory=set)
    home: "PlannedUnit | None" = None  # the business unit of a new partner; None: the whole company
    aliases: set[str] = field(default_factory=set)

    @property
    def is_new(self) -> bool:
        return self.existing is None

    @property
    def is_changed(self) -> bool:
        return bool(self.existing and self.stated_kind and self.stated_kind != self.existing.kind)


@dataclass(eq=False)
class PlannedUnit:
    """A business unit the register names: one that exists, or a new one."""

    name: str
    existing: BusinessUnit | None = None


@dataclass(eq=False)
class PlannedContract:
    """A contract of one entry and one of its suppliers. `values` are model fields the row states."""

    entry: Entry
    partner: PlannedPartner
    own_reference: str
    values: dict[str, Any]
    fingerprint: str
    existing: Contract | None = None
    suffix: str = ""
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        return self.values.get("reference", "")


@dataclass
class Plan:
    """Everything an import would do, and everything it would not and why."""

    read: int
    rejected: int
    problems: list[Problem]
    notes: list[str]
    assumed: list[str] = field(default_factory=list)  # what a person should look at first
    kept_apart: list[str] = field(default_factory=list)  # notes on proposals that nobody decided
    proposals: list[Proposal] = field(default_factory=list)
    partners: list[PlannedPartner] = field(default_factory=list)
    contracts: list[PlannedContract] = field(default_factory=list)
    units: list[PlannedUnit] = field(default_factory=list)
    spellings: Counter[str] = field(default_factory=Counter)

    def counts(self) -> dict[str, Any]:
        """The figures of the report: created, updated and unchanged partners and contracts."""
        new = [p for p in self.partners if p.is_new]
        changed = [p for p in self.partners if p.is_changed]
        made = [c for c in self.contracts if c.existing is None]
        altered = [c for c in self.contracts if c.existing and c.changes]
        return {
            "read": self.read,
            "created": {"partners": len(new), "contracts": len(made)},
            "updated": {"partners": len(changed), "contracts": len(altered)},
            "unchanged": {
                "partners": len(self.partners) - len(new) - len(changed),
                "contracts": len(self.contracts) - len(made) - len(altered),
            },
            "rejected": self.rejected,
        }


def differences(item: PlannedContract, contract: Contract) -> dict[str, Any]:
    """The fields in which a contract differs from what a row states. Empty cells state nothing."""
    differing = {}
    for name, value in item.values.items():
        if isinstance(value, PlannedUnit | PlannedPartner):
            same = value.existing is not None and getattr(contract, f"{name}_id") == value.existing.pk
        elif name == "owner":
            same = contract.owner_id == value.pk
        elif name == "ends":  # a register may state the end of the current term as well as the original one
            same = value in (contract.ends, contract.term_ends)
        else:
            same = getattr(contract, name) == value
        if not same:
            differing[name] = value
    return differing


def default_title(item: PlannedContract) -> str:
    """What a contract without a title is called."""
    return f"Contract {item.reference}" if item.reference else f"Contract with {item.partner.name}"[:500]
