"""The scoring grid: a rater's own assessment of one partner in one cycle."""

import json
import secrets
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from scorecards.forms.assessments import CellForm, changed_cell
from scorecards.grid import Grid, Row
from scorecards.models import Assessment, Criterion, Cycle, Scorecard
from scorecards.services import assessments as service
from scorecards.services.comments import CROWD, StaleComment, TooFewToHide, fingerprint_of, save_comment
from vendorhub.roles import needs

TOO_FEW = (
    f"Fewer than {CROWD} people are asked this, so an anonymous comment would give you away. "
    "Sign it, or leave it out."
)
STALE_COMMENT = "The comment was changed in another window meanwhile."
COOKIE = "own_words"
COOKIE_AGE = 180 * 24 * 3600


@needs("use")
@require_http_methods(["GET", "HEAD", "POST"])
def assessment_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The grid. Without scripts it is one form: every button saves all that was typed."""
    assessment = _own_assessment(request, pk)
    secret = _secret(request, pk)
    grid = Grid(assessment, secret)
    if request.method == "POST" and not grid.locked:
        saved = _save_page(grid, request, secret)
        if not grid.has_errors:
            return _remember(request, _after_saving(request, assessment, saved), pk, secret)
    elif request.method == "POST":
        messages.error(request, f"{grid.locked} Nothing was saved.")
    page = "assessment_read.html" if grid.locked else "assessment_grid.html"
    status = 409 if request.method == "POST" and grid.locked else 200
    context = {
        "assessment": assessment,
        "grid": grid,
        "unfolded": "all" in request.GET,
        "may_see_score": grid.locked and _may_see_score(request, assessment),
        "next_open": _next_open(request) if assessment.submitted_at else None,
    }
    return _remember(request, render(request, f"scorecards/{page}", context, status=status), pk, secret)


@needs("use")
@require_POST
def assessment_cell(request: HttpRequest, pk: int, criterion_id: int) -> HttpResponse:
    """Save one cell: a mark, a comment or both. 400 says what is wrong, 409 what another window saved."""
    cell = service.find_cell(pk, criterion_id, rater=request.user)
    if cell is None:
        raise Http404
    assessment, criterion = cell
    secret = _secret(request, pk)
    try:
        form = CellForm(_sent(request), template=assessment.scorecard.template)
    except RequestDataTooBig:
        return _refusal("This is too long to save: a comment holds at most 5,000 characters.", 413)
    except ValueError:
        return _refusal("What was sent could not be read. Load the page again.")
    if not form.is_valid():
        return _refusal(" ".join(_sentences(form)))
    try:
        return _remember(request, JsonResponse(_save_cell(assessment, criterion, form, secret)), pk, secret)
    except service.AssessmentLocked as locked:
        return _refusal(str(locked), 409, locked=True)
    except service.StaleMark as stale:
        return _refusal(str(stale), 409, current={"value": stale.current.choice, **_plain(stale.current)})
    except StaleComment as stale:
        text = stale.current.text if stale.current else ""
        return _refusal(STALE_COMMENT, 409, comment={"text": text, "known": fingerprint_of(stale.current)})
    except TooFewToHide:
        return _refusal(TOO_FEW)


@needs("use")
@require_http_methods(["GET", "HEAD", "POST"])
def assessment_submit(request: HttpRequest, pk: int) -> HttpResponse:
    """Submit and lock; before that, say which criteria are still open."""
    assessment = _own_assessment(request, pk)
    if request.method == "POST":
        return _submitted(request, assessment)
    grid = Grid(assessment, "")
    if grid.locked:
        return redirect("assessment_detail", pk)
    return render(request, "scorecards/assessment_submit.html", {"assessment": assessment, "grid": grid})


@needs("use")
@require_POST
def assessment_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        service.withdraw(_own_assessment(request, pk))
    except service.AssessmentLocked as locked:
        messages.error(request, str(locked))
    else:
        messages.success(request, "Withdrawn. Your marks do not count until you submit again.")
    return redirect("assessment_detail", pk)


def _own_assessment(request: HttpRequest, pk: int) -> Assessment:
    own = Assessment.objects.visible_to(request.user)
    return get_object_or_404(
        own.select_related("scorecard__cycle", "scorecard__template", "scorecard__partner"), pk=pk
    )


def _sent(request: HttpRequest) -> dict[str, Any]:
    """The cell as JSON or as a form. Raises ValueError for anything else."""
    if request.content_type != "application/json":
        return request.POST.dict()
    sent = json.loads(request.body)
    if not isinstance(sent, dict):
        raise ValueError("not an object")
    return sent


def _save_cell(assessment: Assessment, criterion: Criterion, form: CellForm, secret: str) -> dict[str, Any]:
    """Save what the form holds and say what is saved now. The two parts are transactions of their own."""
    saved: dict[str, Any] = {}
    if form.has_mark:
        saved |= _plain(service.save_cell(assessment, criterion, **form.mark))
    if form.has_comment:
        saved["known"] = fingerprint_of(_save_comment(assessment, criterion, form, secret))
    return {**saved, "saved_at": f"{timezone.localtime():%H:%M}"}


def _save_comment(assessment: Assessment, criterion: Criterion, form: CellForm, secret: str) -> Any:
    data = form.cleaned_data
    return save_comment(
        assessment, criterion, secret=secret,
        text=data["comment"], anonymous=data["anonymous"], known=data["known"],
    )  # fmt: skip


def _sentences(form: CellForm) -> list[str]:
    return [sentence for errors in form.errors.values() for sentence in errors]


def _plain(mark: service.Mark) -> dict[str, Any]:
    return {"mark": mark.choice, "reason": mark.reason, "version": mark.version}


def _refusal(sentence: str, status: int = 400, **more: Any) -> JsonResponse:
    return JsonResponse({"error": sentence, **more}, status=status)


def _save_page(grid: Grid, request: HttpRequest, secret: str) -> int:
    """Save every cell the page changed and return how many were; refusals stay beside their row."""
    return sum(_save_row(grid, row, request.POST, secret) for row in grid.rows)


def _save_row(grid: Grid, row: Row, sent: QueryDict, secret: str) -> int:
    changed = changed_cell(sent, row.criterion.pk)
    if not changed:
        return 0
    form = CellForm(changed, template=grid.assessment.scorecard.template)
    try:
        if form.is_valid():
            _save_cell(grid.assessment, row.criterion, form, secret)
            return 1
        row.errors = _sentences(form)
    except service.StaleMark as stale:
        row.saved, row.mark = stale.current, service.Mark(**form.mark)
        row.conflict = stale.current.choice or "nothing"
    except StaleComment as stale:
        row.comment = stale.current
        row.errors = [f"{STALE_COMMENT} It now says: “{row.comment or ''}”. Save again to replace it."]
    except TooFewToHide:
        row.errors = [TOO_FEW]
    except service.AssessmentLocked as locked:
        row.errors = [str(locked)]
    row.typed_comment, row.typed_anonymous = changed.get("comment"), changed.get("anonymous")
    return 0


def _after_saving(request: HttpRequest, assessment: Assessment, saved: int) -> HttpResponse:
    """Where a save leads: back to the grid, or to submission, which asks first while criteria are open."""
    if "submit" in request.POST:
        left_open = Grid(assessment, "").open_rows
        return redirect("assessment_submit", assessment.pk) if left_open else _submitted(request, assessment)
    if saved:
        messages.success(request, f"Saved at {timezone.localtime():%H:%M}.")
    return redirect("assessment_detail", assessment.pk)


def _submitted(request: HttpRequest, assessment: Assessment) -> HttpResponse:
    try:
        service.submit(assessment)
    except service.AssessmentLocked as locked:
        messages.error(request, str(locked))
    else:
        messages.success(request, "Submitted and locked. Thank you: your marks count now.")
    return redirect("assessment_detail", assessment.pk)


def _may_see_score(request: HttpRequest, assessment: Assessment) -> bool:
    return Scorecard.objects.scores_visible_to(request.user).filter(pk=assessment.scorecard_id).exists()


def _next_open(request: HttpRequest) -> Assessment | None:
    """What this rater may score next: the first to close, then by name."""
    waiting = Assessment.objects.visible_to(request.user).filter(
        submitted_at=None, scorecard__cycle__state=Cycle.OPEN
    )
    in_order = waiting.order_by("scorecard__cycle__due", "scorecard__partner__name", "pk")
    return in_order.select_related("scorecard__partner").first()


def _secret(request: HttpRequest, pk: int) -> str:
    """What only this browser knows: the key to the anonymous comments it wrote on this assessment."""
    return request.get_signed_cookie(COOKIE, "", salt=f"{COOKIE}-{pk}") or secrets.token_urlsafe(32)


def _remember(request: HttpRequest, response: HttpResponse, pk: int, secret: str) -> HttpResponse:
    if request.get_signed_cookie(COOKIE, "", salt=f"{COOKIE}-{pk}") != secret:
        response.set_signed_cookie(
            COOKIE, secret, salt=f"{COOKIE}-{pk}", max_age=COOKIE_AGE, path=f"/assessments/{pk}/",
            httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE,
        )  # fmt: skip
    return response
