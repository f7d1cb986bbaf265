"""A cycle's life: set up or copied, partners chosen, opened, extended, closed, reopened. Raters: `services.raters`."""

from collections import Counter
from collections.abc import Container, Iterable
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, Exists, F, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from accounts.words import counted, in_words
from partners.models import ADMITTED, CANDIDATE, KINDS, Partner
from scorecards.models import (
    TEMPLATE_KINDS,
    Assessment,
    Comment,
    Criterion,
    Cycle,
    CycleTemplate,
    Rating,
    Scorecard,
    ScorecardQuerySet,
    Template,
)
from scorecards.services import invitations
from scorecards.services.fair import forget_fair, request_fair
from scorecards.services.recompute import recompute_now, request_recompute

# Scorecards with something to ask people; where all is measured, nobody needs to.
_RATED = Exists(Criterion.objects.filter(category__template=OuterRef("template"), kind=Criterion.RATED))
KIND_FALLBACK = {"operations": "unit"}  # factories and subsidiaries are scored like business units


class NeedsConfirmation(Exception):
    """More would be lost or left out than somebody has agreed to: ask them again, with `number`."""

    def __init__(self, number: int) -> None:
        super().__init__(f"{number} not agreed to")
        self.number = number


def suggest_quarters(today: date, taken: Container[str] = ()) -> list[dict[str, Any]]:
    """Name, first day, last day and due date of the quarter today is in and those after: three not `taken` yet."""
    suggestions: list[dict[str, Any]] = []
    starts = date(today.year, today.month - (today.month - 1) % 3, 1)
    while len(suggestions) < 3:
        after = (starts + timedelta(days=100)).replace(day=1)
        name = f"{starts.year} Q{starts.month // 3 + 1}"
        if name not in taken:
            ends, due = after - timedelta(days=1), max(today, starts) + timedelta(days=14)
            suggestions.append({"name": name, "starts": starts, "ends": ends, "due": due})
        starts = after
    return suggestions


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
    try:
        with transaction.atomic():
            cycle.save(force_insert=True)
    except IntegrityError as error:  # somebody took the name a moment ago
        raise ValidationError(f"There is a cycle {cycle} already. Choose another name.") from error
    CycleTemplate.objects.bulk_create(
        CycleTemplate(cycle=cycle, kind=kind, template=template)
        for kind, template in default_templates().items()
    )
    return cycle


@transaction.atomic
def start_cycle(cycle: Cycle, *, source: Cycle | None, by: Any) -> tuple[Cycle, list[str]]:
    """Save a new draft, with the partners and raters of `source` if there is one; says what came over."""
    cycle = create_cycle(cycle)
    return cycle, copy_partners_and_raters(cycle, source, by=by) if source else []


def lock_cycle(cycle: Cycle, *states: str) -> Cycle:
    """Read the cycle again under lock; ValidationError if it is in none of the states."""
    cycle = Cycle.objects.select_for_update().get(pk=cycle.pk)
    if cycle.state not in states:
        raise ValidationError(f"{cycle} is {cycle.get_state_display().lower()} now, so nothing was changed.")
    return cycle


