"""Comments: signed with a name, or anonymous. What anonymous promises, and how it is kept.

An anonymous comment is stored without its author from the first keystroke:

- its row names the scorecard and the criterion, never an assessment or a person; no other table, audit entry
  or session mentions it, and comments carry no trigger;
- its key is worked out from a secret that only the cookie of the browser that wrote it holds (so that browser
  can change or delete it, and nobody else can); it is random to everybody else, so it gives away no order,
  and the row has no time;
- it is written in a transaction of its own that touches nothing else, so no mark carries the same number;
- it is sent to the same address as a mark, so an access log cannot tell the two apart;
- a submission neither changes it nor is waited for: all of them are published in one statement when the cycle
  closes (so that they all bear that transaction's number), and shown only where at least CROWD people were
  asked that criterion. With fewer, the choice is not offered.

Not covered: somebody who reads the network or the database's own files while it is being written, and the
style of the text itself.
"""

import hashlib
import uuid

from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet

from accounts.compiled import compiled
from scorecards.models import Assessment, Comment, Criterion, Scorecard
from scorecards.services.assessments import hold_cycle, is_asked, lock_assessment, refuse_if_locked

CROWD = 3


class StaleComment(Exception):
    """The comment was changed in another window; `current` is what it says now."""

    def __init__(self, current: Comment | None) -> None:
        super().__init__("The comment was changed in another window.")
        self.current = current


class TooFewToHide(Exception):
    """So few people are asked this criterion that an anonymous comment would give its author away."""


def fingerprint(text: str, anonymous: bool) -> str:
    """What a page keeps to say later which comment it knew; empty for none."""
    return hashlib.sha256(f"{anonymous:d}{text}".encode()).hexdigest()[:16] if text else ""


def fingerprint_of(comment: Comment | None) -> str:
    return fingerprint(comment.text, comment.assessment_id is None) if comment else ""


def anonymous_key(secret: str, criterion_id: int) -> uuid.UUID:
    """The key of this browser's anonymous comment on a criterion: random to whoever lacks the secret."""
    digest = hashlib.sha256(f"{secret}:{criterion_id}".encode()).digest()
    return uuid.UUID(bytes=digest[:16], version=4)


def crowd(scorecard_id: int, criteria: list[Criterion]) -> dict[int, int]:
    """How many people are asked each criterion of a scorecard, by criterion id."""
    asked = Assessment.objects.filter(scorecard=scorecard_id).values_list("rater_role").annotate(Count("pk"))
    roles = list(asked.order_by())
    return {c.pk: sum(number for role, number in roles if is_asked(role, c.roles)) for c in criteria}


def own_comments(assessment: Assessment, criteria: list[Criterion], secret: str) -> dict[int, Comment]:
    """The rater's comments by criterion id: the signed ones, and the anonymous ones this browser wrote."""
    keys = [anonymous_key(secret, criterion.pk) for criterion in criteria] if secret else []
    anonymous = Comment.objects.filter(pk__in=keys, assessment=None)
    signed = Comment.objects.filter(assessment=assessment)
    return {comment.criterion_id: comment for comment in [*anonymous, *signed]}


def save_comment(
    assessment: Assessment, criterion: Criterion, *, text: str, anonymous: bool, secret: str, known: str
) -> Comment | None:
    """Save, change, delete (empty text) or switch a comment between signed and anonymous.

    `known` is the fingerprint of the text the page started from: another text in its place raises
    StaleComment. A signed comment that turns anonymous is deleted, not edited: nothing joins the two.
    """
    with transaction.atomic():
        if not anonymous:
            assessment = lock_assessment(assessment)
            refuse_if_locked(assessment)
            return _write(assessment, criterion, text, anonymous, secret, known)
        # No lock on the assessment here: it would leave this transaction's number on the author's row.
        hold_cycle(assessment)
        refuse_if_locked(assessment)
        if text and crowd(assessment.scorecard_id, [criterion])[criterion.pk] < CROWD:
            raise TooFewToHide
        return _write(assessment, criterion, text, anonymous, secret, known)


def _write(
    assessment: Assessment, criterion: Criterion, text: str, anonymous: bool, secret: str, known: str
) -> Comment | None:
    current = own_comments(assessment, [criterion], secret).get(criterion.pk)
    stays = current is not None and (current.assessment_id is None) == anonymous
    same = current is not None and current.text == text
    if stays and same:
        return current
    if fingerprint_of(current) != known:
        raise StaleComment(current)
    if stays and text:
        if not Comment.objects.filter(pk=current.pk, text=current.text).update(text=text):
            raise StaleComment(own_comments(assessment, [criterion], secret).get(criterion.pk))
        current.text = text
        return current
    if current:
        current.delete()
    if not text:
        return None
    try:
        with transaction.atomic():
            return Comment.objects.create(
                pk=anonymous_key(secret, criterion.pk) if anonymous else uuid.uuid4(),
                scorecard_id=assessment.scorecard_id, criterion=criterion, text=text,
                assessment=None if anonymous else assessment,
            )  # fmt: skip
    except IntegrityError:
        raise StaleComment(own_comments(assessment, [criterion], secret).get(criterion.pk)) from None


def readable_comments(scorecard: Scorecard, criteria: list[Criterion]) -> tuple[list[Comment], int]:
    """Comments everybody who sees the scorecard's scores may read, and how many anonymous ones are held back.

    Signed ones count with their author's submission; anonymous ones when the closing of the cycle published
    them, in random order, where at least CROWD people were asked. Only for scorecards from `scores_visible_to`.
    """
    comments: list[Comment] = _comments_shown(None, scorecard.pk)
    people = crowd(scorecard.pk, criteria) if any(c.assessment_id is None for c in comments) else {}
    readable = [c for c in comments if c.assessment_id or people.get(c.criterion_id, CROWD) >= CROWD]
    return readable, len(comments) - len(readable)


@compiled
def _comments_shown(reader: None, scorecard: int) -> QuerySet[Comment]:
    shown = Q(assessment__submitted_at__isnull=False) | Q(assessment=None, published=True)
    comments = Comment.objects.filter(shown, scorecard=scorecard)
    read = (
        "assessment__rater_role",
        "assessment__rater__name",
        "assessment__rater__email",
        "criterion__name",
    )
    return comments.select_related("assessment__rater", "criterion").only("text", *read).order_by("pk")
