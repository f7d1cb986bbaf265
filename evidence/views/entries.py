"""What actually happened? A partner's timeline, and its entries one by one."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from accounts.numbers import row_number
from evidence.kinds import ENTERED, KINDS, Kind
from evidence.models import SIDES, Entry
from evidence.ourselves import answer, ourselves
from evidence.services.entries import delete_entry, save_entry
from evidence.start_form import StartForm
from evidence.summary import Summary
from evidence.timeline import Asked, PeriodForm, first_year, timeline
from partners.models import Partner
from vendorhub.roles import needs

LAST_KIND, LAST_PARTNER = "evidence_kind", "evidence_partner"  # in the session: what the person entered last


@needs("see_evidence")
@require_safe
def evidence(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything that happened with a partner, newest first."""
    partner = get_object_or_404(Partner.objects.visible_to(request.user).select_related("unit"), pk=pk)
    period = PeriodForm(request.GET)
    asked = Asked.of(request.GET, period)
    page, today = timeline(partner, request.user, asked, request.GET.get("page")), timezone.localdate()
    is_top = not asked.narrows and not period.errors and page.number == 1
    totals = ourselves(request.user) if is_top and partner.kind == "own" else None
    context = {
        "totals": totals, "our_answer": answer(totals or []),
        "partner": partner, "asked": asked, "page": page, "today": today,
        "summary": Summary(partner, request.user, today) if is_top else None,
        "period": period, "first_year": first_year(partner, request.user), "kinds": KINDS, "entered": ENTERED, "sides": SIDES,
        "last": request.session.get(LAST_KIND, "request"),
    }  # fmt: skip
    return render(request, "evidence/evidence.html", context)


@needs("add_evidence")
@require_http_methods(["GET", "HEAD", "POST"])
def entry_new(request: HttpRequest, pk: int, slug: str) -> HttpResponse:
    """Something that happened. A line typed before is taken along."""
    kind = _entered(slug)
    partner = get_object_or_404(Partner.objects.visible_to(request.user), pk=pk)
    entry = kind.model(partner=partner)
    form = kind.form(request.POST or None, instance=entry, user=request.user, initial=_begun(request, kind))  # type: ignore[misc]
    request.session[LAST_KIND], request.session[LAST_PARTNER] = slug, partner.pk
    if request.method == "POST" and form.is_valid() and save_entry(form):
        messages.success(request, f"“{form.instance}” is entered.")
        return (
            redirect("evidence", partner.pk)
            if "again" not in request.POST
            else redirect("entry_new", partner.pk, slug)
        )
    return _page(request, kind, form)


@needs("add_evidence")
@require_safe
def entry_start(request: HttpRequest) -> HttpResponse:
    """With whom, and what? On to the form of that kind; begins with the last partner and kind."""
    last = (
        Partner.objects.visible_to(request.user).active().filter(pk=request.session.get(LAST_PARTNER)).first()
    )
    begun = {"partner": last, "kind": request.session.get(LAST_KIND, "request"), "day": timezone.localdate()}
    form = StartForm(request.GET if "partner" in request.GET else None, user=request.user, initial=begun)
    if form.is_valid():
        said = form.cleaned_data
        query = urlencode({"text": said["text"], "day": said["day"] or timezone.localdate()})
        return redirect(f"{reverse('entry_new', args=[said['partner'].pk, said['kind']])}?{query}")
    kind = form["kind"].value()
    context = {"form": form, "file": kind if kind in ENTERED else "request"}
    return render(request, "evidence/start.html", context, status=400 if form.is_bound else 200)


@needs("see_evidence")
@require_safe
def entry_quick(request: HttpRequest, pk: int) -> HttpResponse:
    """From the line on the timeline to the form of the kind that was chosen."""
    get_object_or_404(Partner.objects.visible_to(request.user), pk=pk)
    query = request.GET.copy()
    slug = query.pop("kind", [""])[-1]
    if slug not in ENTERED:
        return redirect("evidence", pk)
    return redirect(f"{reverse('entry_new', args=[pk, slug])}?{query.urlencode()}")


@needs("see_evidence")
@require_http_methods(["GET", "HEAD", "POST"])
def entry(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One entry: read by whoever sees the partner, changed by whoever may."""
    kind = _entered(slug)
    row = _row(request, kind, pk)
    form = kind.form(request.POST or None, instance=row, user=request.user)  # type: ignore[misc]
    may_change = _may_change(request, kind, row)
    if request.method == "POST":
        if not may_change:
            raise PermissionDenied
        if form.is_valid() and save_entry(form):
            messages.success(request, f"“{row}” is saved.")
            return redirect("evidence", row.partner_id)
    return _page(request, kind, form, may_change=may_change)


@needs("add_evidence")
@require_http_methods(["GET", "HEAD", "POST"])
def entry_delete(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Ask, then take it out."""
    kind = _entered(slug)
    row = _row(request, kind, pk)
    if not _may_change(request, kind, row):
        raise PermissionDenied
    if request.method == "POST":
        delete_entry(row, version=row_number(request.POST.get("version")))
        messages.success(request, f"“{row}” is deleted. The history keeps what it said.")
        return redirect("evidence", row.partner_id)
    return render(request, "partners/belonging_delete.html", {"row": row, "what": kind.one})


def _entered(slug: str) -> Kind:
    if slug not in ENTERED:
        raise Http404
    return ENTERED[slug]


def _row(request: HttpRequest, kind: Kind, pk: int) -> Any:
    rows = kind.model.objects.visible_to(request.user)  # type: ignore[attr-defined]
    return get_object_or_404(rows.select_related("partner", "author").prefetch_related(*kind.parts), pk=pk)


def _may_change(request: HttpRequest, kind: Kind, row: Entry) -> bool:
    return kind.model.objects.editable_by(request.user).filter(pk=row.pk).exists()  # type: ignore[attr-defined]


def _begun(request: HttpRequest, kind: Kind) -> dict[str, Any]:
    """What the quick line brought: a text and a day."""
    today = timezone.localdate()
    begun: dict[str, Any] = {kind.model.DAY: request.GET.get("day") or today.isoformat()}
    if kind.slug == "incident":
        now = timezone.localtime().strftime("%H:%M")
        begun = {"opened_at": f"{begun['opened_at']}T{now}", "kind": request.GET.get("as") or "incident"}
    elif kind.slug == "programme":
        begun = {"year": today.year}
    if kind.text and request.GET.get("text"):
        begun[kind.text] = request.GET["text"][:500]
    return begun


def _page(request: HttpRequest, kind: Kind, form: Any, *, may_change: bool = True) -> HttpResponse:
    context = {
        "kind": kind, "form": form, "row": form.instance, "partner": form.instance.partner, "may_change": may_change,
        "table": kind.model._meta.db_table,
    }  # fmt: skip
    return render(request, "evidence/entry.html", context, status=400 if request.method == "POST" else 200)
