"""Does everybody get back more than they put in? Statements of the parties, quarter by quarter."""

from datetime import MINYEAR, date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from evidence.models import Agreement, ValueStatement
from evidence.services.value import save_agreement, save_quarter
from evidence.triangles import parties_of, triangles_of
from evidence.value_forms import AgreementForm, StatementForm
from partners.dates import plus_months, quarter_number, quarter_start
from partners.models import Partner
from vendorhub.roles import needs


@needs("see_evidence")
@require_safe
def value(request: HttpRequest, pk: int) -> HttpResponse:
    """Who puts in what, and does it hold?"""
    partner = get_object_or_404(Partner.objects.visible_to(request.user), pk=pk)
    today = timezone.localdate()
    triangles = triangles_of(partner, request.user, today)
    context = {
        "partner": partner,
        "triangles": [(one, one.address(plus_months(quarter_start(today), -3))) for one in triangles],
    }
    return render(request, "evidence/value.html", context)


@needs("add_evidence")
@require_http_methods(["GET", "HEAD", "POST"])
def value_quarter(request: HttpRequest, pk: int, provider: int, year: int, number: int) -> HttpResponse:
    """What each party says of one quarter."""
    partners = Partner.objects.visible_to(request.user)
    vendor = get_object_or_404(partners, pk=pk)
    other = get_object_or_404(partners.exclude(pk=pk), pk=provider) if provider else None
    today = timezone.localdate()
    if not (MINYEAR < year <= today.year and 1 <= number <= 4):
        raise Http404
    quarter = date(year, 3 * number - 2, 1)
    if quarter > today:
        raise Http404
    forms = _forms(request, vendor, other, quarter)
    wrong = [party for party, form in forms if form.errors]  # of every party, before anything is saved
    if request.method == "POST" and not wrong:
        if save_quarter([form for _, form in forms], by=request.user):
            messages.success(request, "The statements are saved.")
        return redirect("value", vendor.pk)
    later = plus_months(quarter, 3)
    context = {
        "vendor": vendor, "provider": other, "provider_key": provider, "forms": forms,
        "wrong": wrong, "name": f"Q{number} {year}",
        "others": [(day, quarter_number(day)) for day in (plus_months(quarter, -3), later) if day <= today],
    }  # fmt: skip
    return render(
        request, "evidence/value_quarter.html", context, status=400 if request.method == "POST" else 200
    )


def _forms(
    request: HttpRequest, vendor: Partner, provider: Partner | None, quarter: date
) -> list[tuple[str, StatementForm]]:
    rows = ValueStatement.objects.visible_to(request.user).filter(
        partner=vendor, provider=provider, quarter=quarter
    )
    there = {row.party: row for row in rows}
    editable = set(rows.editable_by(request.user).values_list("party", flat=True))
    found: list[tuple[str, StatementForm]] = []
    for party, name in parties_of(vendor, provider):
        new: dict[str, Any] = {"partner": vendor, "provider": provider, "quarter": quarter, "party": party}
        form = StatementForm(
            request.POST if request.method == "POST" else None, prefix=party,
            instance=there.get(party) or ValueStatement(**new),
            may_change=party not in there or party in editable,
        )  # fmt: skip
        found.append((name, form))
    return found


@needs("set_evidence")
@require_http_methods(["GET", "HEAD", "POST"])
def agreement(request: HttpRequest) -> HttpResponse:
    """What are figures measured against?"""
    form = AgreementForm(request.POST or None, instance=Agreement.current())
    if request.method == "POST" and form.is_valid():
        save_agreement(form)
        messages.success(request, "Saved. Figures follow within a minute.")
        return redirect("agreement")
    return render(
        request, "evidence/agreement.html", {"form": form}, status=400 if request.method == "POST" else 200
    )
