"""Decision briefs, and recording what was decided on them: about a contract's renewal, about admitting a partner."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.templatetags.look import day
from accounts.versions import StaleSave
from governance.brief import admission_of, brief_of
from governance.brief.keeping import sealed, unsealed
from governance.decisions import admission_decision_of, decision_of, lapsed_decision_of
from governance.forms import AdmissionForm, RenewalForm
from governance.models import REJECT, STOPS_RENEWAL, Decision
from governance.services.decisions import AlreadyDecided, decide_admission, record_decision
from governance.words import lapse
from partners.models import EXTENSIONS, Contract, Partner
from vendorhub.roles import may, needs

_TOO_OLD = "This brief was opened too long ago to decide on. These are the figures as of now: look again, then record."
_CHANGED = (
    "“{}” was changed while you had this open. This is the brief as it is now: look again, then record."
)
_DECIDED = (
    "{} recorded a decision while you had this open: {}. Look again, then record yours if it still holds."
)
_ENDED = "The contract has ended: nothing is left to decide."


@needs("see_renewals")
@require_http_methods(["GET", "HEAD", "POST"])
def brief(request: HttpRequest, pk: int) -> HttpResponse:
    """One page about one contract's renewal; at its foot, for those who decide, the form."""
    contracts = Contract.objects.visible_to(request.user).with_yearly()
    contract = get_object_or_404(contracts.select_related("partner", "owner", "unit"), pk=pk)
    last = decision_of(contract)
    form = RenewalForm(request.POST or None, contract=contract, last=last)
    decision, status = _decided(
        request, contract, form, record_decision, _ENDED if contract.has_ended else ""
    )
    if decision:
        return redirect(decision)
    shown, lapsed = brief_of(contract, request.user), None if last else lapsed_decision_of(contract)
    context = {
        "contract": contract, "partner": contract.partner, "brief": shown, "form": form,
        "last": decision_of(contract) if status == 409 else last, "is_open": not contract.has_ended,
        "decides": may(request.user, "decide") and not contract.has_ended,
        "sealed": sealed(shown, contract, request.user),
        "lapsed": lapsed, "lapse": lapse(lapsed, contract) if lapsed else "",
    }  # fmt: skip
    return render(request, "governance/brief.html", context, status=status)


@needs("see_renewals")
@require_http_methods(["GET", "HEAD", "POST"])
def admission(request: HttpRequest, pk: int) -> HttpResponse:
    """The same about admitting a partner."""
    partners = Partner.objects.visible_to(request.user).select_related("owner", "unit")
    partner = get_object_or_404(partners, pk=pk)
    last = admission_decision_of(partner)
    form = AdmissionForm(request.POST or None, last=last)
    decision, status = _decided(request, partner, form, decide_admission)
    if decision:
        return redirect(decision)
    shown = admission_of(partner, request.user)
    context = {
        "contract": None, "partner": partner, "brief": shown, "form": form,
        "last": admission_decision_of(partner) if status == 409 else last, "is_open": True,
        "decides": may(request.user, "decide"), "sealed": sealed(shown, partner, request.user),
    }  # fmt: skip
    return render(request, "governance/brief.html", context, status=status)


def _decided(
    request: HttpRequest, row: Any, form: Any, record: Callable[..., Decision], refused: str = ""
) -> tuple[Decision | None, int]:
    """What was recorded, with the brief that the page showed; or None, the form saying why not, and the status."""
    if request.method != "POST":
        return None, 200
    if not may(request.user, "decide"):
        raise PermissionDenied
    if not form.is_valid():
        return None, 400
    kept, unchanged = unsealed(request.POST.get("brief", ""), row, request.user)
    if kept is None or refused:
        form.add_error(None, refused or _TOO_OLD)
        return None, 409 if refused else 400
    try:
        if not unchanged:
            raise StaleSave(row)
        decision = record(row, snapshot=kept, by=request.user, **form.cleaned_data)
    except StaleSave:
        form.add_error(None, _CHANGED.format(row))
        return None, 409
    except AlreadyDecided as meanwhile:
        what = meanwhile.decision.get_outcome_display().lower()
        form.add_error(None, _DECIDED.format(meanwhile.decision.by, what))
        return None, 409
    messages.success(request, _recorded(decision))
    return decision, 302


def _follows(decision: Decision, contract: Contract) -> str:
    """What happens to the term now, and what is left to do about it."""
    stops, ends = decision.outcome in STOPS_RENEWAL, day(decision.term_ends)
    if contract.auto_renews:
        return (
            f" It no longer renews itself: the term ends on {ends}. Give notice to the partner."
            if stops
            else ""
        )
    if stops:
        return f" It ends on {ends}. Tell the partner."
    if contract.term == EXTENSIONS:
        return f" It still ends on {ends}: extend it on the contract’s page."
    return f" It still ends on {ends}: enter an amendment with its new end once that is agreed."


def _recorded(decision: Decision) -> str:
    """What it does, and how to undo it."""
    said = f"Recorded: {decision.get_outcome_display().lower()}, with the brief as you read it."
    if decision.partner:
        gets = "gets no contracts" if decision.outcome == REJECT else "can get contracts now"
        said += f" {decision.partner} {gets}."
    elif decision.deferred_to:
        said += f" It comes up again on {day(decision.deferred_to)}; reminders go on."
    elif decision.contract and decision.term_ends:
        said += _follows(decision, decision.contract)
    return f"{said} To undo it, record another decision on the brief."
