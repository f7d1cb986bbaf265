"""What was decided: the list, and each decision with the brief it was taken on."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import BusinessUnit
from accounts.spreadsheets import csv_response
from accounts.templatetags.look import moment
from governance.decision_list import FILTERS, NEWEST, decisions_asked_for
from governance.decisions import has_lapsed
from governance.forms import FollowUpForm
from governance.models import AT_ADMISSION, AT_RENEWAL, Decision
from governance.words import lapse
from scorecards.models import Scorecard
from vendorhub.roles import needs

ROWS_A_PAGE = 50
HEADER = [
    "decided", "by", "partner", "contract", "reference", "business unit", "decision", "reasons", "conditions",
    "deferred to", "term ends", "notice deadline", "what came of it",
]  # fmt: skip


@needs("see_renewals")
@require_safe
def decision_list(request: HttpRequest) -> HttpResponse:
    """The decisions an address asks for, fifty a page."""
    visible = Decision.objects.visible_to(request.user)
    page = Paginator(decisions_asked_for(request.user, request.GET), ROWS_A_PAGE).get_page(
        request.GET.get("page")
    )
    for row in page:
        row.has_lapsed = row.contract is not None and has_lapsed(row, row.contract)
    context = {
        "page": page, "asked": request.GET, "sort": request.GET.get("sort") or NEWEST,
        "outcomes": AT_RENEWAL + AT_ADMISSION, "units": BusinessUnit.objects.visible_to(request.user),
        "years": [at.year for at in visible.dates("at", "year", order="DESC")],
        "narrowed": any(request.GET.get(name) for name in FILTERS), "ever": visible.count(),
    }  # fmt: skip
    return render(request, "governance/decision_list.html", context)


@needs("see_renewals")
@require_safe
def decision_export(request: HttpRequest) -> HttpResponse:
    """The list as it is filtered, all pages of it, as CSV."""
    rows = (
        [
            moment(row.at), str(row.by), str(row.with_whom), str(row.contract or ""),
            row.contract.reference if row.contract else "", str((row.contract or row.partner).unit or ""),  # type: ignore[union-attr]
            row.get_outcome_display(), row.reasons, row.conditions, row.deferred_to or "", row.term_ends or "",
            row.notice_deadline or "", row.came_of_it,
        ]
        for row in decisions_asked_for(request.user, request.GET)
    )  # fmt: skip
    return csv_response("Decisions", HEADER, rows)


@needs("see_renewals")
@require_http_methods(["GET", "HEAD", "POST"])
def decision_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One decision, the brief as it was then, and what came of it, which may be written down later."""
    visible = Decision.objects.visible_to(request.user).select_related("contract__partner", "partner", "by")
    decision = get_object_or_404(visible, pk=pk)
    form = FollowUpForm(request.POST or None, instance=decision)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "What came of it is kept, and will stand on the next brief.")
        return redirect(decision)
    context = {
        "decision": decision,
        "form": form,
        "later": _later(decision),
        "lapse": _lapse(decision),
        **_as_it_was(decision, request.user),
    }
    return render(
        request, "governance/decision_detail.html", context, status=400 if request.method == "POST" else 200
    )


def _later(decision: Decision) -> Decision | None:
    """The decision about the same term that counts instead, if there is one."""
    same = Decision.objects.filter(
        contract=decision.contract, partner=decision.partner, term_ends=decision.term_ends
    )
    last = same.select_related("by").first()
    return last if last and last != decision else None


def _lapse(decision: Decision) -> str:
    """That its term is no more, unless there is nothing left to decide."""
    contract = decision.contract
    over = contract is None or contract.has_ended or not has_lapsed(decision, contract)
    return "" if over else lapse(decision, contract)


def _as_it_was(decision: Decision, reader: Any) -> dict[str, Any]:
    """The brief that was kept, unless it holds scores that its reader must not see yet."""
    cards = decision.snapshot.get("cards", [])
    seen = Scorecard.objects.scores_visible_to(reader).filter(pk__in=cards)
    withheld = Scorecard.objects.filter(pk__in=cards).exclude(pk__in=seen.values("pk")).exists()
    return {"brief": None if withheld else decision.snapshot, "withheld": withheld}
