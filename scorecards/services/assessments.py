"""A rater's marks: save a cell, submit, withdraw. Comments are in `scorecards.services.comments`."""

from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from partners.models import Partner
from scorecards.models import Assessment, Criterion, Cycle, Rating, Scorecard, Template
from scorecards.services.recompute import request_recompute
from scorecards.whole import whole


class AssessmentLocked(Exception):
    """Nothing can be changed now; the message is a sentence for the rater."""


@dataclass(frozen=True)
class Mark:
    """What a cell holds: a value, not applicable (with a reason), or neither. Version 0: never saved."""

    value: int | None = None
    not_applicable: bool = False
    reason: str = ""
    version: int = 0

    @property
    def answered(self) -> bool:
        return self.value is not None or self.not_applicable

    @property
    def choice(self) -> str:
        """The mark as a form field says it: "4", "na" or ""."""
        return "na" if self.not_applicable else "" if self.value is None else str(self.value)

    def says_the_same_as(self, other: "Mark") -> bool:
        return (self.choice, self.reason) == (other.choice, other.reason)


class StaleMark(Exception):
    """The cell was changed elsewhere since it was read; `current` is what it holds now."""

    def __init__(self, current: Mark) -> None:
        super().__init__("The mark was changed in another window.")
        self.current = current


_CLOSED = "{} is closed, so nothing can be changed any more."
_TAKEN_BACK = "You are no longer asked to score this."
# One statement: the lock on the assessment orders it against a submission, the version against another tab.
_SAVE = """
INSERT INTO scorecards_rating AS rating
       (assessment_id, scorecard_id, criterion_id, value, not_applicable, reason, version)
SELECT id, scorecard_id, %(criterion)s, %(value)s, %(not_applicable)s, %(reason)s, 1
FROM scorecards_assessment WHERE id = %(assessment)s AND submitted_at IS NULL FOR SHARE
ON CONFLICT (scorecard_id, criterion_id, assessment_id) DO UPDATE
SET value = excluded.value, not_applicable = excluded.not_applicable, reason = excluded.reason,
    version = rating.version + 1
WHERE rating.version = %(version)s
RETURNING version
"""


# Written out, and in two: this runs at every mark, and PostgreSQL plans one wide join for longer than it runs it.
_ASSESSMENT = """
SELECT s.id, s.template_id, s.partner_id, p.unit_id, y.name, y.state, a.rater_role, a.submitted_at
FROM scorecards_assessment a JOIN scorecards_scorecard s ON s.id = a.scorecard_id
JOIN partners_partner p ON p.id = s.partner_id JOIN scorecards_cycle y ON y.id = s.cycle_id
WHERE a.id = %s AND a.rater_id = %s
"""
_CRITERION = """
SELECT c.roles, t.scale_min, t.scale_max
FROM scorecards_criterion c JOIN scorecards_category g ON g.id = c.category_id
JOIN scorecards_template t ON t.id = g.template_id
WHERE c.id = %s AND c.kind = 'rated' AND t.id = %s
"""


def find_cell(pk: int, criterion_id: int, *, rater: Any) -> tuple[Assessment, Criterion] | None:
    """The rater's own assessment, inside their walls, and a criterion it is asked; None if there is no such cell.

    They hold what saving a cell needs: state of the cycle, scale of the template, roles.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ASSESSMENT, [pk, rater.pk])
        if not (found := cursor.fetchone()):
            return None
        card, template_id, partner, unit, cycle_name, state, role, submitted_at = found
        cursor.execute(_CRITERION, [criterion_id, template_id])
        if not (asked := cursor.fetchone()) or not is_asked(role, asked[0]):
            return None
    if unit and not Partner.objects.visible_to(rater).filter(pk=partner).exists():
        return None
    template = Template(pk=template_id, scale_min=asked[1], scale_max=asked[2])
    scorecard = Scorecard(pk=card, template=template, cycle=Cycle(name=cycle_name, state=state))
    assessment = Assessment(
        pk=pk, scorecard=scorecard, rater=rater, rater_role=role, submitted_at=submitted_at
    )
    return assessment, Criterion(pk=criterion_id, roles=asked[0])


def save_cell(
    assessment: Assessment,
    criterion: Criterion,
    *,
    value: int | None = None,
    not_applicable: bool = False,
    reason: str = "",
    version: int = 0,
) -> Mark:
    """Save one mark and return it with its new version; `version` is the one the rater's page knew.

    Raises AssessmentLocked after submission or closing, and StaleMark when another window saved something
    else first. Saving again what is already saved is no conflict: a lost acknowledgement may be repeated.
    """
    refuse_if_locked(assessment)
    wanted = Mark(value, not_applicable, reason if not_applicable else "", version)
    saved = _save(assessment, criterion, wanted)
    if saved:
        return Mark(wanted.value, wanted.not_applicable, wanted.reason, saved[0])
    try:
        assessment.refresh_from_db(fields=["submitted_at"])
    except Assessment.DoesNotExist:
        raise AssessmentLocked(_TAKEN_BACK) from None
    refuse_if_locked(assessment)
    current = marks_of(assessment).get(criterion.pk, Mark())
    if current.says_the_same_as(wanted):
        return current
    raise StaleMark(current)


def _save(assessment: Assessment, criterion: Criterion, wanted: Mark) -> tuple[int] | None:
    values: dict[str, Any] = {
        "assessment": assessment.pk, "criterion": criterion.pk, "value": wanted.value,
        "not_applicable": wanted.not_applicable, "reason": wanted.reason, "version": wanted.version,
    }  # fmt: skip
    try:
        with connection.cursor() as cursor:
            cursor.execute(_SAVE, values)
            return cursor.fetchone()
    except IntegrityError as error:
        # The database's own rule: the cycle was closed since this request read it.
        if error.__cause__.diag.constraint_name == "cycle_is_closed":
            raise AssessmentLocked(_CLOSED.format(assessment.scorecard.cycle)) from error
        raise


def marks_of(assessment: Assessment) -> dict[int, Mark]:
    """The assessment's marks by criterion id."""
    fields = ("value", "not_applicable", "reason", "version")
    rows = Rating.objects.filter(scorecard=assessment.scorecard_id, assessment=assessment)
    return {
        row["criterion_id"]: Mark(*(row[f] for f in fields)) for row in rows.values("criterion_id", *fields)
    }


