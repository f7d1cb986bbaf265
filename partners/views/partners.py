"""Partners: the list, and creating, editing, archiving and merging them."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, F, Min, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import BusinessUnit, User
from accounts.spreadsheets import csv_response
from partners.forms import PartnerForm
from partners.models import KINDS, SEGMENTS, Partner
from partners.services import partners as service
from vendorhub.roles import needs

SORTS = {
    "name": "name",
    "kind": "kind",
    "segment": "segment",
    "contracts": "contract_count",
    "ends": "next_end",
}


def _listed(request: HttpRequest) -> "QuerySet[Partner]":
    """The partners the address asks for; what makes no sense in it is left out."""
    asked = request.GET
    found = Partner.objects.visible_to(request.user).filter(archived_at__isnull="archived" not in asked)
    if asked.get("kind") in dict(KINDS):
        found = found.filter(kind=asked["kind"])
    if asked.get("segment") in dict(SEGMENTS):
        found = found.filter(segment=asked["segment"])
    for name in ("unit", "owner"):
        text = asked.get(name, "")
        if text.isascii() and text.isdigit() and len(text) < 18:
            found = found.filter(**{name: int(text)})
    today = timezone.localdate()
    found = found.select_related("owner", "unit")
    sort = asked.get("sort", "")
    if sort.removeprefix("-") in ("contracts", "ends"):
        found = _with_contracts(found, today)
    if asked.get("find", "").strip():
        found = service.search_partners(found, asked["find"])
        if not sort:
            return found
    column = F(SORTS.get(sort.removeprefix("-"), "name"))
    order = column.desc(nulls_last=True) if sort.startswith("-") else column.asc(nulls_last=True)
    return found.order_by(order, "name", "pk")


def _with_contracts(partners: "QuerySet[Partner]", today: Any) -> "QuerySet[Partner]":
    return partners.annotate(
        contract_count=Count("contracts", distinct=True),
        next_end=Min("contracts__ends", filter=Q(contracts__ends__gte=today)),
    )


@needs("see_partners")
@require_safe
def partner_list(request: HttpRequest) -> HttpResponse:
    page = Paginator(_listed(request), 50).get_page(request.GET.get("page"))
    ids = [partner.pk for partner in page]
    counted = _with_contracts(
        Partner.objects.visible_to(request.user).filter(pk__in=ids), timezone.localdate()
    )
    facts = {
        pk: (number, ends) for pk, number, ends in counted.values_list("pk", "contract_count", "next_end")
    }
    totals = (
        Partner.objects.visible_to(request.user)
        .active()
        .aggregate(all=Count("pk"), strategic=Count("pk", filter=Q(segment="strategic")))
    )
    context = {
        "page": page, "rows": [(partner, *facts.get(partner.pk, (0, None))) for partner in page], "totals": totals,
        "kinds": KINDS, "segments": SEGMENTS, "sort": request.GET.get("sort", ""),
        "units": BusinessUnit.objects.visible_to(request.user),
        "owners": User.objects.visible_to(request.user).filter(owned_partners__isnull=False).distinct(),
        "narrowed": any(request.GET.get(n) for n in ("find", "kind", "segment", "unit", "owner", "archived")),
    }  # fmt: skip
    return render(request, "partners/partner_list.html", context)


@needs("export")
@require_safe
def partner_export(request: HttpRequest) -> HttpResponse:
    header = ["partner", "kind", "segment", "owner", "unit", "supplies", "e-mail domains", "archived"]
    rows = (
        [
            partner.name, partner.get_kind_display(), partner.get_segment_display(), str(partner.owner or ""),
            str(partner.unit or ""), partner.supplies, " ".join(partner.email_domains),
            "yes" if partner.archived_at else "no",
        ]
        for partner in _listed(request)
    )  # fmt: skip
    return csv_response("Partners", header, rows)


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def partner_create(request: HttpRequest) -> HttpResponse:
    return _edit(request, Partner())


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def partner_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _edit(request, get_object_or_404(Partner.objects.visible_to(request.user), pk=pk))


def _edit(request: HttpRequest, partner: Partner) -> HttpResponse:
    form = PartnerForm(request.POST or None, instance=partner, user=request.user)
    if request.method == "POST" and form.is_valid():
        partner = service.save_partner(form.instance, form)
        messages.success(request, f"{partner} is saved.")
        return redirect(partner)
    status = 400 if request.method == "POST" else 200
    return render(request, "partners/partner_form.html", {"form": form, "partner": partner}, status=status)


@needs("manage_partners")
@require_POST
def partner_archive(request: HttpRequest, pk: int) -> HttpResponse:
    partner = service.toggle_archived(get_object_or_404(Partner.objects.visible_to(request.user), pk=pk))
    messages.success(request, f"{partner} is {'archived' if partner.archived_at else 'back in the lists'}.")
    return redirect(partner)


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def partner_merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose the partner this one becomes part of, see what moves, then merge."""
    visible = Partner.objects.visible_to(request.user)
    loser = get_object_or_404(visible, pk=pk)
    wanted = (request.POST or request.GET).get("into", "")
    winner = None
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 18:
        winner = get_object_or_404(visible, pk=int(wanted))
    if request.method == "POST" and winner:
        try:
            winner = service.merge_partners(loser, winner)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return redirect(request.get_full_path())
        messages.success(request, f"{loser} is now part of {winner}; its name is kept as another spelling.")
        return redirect(winner)
    find = request.GET.get("find", loser.name)
    context = {
        "loser": loser, "winner": winner, "find": find,
        "moves": service.what_moves(loser), "obstacles": service.merge_obstacles(loser, winner) if winner else [],
        "found": [] if winner else service.search_partners(visible.exclude(pk=pk), find)[:12],
    }  # fmt: skip
    return render(request, "partners/partner_merge.html", context)
