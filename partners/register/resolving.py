"""Who the names of a register are: partners, business units and people, inside the walls of the person importing."""

from collections import Counter, defaultdict

from accounts.models import BusinessUnit, User
from accounts.uploads import Problem
from partners.models import Partner, PartnerAlias
from partners.register.columns import MappingError
from partners.register.entries import Entry, Reading
from partners.register.plan import PlannedPartner, PlannedUnit
from partners.register.spellings import Proposal, propose

SEPARATE = "new"


class Resolver:
    """Looks names up for one person (None: the system, which sees everything).

    `decisions` maps a spelling to "new", "partner:7" or "name:another spelling". `unit` is the business unit that
    every row belongs to, if one was chosen. `proposals` are those worked out before, for large registers take a while.
    """

    def __init__(
        self, reading: Reading, *, user: User | None, unit: BusinessUnit | str | None, decisions: dict[str, str],
        proposals: list[Proposal] | None = None,
    ) -> None:  # fmt: skip
        self.reading, self.user, self.decisions = reading, user, decisions
        self.sees_all = user is None or user.sees_all_units
        self.spoiled: dict[int, list[Problem]] = defaultdict(list)
        self.own_units = list(BusinessUnit.objects.visible_to(user) if user else BusinessUnit.objects.all())
        self.units = {u.name.casefold(): PlannedUnit(u.name, u) for u in self.own_units}
        self.unit = self._forced_unit(unit)
        self.partners: dict[str, PlannedPartner] = {}
        self.proposals = proposals
        self.unknown_owners: Counter[str] = Counter()
        self.kind_conflicts: set[str] = set()

    def spoil(self, entry: Entry, column: str, reason: str) -> None:
        """Say why a row that could be read cannot be used."""
        problem = Problem(entry.line, self.reading.headings.get(column, column), reason)
        if problem not in self.spoiled[entry.line]:
            self.spoiled[entry.line].append(problem)

    # --- business units ----------------------------------------------------------------------------------
    def _forced_unit(self, unit: BusinessUnit | str | None) -> PlannedUnit | None:
        if isinstance(unit, BusinessUnit):
            if unit not in self.own_units:
                raise MappingError(f"“{unit}” is not one of your business units.", "unit")
            return self.units[unit.name.casefold()]
        if unit:
            return self.units.setdefault(unit.casefold(), PlannedUnit(unit))
        return None

    def unit_of(self, entry: Entry) -> PlannedUnit | None:
        if self.unit:
            return self.unit
        name = entry.values.get("unit")
        if name:
            known = self.units.get(name.casefold())
            if known or self.sees_all:
                return known or self.units.setdefault(name.casefold(), PlannedUnit(name))
            self.spoil(entry, "unit", f"“{name[:60]}” is not one of your business units")
        elif not self.sees_all:
            if len(self.own_units) == 1:
                return self.units[self.own_units[0].name.casefold()]
            self.spoil(entry, "unit", "names no business unit; choose one of yours for the whole file")
        return None

    # --- partners ----------------------------------------------------------------------------------------
    def load_partners(self, spellings: Counter[str]) -> None:
        """Find the partner behind each spelling: its exact name, a remembered spelling, a decision, or a new one."""
        self.spellings = spellings
        visible = Partner.objects.visible_to(self.user) if self.user else Partner.objects.all()
        mine = {unit.pk for unit in self.own_units} if not self.sees_all else set()
        known = sorted(
            visible,
            key=lambda p: (
                p.archived_at is not None,
                p.unit_id not in mine if mine else p.unit_id is not None,
                p.pk,
            ),
        )
        self.by_pk = {partner.pk: partner for partner in known}
        exact: dict[str, Partner] = {}
        for partner in known:
            exact.setdefault(" ".join(partner.name.split()), partner)
        aliases = list(PartnerAlias.objects.filter(partner__in=visible).values_list("name", "partner_id"))
        for name, pk in aliases:
            exact.setdefault(name, self.by_pk[pk])
        planned: dict[int, PlannedPartner] = {}
        for name in spellings:
            if found := exact.get(name):
                self.partners[name] = planned.setdefault(found.pk, PlannedPartner(found.name, found))
        new = {name: count for name, count in spellings.items() if name not in self.partners}
        if new and self.proposals is None:
            names = [(p.pk, p.name) for p in known] + [(pk, name) for name, pk in aliases]
            self.proposals = propose(new, names)
        self.proposals = [p for p in self.proposals or [] if p.spelling in new]
        for name in new:
            self._resolve(name, planned)

    def _resolve(
        self, name: str, planned: dict[int, PlannedPartner], trail: tuple[str, ...] = ()
    ) -> PlannedPartner:
        """Follow a person's decisions: “A” is “B”, and “B” is partner 7. No decision: a partner of its own."""
        if name in self.partners:
            return self.partners[name]
        sort, _, target = self.decisions.get(name, SEPARATE).partition(":")
        if sort == "partner" and target.isdigit() and int(target) in self.by_pk:
            partner = self.by_pk[int(target)]
            meant = planned.setdefault(partner.pk, PlannedPartner(partner.name, partner))
        elif sort == "name" and target in self.spellings and target != name and target not in trail:
            meant = self._resolve(target, planned, (*trail, name))
        else:
            meant = PlannedPartner(name)
        if meant.name != name:
            meant.aliases.add(name)
        self.partners[name] = meant
        return meant

    def state_kind(self, entry: Entry, partner: PlannedPartner) -> None:
        kind = entry.values.get("kind", "")
        if not kind:
            return
        if kind == "own" and not (partner.existing and partner.existing.kind == "own"):
            holder = Partner.objects.filter(kind="own").exclude(
                pk=partner.existing.pk if partner.existing else None
            )
            other = next(
                (p for p in set(self.partners.values()) if p.stated_kind == "own" and p is not partner), None
            )
            if other or holder.exists():
                self.spoil(
                    entry,
                    "kind",
                    "there is already a partner that is our own organisation; there can be one only",
                )
                return
        if partner.existing and not self.sees_all and partner.existing.unit_id is None:
            return  # what is company-wide is not changed from within one unit
        if partner.stated_kind and partner.stated_kind != kind:
            self.kind_conflicts.add(partner.name)
            return
        partner.stated_kind = partner.kind = kind

    # --- people ------------------------------------------------------------------------------------------
    def load_owners(self) -> dict[str, User | None]:
        """People by e-mail and by name; None for a name that several share."""
        people: dict[str, User | None] = {}
        users = User.objects.visible_to(self.user) if self.user else User.objects.all()
        for user in users.filter(is_active=True):
            for key in {(user.email or "").casefold(), " ".join(user.name.split()).casefold()} - {""}:
                people[key] = user if key not in people else None
        return people

    def owner_of(self, entry: Entry) -> User | None:
        text = entry.values.get("owner", "")
        if not text:
            return None
        address = text[text.find("<") + 1 : text.rfind(">")] if "<" in text else text
        owner = self.owners.get(address.strip().casefold())
        if owner is None:
            self.unknown_owners[text] += 1
        return owner