def asked_criteria(assessment: Assessment) -> list[Criterion]:
    """The template's criteria in order, rated and measured, without those this rater's role is not asked."""
    categories = whole(assessment.scorecard.template).categories.all()
    criteria = (criterion for category in categories for criterion in category.criteria.all())
    return [criterion for criterion in criteria if is_asked(assessment.rater_role, criterion.roles)]


def is_asked(rater_role: str, roles: list[str]) -> bool:
    """A criterion without roles is asked of everybody."""
    return not roles or rater_role in roles


def marks_of_last_time(assessment: Assessment) -> dict[str, int]:
    """The rater's own marks of this partner in their latest earlier assessment, by criterion name.

    Empty where the scale was another one: a 4 of 5 says nothing on a scale to 10.
    """
    scorecard = assessment.scorecard
    earlier = (
        Assessment.objects.filter(
            rater=assessment.rater_id, submitted_at__isnull=False, scorecard__partner=scorecard.partner_id,
            scorecard__cycle__ends__lt=scorecard.cycle.ends,
        )
        .select_related("scorecard__template")
        .order_by("-scorecard__cycle__ends", "-scorecard__cycle_id")
        .first()
    )  # fmt: skip
    template = scorecard.template
    if earlier is None or (earlier.scorecard.template.scale_min, earlier.scorecard.template.scale_max) != (
        template.scale_min,
        template.scale_max,
    ):
        return {}
    rated = Rating.objects.filter(scorecard=earlier.scorecard_id, assessment=earlier, value__isnull=False)
    return dict(rated.values_list("criterion__name", "value"))


def lock_sentence(assessment: Assessment) -> str:
    """Why nothing can be changed now, or an empty string while it can."""
    cycle = assessment.scorecard.cycle
    if cycle.state == Cycle.DRAFT:
        return f"{cycle.name} has not been opened yet, so nothing can be scored."
    if cycle.state == Cycle.CLOSED:
        return _CLOSED.format(cycle)
    if assessment.submitted_at:
        at = timezone.localtime(assessment.submitted_at)
        return f"You submitted this on {at.day} {at:%b %Y at %H:%M}. Withdraw it to change anything."
    return ""


def refuse_if_locked(assessment: Assessment) -> None:
    if sentence := lock_sentence(assessment):
        raise AssessmentLocked(sentence)


@transaction.atomic
def submit(assessment: Assessment) -> Assessment:
    """Lock the assessment's marks and let them count. Open criteria stay not answered, never zero."""
    assessment = lock_assessment(assessment)
    refuse_if_locked(assessment)
    return _set_submitted(assessment, timezone.now())


@transaction.atomic
def withdraw(assessment: Assessment) -> Assessment:
    """Take a submission back while the cycle is open: it no longer counts until it is submitted again."""
    assessment = lock_assessment(assessment)
    if assessment.scorecard.cycle.state != Cycle.OPEN:
        raise AssessmentLocked(lock_sentence(assessment))
    return _set_submitted(assessment, None) if assessment.submitted_at else assessment


def lock_assessment(assessment: Assessment) -> Assessment:
    """Read the assessment again under lock, with its cycle held."""
    hold_cycle(assessment)
    locked = (
        Assessment.objects.select_for_update(of=("self",))
        .select_related("scorecard__cycle", "scorecard__template", "scorecard__partner")
        .filter(pk=assessment.pk)
        .first()
    )
    if locked is None:
        raise AssessmentLocked(_TAKEN_BACK)
    return locked


def hold_cycle(assessment: Assessment) -> None:
    """Wait for a closing under way and let none begin before this transaction ends; notes the cycle's state."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT cycle.state FROM scorecards_cycle cycle JOIN scorecards_scorecard scorecard "
            "ON scorecard.cycle_id = cycle.id WHERE scorecard.id = %s FOR SHARE OF cycle",
            [assessment.scorecard_id],
        )
        if not (found := cursor.fetchone()):
            raise AssessmentLocked(_TAKEN_BACK)
    assessment.scorecard.cycle.state = found[0]


def _set_submitted(assessment: Assessment, at: Any) -> Assessment:
    assessment.submitted_at = at
    assessment.version = F("version") + 1
    assessment.save(update_fields=["submitted_at", "version"])
    assessment.refresh_from_db(fields=["version"])
    request_recompute([assessment.scorecard_id])
    return assessment
