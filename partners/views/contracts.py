"""Contracts and contacts of a partner."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partners.forms import ContactForm, ContractForm
from partners.models import Contact, Contract, Partner
from vendorhub.roles import needs


def _tab(partner: Partner, tab: str) -> HttpResponse:
    return redirect(f"{reverse('partner_detail', args=[partner.pk])}?tab={tab}")


@needs("see_partners")
@require_safe
def contract_detail(request: HttpRequest, pk: int) -> HttpResponse:
    contracts = Contract.objects.visible_to(request.user)
    contract = get_object_or_404(contracts.select_related("partner", "owner", "unit", "delivered_by"), pk=pk)
    return render(request, "partners/contract_detail.html", {"contract": contract})


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def contract_create(request: HttpRequest, pk: int) -> HttpResponse:
    partner = get_object_or_404(Partner.objects.visible_to(request.user), pk=pk)
    contract = Contract(partner=partner, owner=partner.owner, unit=partner.unit)
    return _edit(
        request, ContractForm(request.POST or None, instance=contract, user=request.user), partner, "contract"
    )


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def contract_edit(request: HttpRequest, pk: int) -> HttpResponse:
    contract = get_object_or_404(Contract.objects.visible_to(request.user).select_related("partner"), pk=pk)
    form = ContractForm(request.POST or None, instance=contract, user=request.user)
    return _edit(request, form, contract.partner, "contract")


@needs("manage_partners")
@require_POST
def contract_delete(request: HttpRequest, pk: int) -> HttpResponse:
    contract = get_object_or_404(Contract.objects.visible_to(request.user).select_related("partner"), pk=pk)
    contract.delete()
    messages.success(request, f"The contract “{contract}” is deleted. What it said is kept in the history.")
    return _tab(contract.partner, "contracts")


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def contact_create(request: HttpRequest, pk: int) -> HttpResponse:
    partner = get_object_or_404(Partner.objects.visible_to(request.user), pk=pk)
    return _edit(
        request, ContactForm(request.POST or None, instance=Contact(partner=partner)), partner, "contact"
    )


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def contact_edit(request: HttpRequest, pk: int) -> HttpResponse:
    contact = _contact(request, pk)
    return _edit(request, ContactForm(request.POST or None, instance=contact), contact.partner, "contact")


@needs("manage_partners")
@require_POST
def contact_delete(request: HttpRequest, pk: int) -> HttpResponse:
    contact = _contact(request, pk)
    contact.delete()
    messages.success(request, f"{contact} is no longer a contact.")
    return _tab(contact.partner, "contacts")


def _contact(request: HttpRequest, pk: int) -> Contact:
    seen = Contact.objects.filter(partner__in=Partner.objects.visible_to(request.user))
    return get_object_or_404(seen.select_related("partner"), pk=pk)


@transaction.atomic
def _edit(request: HttpRequest, form: Any, partner: Partner, what: str) -> HttpResponse:
    """Show the form, or save it and go back to the partner."""
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        messages.success(request, f"“{saved}” is saved.")
        return redirect("contract_detail", saved.pk) if what == "contract" else _tab(partner, "contacts")
    status = 400 if request.method == "POST" else 200
    context = {"form": form, "partner": partner, "what": what, "row": form.instance}
    return render(request, "partners/belonging_form.html", context, status=status)
