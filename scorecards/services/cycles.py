"""A cycle's life: partners and raters chosen, opened, nudged, extended, closed, reopened."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.services.mail import queue_mail
from partners.models import Partner
from scorecards.models import Assessment, Comment, Cycle, CycleTemplate, Rating, Scorecard, Template
from scorecards.services.recompute import recompute_now, request_recompute

KIND_FALLBACK = {"operations": "unit"}  # factories and subsidiaries are scored like business units


def suggest_next(today: date) -> dict[str, Any]:
    """Name, first day, last day and due date of the quarter today is in."""
    quarter = (today.month - 1) // 3
    starts = date(today.year, 3 * quarter + 1, 1)
    ends = (starts + timedelta(days=100)).replace(day=1) - timedelta(days=1)
    return {
        "name": f"{today.year} Q{quarter + 1}",
        "starts": starts,
        "ends": ends,
        "due": today + timedelta(days=14),
    }


def default_templates() -> dict[str, Template]:
    """The active template for each kind of partner: the one made for it, else its fallback's."""
    by_kind: dict[str, Template] = {}
    for template in Template.objects.filter(state=Template.ACTIVE).order_by("-pk"):
        by_kind[template.kind] = template
    for kind, fallback in KIND_FALLBACK.items():
        if fallback in by_kind:
            by_kind.setdefault(kind, by_kind[fallback])
    return by_kind


@transaction.atomic
def create_cycle(cycle: Cycle) -> Cycle:
    """Save a new draft cycle with the default template for each kind of partner."""
    cycle.save(force_insert=True)
    CycleTemplate.objects.bulk_create(
        CycleTemplate(cycle=cycle, kind=kind, template=template)
        for kind, template in default_templates().items()
    )
    return cycle


def _locked(cycle: Cycle, *states: str) -> Cycle:
    """Read the cycle again under lock; ValidationError if it is in none of the states."""
    cycle = Cycle.objects.select_for_update().get(pk=cycle.pk)
    if cycle.state not in states:
        raise ValidationError(f"{cycle} is {cycle.get_state_display().lower()}, so this cannot be done now.")
    return cycle


