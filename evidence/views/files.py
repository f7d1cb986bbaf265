"""Entries of one kind from a file, and to a file."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from accounts.numbers import row_number
from accounts.spreadsheets import csv_response, xlsx_response
from evidence import entry_import as service
from evidence.entry_file import as_row, columns
from evidence.kinds import ENTERED, Kind
from partners.models import Partner
from partners.views.tables import from_table
from vendorhub.roles import needs


@needs("add_evidence")
@require_http_methods(["GET", "HEAD", "POST"])
def entry_import(request: HttpRequest, slug: str) -> HttpResponse:
    """Choose a file, look at what it would do, confirm."""
    kind, partner = _kind(slug), _partner(request)
    of: Any = {"user": request.user, "partner": partner}

    def done(plan: service.Plan) -> HttpResponse:
        messages.success(request, f"{kind.many}: {plan.new:,} added, {plan.updated:,} changed.")
        return redirect("evidence", partner.pk) if partner else redirect("entry_import", slug)

    context = {
        "kind": kind, "kinds": ENTERED, "partner": partner, "of": _of(partner),
        "columns": list(columns(kind).values())[1 if partner else 0 :],
    }  # fmt: skip
    return from_table(
        request, "evidence/entry_import.html", context, look_at=partial(service.look_at, kind, **of),
        confirm=partial(service.confirm, kind, **of), done=done, name=kind.many, salt=service.salt(kind, **of),
    )  # fmt: skip


@needs("export")
@require_safe
def entry_export(request: HttpRequest, slug: str, form: str) -> HttpResponse:
    """The entries of one kind, of one partner or of all one sees, as they may be imported again."""
    kind, partner = _kind(slug), _partner(request)
    entries = (
        kind.model.objects.visible_to(request.user).select_related("partner").prefetch_related(*kind.parts)
    )  # type: ignore[attr-defined]
    if slug == "engagement":
        entries = entries.filter(is_draft=False)
    if partner:
        entries = entries.filter(partner=partner)
    names = columns(kind)
    rows = (as_row(kind, entry, names) for entry in entries.order_by("partner__name", "pk"))
    name = f"{kind.many}{f' {partner.name}' if partner else ''}"[:80]
    if form == "csv":
        return csv_response(name, list(names.values()), rows)
    return xlsx_response(name, [(kind.many, list(names.values()), rows)])


def _kind(slug: str) -> Kind:
    if slug not in ENTERED:
        raise Http404
    return ENTERED[slug]


def _partner(request: HttpRequest) -> Partner | None:
    asked = request.GET.get("partner")
    if not asked:
        return None
    return get_object_or_404(Partner.objects.visible_to(request.user), pk=row_number(asked) or 0)


def _of(partner: Any) -> str:
    return f"?{urlencode({'partner': partner.pk})}" if partner else ""
