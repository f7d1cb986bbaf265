"""Settings: the currency sums are in, and what the others are worth."""

from collections.abc import Iterable
from datetime import date
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.numbers import row_number
from accounts.words import counted
from partners.cost_forms import RateForm, ReportingForm
from partners.models import Rate, Reporting
from partners.services import rate_import as service
from partners.services.costs import choose_reporting, currencies_in_use, current_rates
from partners.services.partners import delete_unchanged, save_holding
from partners.views.tables import from_table
from vendorhub.roles import needs


@needs("manage_users")
@require_http_methods(["GET", "HEAD", "POST"])
def currencies(request: HttpRequest) -> HttpResponse:
    """Which currency are sums in, and is there a rate for every other one in use? A form for a new rate."""
    return _edit_rate(request, Rate(reporting=current_rates().currency))


@needs("manage_users")
@require_http_methods(["GET", "HEAD", "POST"])
def rate_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _edit_rate(request, get_object_or_404(Rate.objects.visible_to(request.user), pk=pk))


@needs("manage_users")
@require_http_methods(["GET", "HEAD", "POST"])
def rate_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a rate out that is still as it was shown; only shown, it is the rate."""
    rate = get_object_or_404(Rate.objects.visible_to(request.user), pk=pk)
    if request.method != "POST":
        return redirect("rate_edit", pk)
    delete_unchanged(rate, version=row_number(request.POST.get("version")))
    messages.success(request, f"The rate of {rate} is deleted. The history keeps what it was.")
    return redirect("currencies")


@needs("manage_users")
@require_http_methods(["GET", "HEAD", "POST"])
def reporting_edit(request: HttpRequest) -> HttpResponse:
    """Choose the currency of all sums. Rates against another one stay, in case it is chosen again."""
    if request.method != "POST":
        return redirect("currencies")
    form = ReportingForm(request.POST, instance=_reporting())
    if form.is_valid() and (saved := choose_reporting(form)):
        messages.success(request, f"Sums are in {saved} now.")
        return redirect("currencies")
    rate = Rate(reporting=current_rates().currency)
    return _page(request, RateForm(instance=rate), form, status=400)


@needs("manage_users")
@require_http_methods(["GET", "HEAD", "POST"])
def rates_import(request: HttpRequest) -> HttpResponse:
    """Rates from a file: choose it, look at what it would do, confirm."""

    def done(plan: service.Plan) -> HttpResponse:
        messages.success(request, f"{counted(len(plan.changes), 'rate')} written.")
        return redirect("currencies")

    context = {"columns": service.COLUMNS, "currency": current_rates().currency}
    return from_table(
        request, "partners/rate_import.html", context, look_at=partial(service.look_at, user=request.user),
        confirm=partial(service.confirm, user=request.user), done=done, name="Rates", salt=service.salt(request.user),
    )  # fmt: skip


def _reporting() -> Reporting:
    return Reporting.objects.first() or Reporting(currency=current_rates().currency)


def _edit_rate(request: HttpRequest, rate: Rate) -> HttpResponse:
    form = RateForm(request.POST or None, instance=rate)
    if request.method == "POST" and form.is_valid() and (saved := save_holding(form)):
        messages.success(request, f"The rate of {saved} is saved.")
        return redirect("currencies")
    return _page(request, form, status=400 if request.method == "POST" else 200)


def _holding(rows: Iterable[Rate], today: date) -> set[int]:
    """The rate of each currency that holds today; rows of one currency follow each other, the latest first."""
    latest: dict[str, int] = {}
    for rate in rows:
        if rate.valid_from <= today:
            latest.setdefault(rate.currency, rate.pk)
    return set(latest.values())


def _page(request: HttpRequest, form: Any, reporting: Any = None, *, status: int = 200) -> HttpResponse:
    """The list with the form of one rate, and the currencies in use that have none."""
    rates, today = current_rates(), timezone.localdate()
    used = currencies_in_use()
    missing = sorted(currency for currency in used if rates.on(currency, today) is None)
    rows = list(Rate.objects.filter(reporting=rates.currency))
    context = {
        "form": form, "reporting": reporting or ReportingForm(instance=_reporting()), "currency": rates.currency,
        "rows": rows, "missing": missing,
        "others": Rate.objects.exclude(reporting=rates.currency).count(), "today": today,
        "holding": _holding(rows, today),
    }  # fmt: skip
    return render(request, "partners/currencies.html", context, status=status)
