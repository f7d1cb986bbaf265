"""The decision brief: renew, renegotiate, replace or leave? And recording what was decided on it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.templatetags.look import day
from accounts.versions import StaleSave
from governance.brief import brief_of
from governance.brief.keeping import sealed, unsealed
from governance.decisions import decision_of
from governance.forms import RenewalForm
from governance.models import STOPS_RENEWAL, Decision
from governance.services.decisions import AlreadyDecided, record_decision
from partners.models import Contract
from vendorhub.roles import may, needs

_TOO_OLD = "This brief was opened too long ago to decide on. These are the figures as of now: look again, then record."
_CHANGED = "{} was changed while you had this open. This is the brief as it is now: look again, then record."
_DECIDED = (
    "{} recorded a decision while you had this open: {}. Look again, then record yours if it still holds."
)


@needs("see_renewals")
@require_http_methods(["GET", "HEAD", "POST"])
def brief(request: HttpRequest, pk: int) -> HttpResponse:
    """One page about one contract's renewal; at its foot, for those who decide, the form."""
    contracts = Contract.objects.visible_to(request.user).with_yearly()
    contract = get_object_or_404(contracts.select_related("partner", "owner", "unit"), pk=pk)
    decides = may(request.user, "decide")
    if request.method == "POST" and not decides:
        raise PermissionDenied
    last = decision_of(contract)
    form = RenewalForm(request.POST or None, contract=contract, last=last)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            decision, status = _record(request, contract, form)
            if decision:
                messages.success(request, _recorded(decision))
                return redirect(decision)
    shown = brief_of(contract, request.user)
    context = {
        "contract": contract, "brief": shown, "form": form, "last": decision_of(contract) if status == 409 else last,
        "decides": decides and not contract.has_ended, "sealed": sealed(shown, contract, request.user),
    }  # fmt: skip
    return render(request, "governance/brief.html", context, status=status)


def _record(request: HttpRequest, contract: Contract, form: Any) -> tuple[Decision | None, int]:
    """The decision kept with what the page showed; or None, the form saying why not, and the status of the answer."""
    kept, unchanged = unsealed(request.POST.get("brief", ""), contract, request.user)
    if kept is None:
        form.add_error(None, _TOO_OLD)
        return None, 400
    try:
        if not unchanged:
            raise StaleSave(contract)
        return record_decision(contract, snapshot=kept, by=request.user, **form.cleaned_data), 302
    except StaleSave:
        form.add_error(None, _CHANGED.format(f"“{contract}”"))
    except AlreadyDecided as meanwhile:
        what = meanwhile.decision.get_outcome_display().lower()
        form.add_error(None, _DECIDED.format(meanwhile.decision.by, what))
    return None, 409


def _recorded(decision: Decision) -> str:
    """What it does, and how to undo it."""
    said = f"Recorded: {decision.get_outcome_display().lower()}, with the brief as you read it."
    if decision.deferred_to:
        said += f" It comes up again on {day(decision.deferred_to)}; reminders go on."
    elif decision.outcome in STOPS_RENEWAL and decision.term_ends:
        said += f" It no longer renews itself: the term ends on {day(decision.term_ends)}. Give notice to the partner."
    return f"{said} To undo it, record another decision on the brief."
