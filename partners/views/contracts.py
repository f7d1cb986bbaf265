"""Contracts of a partner."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_safe

from partners import terms
from partners.forms import ContractForm
from partners.models import Contract, Partner
from partners.services.deadlines import numbered
from partners.services.terms import why_not_extended, why_not_taken_back
from partners.timeline import timeline
from partners.views.belongings import confirm_deletion, save_or_show, to_tab
from partners.views.costs import costs_of
from vendorhub.roles import needs


def _contract(request: HttpRequest, pk: int) -> Contract:
    contracts = Contract.objects.visible_to(request.user).with_yearly()
    return get_object_or_404(contracts.select_related("partner", "owner", "unit", "delivered_by"), pk=pk)


@needs("see_partners")
@require_safe
def contract_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """What was agreed, for how long and for how much."""
    contract = _contract(request, pk)
    context = {
        "contract": contract, "sentences": terms.in_sentences(contract), "renewed": terms.renewed(contract),
        "why_none": terms.why_no_deadline(contract), "moved_from": terms.moved_from(contract),
        "closed": terms.closed(contract), **costs_of(contract), **_terms_of(contract),
    }  # fmt: skip
    return render(request, "partners/contract_detail.html", context)


def _terms_of(contract: Contract) -> dict[str, Any]:
    """What `partners/_terms.html` shows of a contract. Three statements."""
    rows = list(contract.terms.all())
    next_term = None if why_not_extended(contract) else numbered(contract, contract.extended + 1)
    could_end = next_term.ends if next_term else None
    return {
        "terms": rows[::-1], "next_term": next_term, "can_take_back": not why_not_taken_back(contract),
        "drawn": timeline(contract, rows, could_end, 820), "drawn_phone": timeline(contract, rows, could_end, 340),
        "amendments": contract.amendments.all(), "documents": contract.documents.all(),
    }  # fmt: skip


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def contract_create(request: HttpRequest, pk: int) -> HttpResponse:
    """A new contract; owner, unit and currency are proposed from what the partner has."""
    partner = get_object_or_404(Partner.objects.visible_to(request.user), pk=pk)
    last = Contract.objects.visible_to(request.user).filter(partner=partner).order_by("pk").last()
    contract = Contract(partner=partner, owner=partner.owner, unit=partner.unit)
    contract.currency = last.currency if last else contract.currency
    return _edit(request, contract)


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def contract_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """A contract's facts."""
    return _edit(request, _contract(request, pk))


def _edit(request: HttpRequest, contract: Contract) -> HttpResponse:
    form = ContractForm(request.POST or None, instance=contract, user=request.user)
    return save_or_show(request, form, "partners/contract_form.html", then=lambda saved: saved)


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def contract_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then delete a contract. The history keeps what it said."""
    contract = _contract(request, pk)
    if answer := confirm_deletion(request, contract, "contract"):
        return answer
    messages.success(request, f"The contract “{contract}” is deleted. The history keeps what it said.")
    return to_tab(contract.partner, "contracts")
