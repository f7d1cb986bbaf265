"""Who rates what in a cycle: by rule or by hand, never outside a rater's walls."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import User
from accounts.words import in_words
from scorecards.models import Assessment, Cycle, Rating, ScorecardQuerySet
from scorecards.services import invitations
from scorecards.services.cycles import NeedsConfirmation, ask, lock_cycle
from scorecards.services.recompute import request_recompute


@dataclass
class Plan:
    """What a rule comes to, before anything is written. Scorecards by id."""

    new: dict[User, list[int]] = field(default_factory=dict)
    already: int = 0  # asked before by the same rule or by hand
    nobody: set[int] = field(default_factory=set)  # would still be rated by nobody
    walled: dict[User, int] = field(
        default_factory=dict
    )  # how many the rule means, but the person may not see

    @property
    def assessments(self) -> int:
        return sum(map(len, self.new.values()))

    @property
    def scorecards(self) -> int:
        return len({pk for listed in self.new.values() for pk in listed})


def plan_rule(scorecards: ScorecardQuerySet, people: Iterable[User], rule: str) -> Plan:
    """Who would be asked: `owner` (each partner's owner), `unit` (everybody of the partner's unit), or `all`.

    `people` come with their units. One statement for each set of units among them.
    """
    people = list(people)
    rows = list(scorecards.order_by("pk").values_list("pk", "partner__owner_id", "partner__unit_id"))
    asked = defaultdict(set)
    for pk, rater in Assessment.objects.filter(scorecard__in=scorecards).values_list("scorecard", "rater"):
        asked[pk].add(rater)
    plan, reach = Plan(), {}
    for person in people:
        units = {unit.pk for unit in person.units.all()}
        wall = None if person.sees_all_units else frozenset(units)
        if wall not in reach:
            reach[wall] = set(scorecards.visible_to(person).values_list("pk", flat=True))
        meant = [
            pk for pk, owner, unit in rows
            if rule == "all" or (rule == "owner" and owner == person.pk) or (rule == "unit" and unit in units)
        ]  # fmt: skip
        inside = [pk for pk in meant if pk in reach[wall]]
        if len(meant) > len(inside):
            plan.walled[person] = len(meant) - len(inside)
        new = [pk for pk in inside if person.pk not in asked[pk]]
        plan.already += len(inside) - len(new)
        if new:
            plan.new[person] = new
    plan.nobody = {pk for pk, *_ in rows if not asked[pk]} - {pk for new in plan.new.values() for pk in new}
    return plan


@transaction.atomic
def assign_by_rule(
    cycle: Cycle, scorecards: ScorecardQuerySet, people: Iterable[User], rule: str, *, by: Any
) -> Plan:
    """Ask raters by a rule, each from their own side; mails them if the cycle is open."""
    cycle = lock_cycle(cycle, Cycle.DRAFT, Cycle.OPEN)
    plan = plan_rule(scorecards.filter(cycle=cycle), people, rule)
    asked = [(pk, person.pk, person.rater_role) for person, listed in plan.new.items() for pk in listed]
    _ask(cycle, by, asked)
    return plan


@transaction.atomic
def assign_rater(
    cycle: Cycle, scorecards: ScorecardQuerySet, rater: User, rater_role: str, *, by: Any
) -> int:
    """Ask a person to rate these scorecards of the cycle; returns how many are new. Mails them if it is open.

    Raises ValidationError naming the partners outside the person's walls; nobody is asked anything then.
    """
    cycle = lock_cycle(cycle, Cycle.DRAFT, Cycle.OPEN)
    scorecards = scorecards.filter(cycle=cycle)
    inside = set(scorecards.visible_to(rater).values_list("pk", flat=True))
    if outside := scorecards.exclude(pk__in=inside).order_by("partner__name").select_related("partner"):
        names = in_words([card.partner.name for card in outside[:5]], outside.count())
        raise ValidationError(
            f"{rater} does not belong to the business unit of {names}, so cannot see and rate "
            f"{'it' if outside.count() == 1 else 'them'}. Nobody was asked."
        )
    asked = Assessment.objects.filter(scorecard__in=inside, rater=rater).values_list("scorecard", flat=True)
    new = sorted(inside - set(asked))
    _ask(cycle, by, [(pk, rater.pk, rater_role) for pk in new])
    return len(new)


def _ask(cycle: Cycle, by: Any, asked: list[tuple[int, int, str]]) -> None:
    made = ask(asked)
    if cycle.state == Cycle.OPEN and made:
        invitations.invite(cycle, by=by, only=made)


@transaction.atomic
def remove_rater(assessment: Assessment, *, losing: int = 0) -> None:
    """Take back the request to rate, with the marks and signed comments given to it.

    Raises NeedsConfirmation when more of them than `losing` would go; a submission counts as one.
    """
    lock_cycle(assessment.scorecard.cycle, Cycle.DRAFT, Cycle.OPEN)
    # Under lock: a mark that is being saved at this moment is waited for, and a later one finds nothing to mark.
    held = Assessment.objects.select_for_update().filter(pk=assessment.pk).first()
    if held is None:
        return
    marks = Rating.objects.filter(scorecard=held.scorecard_id, assessment=held)
    lost = marks.answered().count() + held.comments.count() + (held.submitted_at is not None)
    if lost > losing:
        raise NeedsConfirmation(lost)
    marks.delete()
    held.delete()
    request_recompute([held.scorecard_id])
