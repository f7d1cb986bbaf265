"""Who changed what, from what to what."""

from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.forms import AuditFilter
from accounts.history import audited_models, in_words, tables
from accounts.models import AuditEntry
from vendorhub.roles import needs

SHOWN = 50


def _before(request: HttpRequest, entries: Any) -> tuple[list[AuditEntry], int | None]:
    """One page of entries, and the key the next one starts before: cheap however long the history is."""
    text = request.GET.get("before", "")
    if text.isascii() and text.isdigit() and len(text) < 18:
        entries = entries.filter(pk__lt=int(text))
    found = list(entries.select_related("actor").order_by("-pk")[: SHOWN + 1])
    return found[:SHOWN], found[SHOWN - 1].pk if len(found) > SHOWN else None


@needs("see_audit")
@require_safe
def audit_list(request: HttpRequest) -> HttpResponse:
    form = AuditFilter(request.GET or None, tables=tables())
    entries = AuditEntry.objects.all()
    if form.is_valid():
        asked = form.cleaned_data
        conditions = {
            "actor": asked["who"], "table_name": asked["what"], "action": asked["action"],
            "at__date__gte": asked["since"], "at__date__lte": asked["until"],
        }  # fmt: skip
        entries = entries.filter(**{name: value for name, value in conditions.items() if value})
    page, following = _before(request, entries)
    context = {"changes": in_words(page), "following": following, "form": form}
    return render(request, "accounts/audit_list.html", context)


@needs("see_history")
@require_safe
def history(request: HttpRequest, table: str, row_id: int) -> HttpResponse:
    """The history of one thing inside the user's walls."""
    model = audited_models().get(table)
    row = _visible_row(model, row_id, request.user) if model else None
    if row is None:
        raise Http404
    page, following = _before(request, AuditEntry.objects.filter(table_name=table, row_id=row_id))
    context = {"changes": in_words(page), "following": following, "row": row}
    return render(request, "accounts/history.html", context)


def _visible_row(model: Any, row_id: int, user: Any) -> Any:
    """The row if the user may see it: by its own walls, or by those of the partner or scorecard it belongs to."""
    rows = model._default_manager.filter(pk=row_id)
    if hasattr(rows, "visible_to"):
        return rows.visible_to(user).first()
    for parent in ("partner", "scorecard", "cycle"):
        try:
            owner = model._meta.get_field(parent).related_model
        except FieldDoesNotExist:
            continue
        return rows.filter(**{f"{parent}__in": owner._default_manager.visible_to(user)}).first()
    return rows.first() if user.sees_all_units else None