@transaction.atomic
def add_partners(cycle: Cycle, partners: Iterable[Partner]) -> int:
    """Give each partner a scorecard with the template of its kind; returns how many are new.

    Partners that are in the cycle stay as they are. Raises ValidationError if a kind has no template.
    """
    cycle = _locked(cycle, Cycle.DRAFT, Cycle.OPEN)
    template_of = dict(CycleTemplate.objects.filter(cycle=cycle).values_list("kind", "template_id"))
    ids = [partner.pk for partner in partners]
    # Under lock, so that none of them is merged away meanwhile.
    partners = list(Partner.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"))
    if without := sorted({p.get_kind_display() for p in partners if p.kind not in template_of}):
        raise ValidationError(f"Choose a template for partners of kind {', '.join(without)} first.")
    before = cycle.scorecards.count()
    Scorecard.objects.bulk_create(
        (
            Scorecard(cycle=cycle, partner=partner, template_id=template_of[partner.kind])
            for partner in partners
        ),
        ignore_conflicts=True,
    )
    request_recompute(cycle.scorecards.filter(partner__in=partners))
    return cycle.scorecards.count() - before


@transaction.atomic
def remove_scorecard(scorecard: Scorecard) -> None:
    """Take a partner out of a cycle that is not closed, with every mark given for it."""
    _locked(scorecard.cycle, Cycle.DRAFT, Cycle.OPEN)
    # In the order of everybody else: a worker locks a scorecard before its score, a rater the assessment first.
    list(Scorecard.objects.select_for_update(no_key=True).filter(pk=scorecard.pk))
    list(Assessment.objects.select_for_update().filter(scorecard=scorecard).order_by("pk"))
    Comment.objects.filter(scorecard=scorecard).delete()
    Rating.objects.filter(scorecard=scorecard).delete()
    scorecard.delete()


@transaction.atomic
def choose_template(cycle: Cycle, kind: str, template: Template) -> None:
    """Use a template for partners of a kind; in a draft cycle only, where nobody has rated yet."""
    cycle = _locked(cycle, Cycle.DRAFT)
    if template.state != Template.ACTIVE:
        raise ValidationError(f"{template} is not active.")
    CycleTemplate.objects.update_or_create(cycle=cycle, kind=kind, defaults={"template": template})
    cycle.scorecards.filter(partner__kind=kind).update(template=template)


@transaction.atomic
def assign_rater(scorecards: Iterable[Scorecard], rater: User, rater_role: str) -> int:
    """Ask a person to rate these scorecards of one cycle; returns how many are new. Mails them if it is open."""
    scorecards = list(scorecards)
    if not scorecards:
        return 0
    cycle = _locked(scorecards[0].cycle, Cycle.DRAFT, Cycle.OPEN)
    return _ask(
        cycle, [Assessment(scorecard=card, rater=rater, rater_role=rater_role) for card in scorecards]
    )


def _ask(cycle: Cycle, wanted: Iterable[Assessment]) -> int:
    """Add the assessments that are not there yet and say how many; whoever is asked in an open cycle is invited.

    The caller holds the cycle, so that nobody else adds or takes away any.
    """
    scorecards = set(cycle.scorecards.values_list("pk", flat=True))
    asked = Assessment.objects.filter(scorecard__cycle=cycle)
    there = set(asked.values_list("scorecard_id", "rater_id"))
    new = [a for a in wanted if a.scorecard_id in scorecards and (a.scorecard_id, a.rater_id) not in there]
    Assessment.objects.bulk_create(new)
    if cycle.state == Cycle.OPEN:
        _invite(cycle, {assessment.rater_id for assessment in new})
    return len(new)


@transaction.atomic
def remove_rater(assessment: Assessment) -> None:
    """Take back the request to rate; refused once something was marked, said or submitted."""
    _locked(assessment.scorecard.cycle, Cycle.DRAFT, Cycle.OPEN)
    # Under lock: a mark that is being saved at this moment is waited for, and a later one finds nothing to mark.
    held = Assessment.objects.select_for_update().filter(pk=assessment.pk).first()
    if held is None:
        return
    if held.submitted_at or held.ratings.exists() or held.comments.exists():
        raise ValidationError(f"{held.rater} has already marked something here, so they stay.")
    held.delete()


def raters_by_rule(
    scorecards: Iterable[Scorecard], people: Iterable[User], rule: str
) -> dict[User, list[Scorecard]]:
    """Who would rate what: `owner` (each partner's owner), `unit` (everybody of the partner's unit), or `all`."""
    chosen: dict[User, list[Scorecard]] = defaultdict(list)
    people = list(people)
    units_of = {person.pk: {unit.pk for unit in person.units.all()} for person in people}
    for scorecard in scorecards:
        partner = scorecard.partner
        for person in people:
            reaches = (
                person.sees_all_units or partner.unit_id is None or partner.unit_id in units_of[person.pk]
            )
            if (
                (rule == "owner" and partner.owner_id == person.pk and reaches)
                or (rule == "unit" and partner.unit_id is not None and partner.unit_id in units_of[person.pk])
                or (rule == "all" and reaches)
            ):
                chosen[person].append(scorecard)
    return chosen


@transaction.atomic
def assign_by_rule(cycle: Cycle, scorecards: Iterable[Scorecard], people: Iterable[User], rule: str) -> int:
    """Assign raters by a rule, each with their own rater role; returns how many assessments are new."""
    cycle = _locked(cycle, Cycle.DRAFT, Cycle.OPEN)
    chosen = raters_by_rule(scorecards, people, rule)
    return _ask(cycle, [
        Assessment(scorecard=scorecard, rater=person, rater_role=person.rater_role)
        for person, listed in chosen.items() for scorecard in listed
    ])  # fmt: skip


@transaction.atomic
def open_cycle(cycle: Cycle) -> Cycle:
    """Let raters begin and invite them. Raises ValidationError with everything that is missing."""
    cycle = _locked(cycle, Cycle.DRAFT)
    scorecards = cycle.scorecards.select_related("partner", "template")
    sentences = []
    if not scorecards:
        sentences.append("Choose at least one partner.")
    lonely = list(scorecards.filter(assessments=None).values_list("partner__name", flat=True)[:6])
    if lonely:
        more = " and others" if len(lonely) > 5 else ""
        sentences.append(f"Nobody is asked to rate {', '.join(lonely[:5])}{more}.")
    if cycle.due < timezone.localdate():
        sentences.append(f"The due date {cycle.due:%d %b %Y} has passed. Choose a later one.")
    if sentences:
        raise ValidationError(sentences)
    cycle.state, cycle.opened_at = Cycle.OPEN, timezone.now()
    _save(cycle, "state", "opened_at")
    _invite(cycle)
    request_recompute(cycle.scorecards.all())
    return cycle


@transaction.atomic
def extend_cycle(cycle: Cycle, *, due: date) -> Cycle:
    """Give raters until a later day."""
    cycle = _locked(cycle, Cycle.DRAFT, Cycle.OPEN)
    if due < timezone.localdate():
        raise ValidationError("The new due date lies in the past.")
    cycle.due = due
    _save(cycle, "due")
    return cycle


@transaction.atomic
def close_cycle(cycle: Cycle) -> Cycle:
    """Work out what is outstanding and freeze it: from here on neither scores nor their inputs move."""
    cycle = _locked(cycle, Cycle.OPEN)
    recompute_now(list(cycle.scorecards.values_list("pk", flat=True)))
    Comment.objects.filter(scorecard__cycle=cycle).update(published=True)
    cycle.state, cycle.closed_at = Cycle.CLOSED, timezone.now()
    _save(cycle, "state", "closed_at")
    return cycle


@transaction.atomic
def reopen_cycle(cycle: Cycle, *, reason: str) -> Cycle:
    """Let a closed cycle move again; the reason goes into its history."""
    if not reason.strip():
        raise ValidationError("Say why the cycle is opened again: it is kept in its history.")
    cycle = _locked(cycle, Cycle.CLOSED)
    cycle.state, cycle.closed_at, cycle.reopen_reason = Cycle.OPEN, None, reason.strip()
    _save(cycle, "state", "closed_at", "reopen_reason")
    return cycle


@transaction.atomic
def nudge(cycle: Cycle) -> int:
    """Remind everybody who has not submitted, at most once a day each; returns how many mails were queued."""
    cycle = _locked(cycle, Cycle.OPEN)
    queued = 0
    for rater, asked in _waiting(cycle).items():
        count = "one assessment is" if len(asked) == 1 else f"{len(asked)} assessments are"
        text = _letter(rater, f"in {cycle} {count} still open, due {cycle.due:%d %B %Y}:", asked)
        key = f"nudge:{cycle.pk}:{rater.pk}:{timezone.localdate():%Y-%m-%d}"
        subject = f"{cycle}: {count} still open"
        queued += queue_mail(rater, subject=subject, text=text, kind="nudge", key=key) is not None
    return queued


def _invite(cycle: Cycle, raters: set[int] | None = None) -> None:
    """One mail a rater (these, or all), listing what they are asked; another one once they are asked for more."""
    for rater, asked in _waiting(cycle).items():
        if raters is None or rater.pk in raters:
            text = _letter(rater, f"please score these partners by {cycle.due:%d %B %Y}:", asked)
            key = f"invite:{cycle.pk}:{rater.pk}:{max(assessment.pk for assessment in asked)}"
            queue_mail(rater, subject=f"{cycle}: your scores, please", text=text, kind="invitation", key=key)


def _waiting(cycle: Cycle) -> dict[User, list[Assessment]]:
    """People with something left to submit, and what it is."""
    waiting: dict[User, list[Assessment]] = defaultdict(list)
    for assessment in (
        Assessment.objects.filter(scorecard__cycle=cycle, submitted_at=None)
        .select_related("rater", "scorecard__partner")
        .order_by("rater__name", "scorecard__partner__name")
    ):
        waiting[assessment.rater].append(assessment)
    return waiting


def _letter(rater: User, request: str, asked: list[Assessment]) -> str:
    listed = "\n".join(f"  - {assessment.scorecard.partner}" for assessment in asked)
    return (
        f"Hello {rater.name},\n\n{request}\n\n{listed}\n\nStart here: {settings.SITE_URL}/\n\n"
        "It takes a few minutes each. Nobody sees your marks before they have submitted their own.\n"
    )


def _save(cycle: Cycle, *fields: str) -> None:
    cycle.version += 1
    cycle.save(update_fields=[*fields, "version"])
