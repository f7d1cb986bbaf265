"""Who is told about a contract: its owner, its partner's owner and the executives of its business unit.

The unit is the contract's, else its partner's; without one, or where the unit has no executive, the executives who see
all units. Nobody is told twice, and nobody who may not see the contract. Where the owner cannot be told, the mail says so
and has to arrive with whoever stands in: the partner's owner, else the executives, else the administrators.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q

from accounts.models import User
from partners.models import Contract
from vendorhub.roles import ADMINISTRATOR, EXECUTIVE

OWNER, PARTNER_OWNER, OF_UNIT, STANDS_IN = "owner", "partner's owner", "executive", "administrator"


@dataclass(frozen=True, slots=True)
class Recipient:
    """`role`: why they are told. `must_arrive`: they own the contract or stand in for whoever does."""

    user: User
    role: str
    must_arrive: bool


@dataclass(frozen=True, slots=True)
class Audience:
    """`gap`: why the contract's owner is not among them, in a sentence; empty if they are."""

    people: Sequence[Recipient]
    gap: str = ""


def audiences(contracts: Sequence[Contract]) -> dict[int, Audience]:
    """Who is told about each of these contracts (with their partners), by contract id."""
    people = _People(contracts)
    return {contract.pk: _audience(contract, people) for contract in contracts}


def _audience(contract: Contract, people: "_People") -> Audience:
    owner = people.known.get(contract.owner_id or 0)
    gap = _gap(owner, contract, people)
    in_order = [
        (OWNER, [owner] if owner else []),
        (PARTNER_OWNER, [people.known[contract.partner.owner_id]] if contract.partner.owner_id else []),
        (OF_UNIT, people.executives_of(contract)),
    ]
    found: dict[int, Recipient] = {}
    for role, users in [*in_order, (STANDS_IN, people.administrators)]:
        if role == STANDS_IN and found:
            continue
        must_arrive = not found
        for user in users:
            if user.pk not in found and people.can_tell(user, contract):
                found[user.pk] = Recipient(user, role, must_arrive)
    return Audience(list(found.values()), gap)


def _gap(owner: User | None, contract: Contract, people: "_People") -> str:
    if owner is None:
        return "Nobody owns this contract yet."
    if not owner.is_active:
        return f"{owner}, who owns this contract, can no longer sign in."
    if not owner.email:
        return f"{owner}, who owns this contract, has no e-mail address."
    return "" if people.can_tell(owner, contract) else f"{owner}, who owns this contract, may not see it."


class _People:
    """Everybody who may be told about some contracts, and which of these each may see. Read once for all of them."""

    def __init__(self, contracts: Sequence[Contract]) -> None:
        owners = {contract.owner_id for contract in contracts} | {c.partner.owner_id for c in contracts}
        users = User.objects.filter(
            Q(pk__in=owners - {None}) | Q(role__in=(EXECUTIVE, ADMINISTRATOR))
        ).order_by("pk")
        self.known = {user.pk: user for user in users}
        self.executives = [user for user in users if user.role == EXECUTIVE and user.is_active]
        self.administrators = [user for user in users if user.role == ADMINISTRATOR]
        self._members: dict[int, set[int]] = defaultdict(set)
        for user, unit in User.units.through.objects.filter(user__in=self.executives).values_list(
            "user", "businessunit"
        ):
            self._members[unit].add(user)
        self._contracts = [contract.pk for contract in contracts]
        self._seen: dict[int, set[int]] = {}

    def executives_of(self, contract: Contract) -> Iterable[User]:
        """The unit's, or those who see all units."""
        members = self._members.get(contract.unit_id or contract.partner.unit_id or 0, set())
        return [user for user in self.executives if (user.pk in members if members else user.all_units)]

    def can_tell(self, user: User, contract: Contract) -> bool:
        """Whether they can sign in, have an address and see the contract."""
        if not (user.is_active and user.email):
            return False
        if user.pk not in self._seen:
            seen = Contract.objects.visible_to(user)
            some = seen.filter(pk__in=self._contracts).values_list("pk", flat=True)
            self._seen[user.pk] = set(some if seen.query.has_filters() else self._contracts)
        return contract.pk in self._seen[user.pk]
