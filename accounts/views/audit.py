"""Who changed what, from what to what."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.forms import AuditFilter
from accounts.history import entries_about, in_words, tables, visible_row, withheld_tables
from accounts.models import AuditEntry
from accounts.numbers import row_number
from vendorhub.roles import needs

SHOWN = 50


def _changes(request: HttpRequest, entries: QuerySet[AuditEntry]) -> dict[str, Any]:
    """One page of changes in words, and the key the next one starts before: cheap however long the history is."""
    text = request.GET.get("before", "")
    if before := row_number(text):
        entries = entries.filter(pk__lt=before)
    found = list(entries.select_related("actor").order_by("-pk")[: SHOWN + 1])
    following = found[SHOWN - 1].pk if len(found) > SHOWN else None
    return {"changes": in_words(found[:SHOWN]), "following": following, "before": text}


@needs("see_audit")
@require_safe
def audit_list(request: HttpRequest) -> HttpResponse:
    """Every change of every business table, newest first."""
    form = AuditFilter(request.GET, tables=tables())
    withheld = withheld_tables(request.user)
    entries = form.narrow(AuditEntry.objects.exclude(table_name__in=withheld))
    context = {"form": form, "withheld": withheld, **_changes(request, entries)}
    return render(request, "accounts/audit_list.html", context)


@needs("see_history")
@require_safe
def history(request: HttpRequest, table: str, row_id: int) -> HttpResponse:
    """The history of one thing inside the user's walls."""
    row = visible_row(table, row_id, request.user)
    if row is None:
        raise Http404
    entries = entries_about(row)
    context = {"row": row, "count": entries.count(), **_changes(request, entries)}
    return render(request, "accounts/history.html", context)
