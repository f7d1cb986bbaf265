"""What the pages of contracts and contacts share: saving a form, asking before something is deleted."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.numbers import row_number
from partners.models import Amendment, Contract, Partner
from partners.services import partners as service
from partners.services.terms import save_amendment


def to_tab(partner: Partner, tab: str) -> HttpResponse:
    """Go to a tab of the partner page."""
    return redirect(f"{reverse('partner_detail', args=[partner.pk])}?tab={tab}")


def save_or_show(
    request: HttpRequest, form: Any, template: str, *, then: Callable[[Any], Any]
) -> HttpResponse:
    """Save what the form holds and go on to `then(saved)`, or show it with what is wrong."""
    name, partner = str(form.instance), form.instance.partner
    if request.method == "POST" and form.is_valid():
        try:
            is_amendment = isinstance(form.instance, Amendment)
            saved = save_amendment(form) if is_amendment else service.save_belonging(form)
        except (Partner.DoesNotExist, Contract.DoesNotExist):
            raise Http404 from None  # merged into another one meanwhile
        if saved:
            messages.success(request, f"“{saved}” is saved.")
            goal = then(saved)
            return goal if isinstance(goal, HttpResponse) else redirect(goal)
    context = {"form": form, "row": form.instance, "name": name, "partner": partner}
    return render(request, template, context, status=400 if request.method == "POST" else 200)


def confirm_deletion(request: HttpRequest, row: Any, what: str) -> HttpResponse | None:
    """The page that asks, or says what keeps the row; None once it, unchanged since it was shown, is deleted."""
    kept_by = service.kept_by(row)
    if request.method != "POST" or kept_by:
        context = {"row": row, "what": what, "kept_by": kept_by}
        status = 409 if request.method == "POST" else 200
        return render(request, "partners/belonging_delete.html", context, status=status)
    service.delete_unchanged(row, version=row_number(request.POST.get("version")))
    return None