@transaction.atomic
def add_partners(cycle: Cycle, partners: Iterable[Partner]) -> int:
    """Give each partner a scorecard with the template of its kind; returns how many are new.

    Partners that are in the cycle stay as they are. Raises ValidationError if a kind has no template.
    """
    cycle = lock_cycle(cycle, Cycle.DRAFT, Cycle.OPEN)
    template_of = dict(CycleTemplate.objects.filter(cycle=cycle).values_list("kind", "template_id"))
    names = dict(TEMPLATE_KINDS)
    ids = [partner.pk for partner in partners]
    # Under lock, so that none of them is merged away meanwhile.
    partners = list(Partner.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"))
    if CANDIDATE not in template_of and any(p.scored_as == CANDIDATE for p in partners):
        _add_template_for_candidates(cycle, template_of)
    if without := sorted({names[p.scored_as] for p in partners if p.scored_as not in template_of}):
        raise ValidationError(f"Choose a template for partners of kind {', '.join(without)} first.")
    before = cycle.scorecards.count()
    Scorecard.objects.bulk_create(
        (
            Scorecard(cycle=cycle, partner=partner, template_id=template_of[partner.scored_as])
            for partner in partners
        ),
        ignore_conflicts=True,
        batch_size=5000,
    )
    request_recompute(cycle.scorecards.filter(partner__in=ids))
    return cycle.scorecards.count() - before


def _add_template_for_candidates(cycle: Cycle, template_of: dict[str, int]) -> None:
    """A cycle may be older than its first candidate: it takes the template there is for them now."""
    if template := default_templates().get(CANDIDATE):
        CycleTemplate.objects.create(cycle=cycle, kind=CANDIDATE, template=template)
        template_of[CANDIDATE] = template.pk


def _scored_as(kind: str) -> Q:
    """Scorecards of partners that are scored with the template for this kind."""
    admitted = Q(partner__admission=ADMITTED)
    return ~admitted if kind == CANDIDATE else admitted & Q(partner__kind=kind)


@transaction.atomic
def remove_scorecard(scorecard: Scorecard, *, losing: int = 0) -> None:
    """Take a partner out of a cycle that is not closed, with every mark and comment given for it.

    Raises NeedsConfirmation when more of them than `losing` would go.
    """
    lock_cycle(scorecard.cycle, Cycle.DRAFT, Cycle.OPEN)
    # In the order of everybody else: a worker locks a scorecard before its score, a rater the assessment first.
    list(Scorecard.objects.select_for_update(no_key=True).filter(pk=scorecard.pk))
    list(Assessment.objects.select_for_update().filter(scorecard=scorecard).order_by("pk"))
    marks, comments = Rating.objects.filter(scorecard=scorecard), Comment.objects.filter(scorecard=scorecard)
    if (lost := marks.answered().count() + comments.count()) > losing:
        raise NeedsConfirmation(lost)
    comments.delete()
    marks.delete()
    Scorecard.objects.filter(pk=scorecard.pk).delete()


@transaction.atomic
def choose_template(cycle: Cycle, kind: str, template: Template) -> None:
    """Use an active template for partners of a kind; in a draft cycle only, where nobody has rated yet."""
    cycle = lock_cycle(cycle, Cycle.DRAFT)
    if Template.objects.select_for_update().get(pk=template.pk).state != Template.ACTIVE:
        raise ValidationError(f"{template} is not active.")
    scorecards = cycle.scorecards.filter(_scored_as(kind)).exclude(template=template)
    if Rating.objects.filter(scorecard__in=scorecards).exists():
        raise ValidationError("Somebody has marked partners of this kind already, so their template stays.")
    CycleTemplate.objects.update_or_create(cycle=cycle, kind=kind, defaults={"template": template})
    scorecards.update(template=template)


def obstacles(cycle: Cycle, seen: ScorecardQuerySet | None = None) -> list[str]:
    """Why the cycle cannot be opened today: sentences, none if it can. Partners are named where they are `seen`."""
    scorecards, sentences = cycle.scorecards.all(), []
    if not scorecards.exists():
        sentences.append("Choose at least one partner.")
    lonely = scorecards.filter(_RATED, assessments=None)
    if number := lonely.count():
        named = (lonely if seen is None else seen.filter(pk__in=lonely)).order_by("partner__name")
        names = in_words(named.values_list("partner__name", flat=True)[:5], number)
        sentences.append(f"Nobody is asked to rate {names}.")
    stale = scorecards.exclude(template__state=Template.ACTIVE).order_by().values_list(
        "template__name", "template__number", "partner__kind"
    )  # fmt: skip
    for name, number, kind in sorted(set(stale)):
        sentences.append(
            f"{name}, version {number}, is no longer active. "
            f"Choose another template for partners of kind {dict(KINDS)[kind]}."
        )
    if cycle.due < timezone.localdate():
        sentences.append(f"The due date {cycle.due.day} {cycle.due:%b %Y} has passed. Choose a later one.")
    return sentences


@transaction.atomic
def open_cycle(cycle: Cycle, *, by: Any) -> Cycle:
    """Let raters begin and invite them. Raises ValidationError with everything that is missing."""
    cycle = lock_cycle(cycle, Cycle.DRAFT)
    if sentences := obstacles(cycle):
        raise ValidationError(sentences)
    cycle.state, cycle.opened_at = Cycle.OPEN, timezone.now()
    _save(cycle, "state", "opened_at")
    invitations.invite(cycle, by=by)
    request_recompute(cycle.scorecards.all())
    return cycle


@transaction.atomic
def extend_cycle(cycle: Cycle, *, due: date, by: Any) -> Cycle:
    """Move the due date, and tell those who have something left to submit."""
    cycle = lock_cycle(cycle, Cycle.OPEN)
    if due < timezone.localdate():
        raise ValidationError("This day has passed. Choose today or a later day.")
    if due == cycle.due:
        raise ValidationError(f"{cycle} is due on that day already.")
    if due < cycle.starts:
        raise ValidationError("Raters cannot submit before the first day of the cycle.")
    cycle.due = due
    _save(cycle, "due")
    invitations.tell_new_due_date(cycle, by=by)
    return cycle


@transaction.atomic
def nudge(cycle: Cycle, *, by: Any) -> tuple[int, int]:
    """Remind everybody who has not submitted, at most once a day each: mails queued now, and people missing."""
    return invitations.remind(lock_cycle(cycle, Cycle.OPEN), by=by)


@transaction.atomic
def close_cycle(cycle: Cycle, *, missing: int = 0) -> Cycle:
    """Work out what is outstanding and freeze it: from here on neither scores nor their inputs move.

    Raises NeedsConfirmation when more than `missing` assessments are not submitted.
    """
    cycle = lock_cycle(cycle, Cycle.OPEN)
    left = Assessment.objects.filter(cycle.scorecards.holds(), submitted_at=None).count()
    if left > missing:
        raise NeedsConfirmation(left)
    recompute_now(list(cycle.scorecards.values_list("pk", flat=True)))
    Comment.objects.filter(scorecard__cycle=cycle).update(published=True)
    cycle.state, cycle.closed_at = Cycle.CLOSED, timezone.now()
    _save(cycle, "state", "closed_at")
    request_fair(cycle)
    return cycle


@transaction.atomic
def reopen_cycle(cycle: Cycle, *, reason: str) -> Cycle:
    """Let a closed cycle move again; the reason goes into its history."""
    if not reason.strip():
        raise ValidationError("Say why the cycle is opened again: it is kept in its history.")
    cycle = lock_cycle(cycle, Cycle.CLOSED)
    cycle.state, cycle.closed_at, cycle.reopen_reason = Cycle.OPEN, None, reason.strip()
    _save(cycle, "state", "closed_at", "reopen_reason")
    forget_fair(cycle)
    return cycle


@transaction.atomic
def copy_partners_and_raters(cycle: Cycle, source: Cycle, *, by: Any) -> list[str]:
    """Ask in a draft cycle what was asked in `source`; returns sentences on what came over and who was left out.

    Partners come over while they are active, `by` sees them and their kind has a template; raters while they can
    sign in and see the partner, each from the side they rated from.
    """
    cycle = lock_cycle(cycle, Cycle.DRAFT)
    kinds = CycleTemplate.objects.filter(cycle=cycle).values_list("kind", flat=True)
    scorable = Q(*(_scored_as(kind) for kind in kinds), _connector=Q.OR) if kinds else Q(pk=None)
    was = Scorecard.objects.filter(cycle=source)
    seen = was.visible_to(by)
    gone = seen.exclude(partner__archived_at=None)
    without = seen.filter(partner__archived_at=None).exclude(scorable)
    coming = seen.filter(scorable, partner__archived_at=None)
    ids = list(coming.values_list("partner_id", flat=True))
    partners = add_partners(cycle, Partner.objects.filter(pk__in=ids))
    if cycle.scorecards.filter(partner__in=ids).count() < len(ids):
        raise ValidationError(f"A partner of {source} was merged into another one just now. Try again.")
    asked, absent, walled = _raters_again(cycle, source.scorecards.filter(partner__in=ids))
    sentences = [
        f"{counted(partners, 'partner')} and {counted(asked, 'assessment')} came over from {source}."
    ]
    for rows, reason in ((gone, "archived"), (without, "of a kind without an active template")):
        names = rows.order_by("partner__name").values_list("partner__name", flat=True)
        if names:
            sentences.append(f"Left out, being {reason}: {in_words(names[:10], rows.count())}.")
    if others := was.count() - seen.count():
        sentences.append(f"{counted(others, 'partner')} of other business units stayed behind.")
    if absent:
        sentences.append(
            f"Not asked again, being unable to sign in: {in_words(sorted(absent)[:10], len(absent))}."
        )
    if walled:
        told = [f"{name} ({counted(number, 'partner')})" for name, number in sorted(walled.items())]
        sentences.append(
            f"Not asked about partners outside their business units: {in_words(told[:10], len(told))}."
        )
    return sentences


def _raters_again(cycle: Cycle, scorecards: Any) -> tuple[int, set[str], Counter[str]]:
    """Ask the raters of these scorecards again: how many were asked, who cannot sign in, who no longer sees how many."""
    earlier = Assessment.objects.filter(scorecard__in=scorecards)
    card_of = dict(cycle.scorecards.values_list("partner_id", "pk"))
    people = User.objects.filter(pk__in=earlier.values("rater")).prefetch_related("units")
    able = {person.pk: person for person in people.able_to_sign_in()}
    reach = {
        pk: set(cycle.scorecards.visible_to(person).values_list("pk", flat=True))
        for pk, person in able.items()
    }
    absent = {str(person) for person in people if person.pk not in able}
    walled: Counter[str] = Counter()
    again = []
    for partner, rater, role in earlier.values_list("scorecard__partner_id", "rater_id", "rater_role"):
        if rater in able:
            if card_of[partner] in reach[rater]:
                again.append((card_of[partner], rater, role))
            else:
                walled[str(able[rater])] += 1
    return len(ask(again)), absent, walled


def ask(asked: list[tuple[int, int, str]]) -> list[int]:
    """Ask raters: a scorecard, a person and their side each. Returns the new assessments by id.

    As plain rows: 50,000 of them took the ORM longer than the database.
    """
    made: list[int] = []
    with connection.cursor() as cursor:
        for start in range(0, len(asked), 20_000):  # so that no statement comes near its time limit
            cursor.execute(
                "INSERT INTO scorecards_assessment (scorecard_id, rater_id, rater_role, version) "
                "SELECT *, 1 FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) RETURNING id",
                [list(column) for column in zip(*asked[start : start + 20_000], strict=True)],
            )
            made += [pk for (pk,) in cursor]
    return made


@transaction.atomic
def discard_cycle(cycle: Cycle) -> None:
    """Delete a draft nobody has marked anything in, with what was chosen for it."""
    cycle = lock_cycle(cycle, Cycle.DRAFT)
    if Rating.objects.filter(scorecard__cycle=cycle).exists():
        raise ValidationError(f"Somebody has marked partners in {cycle} already, so it stays.")
    # First and at once: the ORM would read each of them, and ask for its marks.
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM scorecards_assessment a USING scorecards_scorecard s "
            "WHERE s.id = a.scorecard_id AND s.cycle_id = %s",
            [cycle.pk],
        )
    cycle.delete()


def few_raters(cycle: Cycle) -> Any:
    """Scorecards that are asked of someone, but of too few people to become final."""
    asked = cycle.scorecards.filter(_RATED).annotate(asked=Count("assessments"))
    return asked.filter(asked__gt=0, asked__lt=F("template__minimum_raters"))


def _save(cycle: Cycle, *fields: str) -> None:
    cycle.version += 1
    cycle.save(update_fields=[*fields, "version"])
