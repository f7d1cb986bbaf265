"""What changes a contract's terms: extensions at our option, amendments; and where its documents are."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.numbers import row_number
from accounts.templatetags.look import day
from partners.models import Amendment, Contract, Document
from partners.services import terms as service
from partners.services.deadlines import numbered
from partners.term_forms import AmendmentForm, DocumentForm
from partners.views.belongings import confirm_deletion, save_or_show
from vendorhub.roles import needs


def _contract(request: HttpRequest, pk: int) -> Contract:
    return get_object_or_404(Contract.objects.visible_to(request.user).select_related("partner"), pk=pk)


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def contract_extend(request: HttpRequest, pk: int) -> HttpResponse:
    """Say which end and deadline one more extension brings, then use it."""
    return _step(request, _contract(request, pk), 1)


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def contract_extend_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what was before the last extension, then take it back."""
    return _step(request, _contract(request, pk), -1)


def _step(request: HttpRequest, contract: Contract, by: int) -> HttpResponse:
    why_not = service.why_not_extended(contract) if by > 0 else service.why_not_taken_back(contract)
    status = 200
    if request.method == "POST":
        change = service.extend if by > 0 else service.take_extension_back
        try:
            saved = change(contract, version=row_number(request.POST.get("version")))
        except service.CannotExtend as refused:
            why_not, status = str(refused), 409
        else:
            until = f" The notice deadline is {day(saved.notice_deadline)}." if saved.notice_deadline else ""
            said = "is extended" if by > 0 else "is back to the term before: it runs"
            messages.success(request, f"“{saved}” {said} until {day(saved.term_ends)}.{until}")
            return redirect(saved)
    term = None if why_not else numbered(contract, contract.extended + by)
    context = {"contract": contract, "why_not": why_not, "term": term, "back": by < 0}
    return render(request, "partners/contract_extend.html", context, status=status)


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def amendment_create(request: HttpRequest, pk: int) -> HttpResponse:
    """What was agreed anew."""
    return _edit(request, AmendmentForm, Amendment(contract=_contract(request, pk)))


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def amendment_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """An amendment's facts."""
    return _edit(request, AmendmentForm, _row(request, Amendment, pk))


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def amendment_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then delete an amendment. The contract keeps the end and value it has."""
    return _delete(request, _row(request, Amendment, pk), "amendment")


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def document_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Where a paper of the contract is."""
    return _edit(request, DocumentForm, Document(contract=_contract(request, pk)))


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def document_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """A document's title, address and date."""
    return _edit(request, DocumentForm, _row(request, Document, pk))


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def document_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then delete the link to a document."""
    return _delete(request, _row(request, Document, pk), "document")


def _row(request: HttpRequest, model: Any, pk: int) -> Any:
    rows = model.objects.visible_to(request.user).select_related("contract__partner")
    return get_object_or_404(rows, pk=pk)


def _edit(request: HttpRequest, form_class: Any, row: Any) -> HttpResponse:
    form = form_class(request.POST or None, instance=row)
    return save_or_show(request, form, "partners/of_contract_form.html", then=lambda saved: saved)


def _delete(request: HttpRequest, row: Any, what: str) -> HttpResponse:
    if answer := confirm_deletion(request, row, what):
        return answer
    messages.success(request, f"The {what} “{row}” is deleted. The history keeps what it said.")
    return redirect(row.get_absolute_url())
