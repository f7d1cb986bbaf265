"""Quarterly packs: looked at before they are made, made by a worker, kept as they were issued."""

from io import BytesIO
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from governance.forms import PackForm
from governance.models import Pack
from governance.packs.document import Issue, margins_css
from governance.packs.quarter import Quarter
from governance.services.packs import NO_PANGO, ask_for_pack, can_print, issue_of, make_again
from partners.models import Partner
from vendorhub.roles import needs

SHOWN = 3  # partners in a preview of the portfolio
ROWS_A_PAGE = 50


@needs("make_packs")
@require_http_methods(["GET", "HEAD", "POST"])
def partner_pack(request: HttpRequest, pk: int) -> HttpResponse:
    """The pack of a partner as it would be now."""
    partners = Partner.objects.visible_to(request.user).select_related("unit", "owner")
    return _preview(request, get_object_or_404(partners, pk=pk))


@needs("make_packs")
@require_http_methods(["GET", "HEAD", "POST"])
def portfolio_pack(request: HttpRequest) -> HttpResponse:
    """The pack of the portfolio: its front, our own organisation and the first partners."""
    return _preview(request, None)


def _preview(request: HttpRequest, partner: Partner | None) -> HttpResponse:
    today = timezone.localdate()
    form = PackForm(request.POST or request.GET, partner=partner, today=today)
    known = form.cleaned_data if form.is_valid() else {}
    issue = Issue(
        request.user, Quarter.read(known.get("quarter", ""), today), today, partner, known.get("audience") == "partner"
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        return redirect(ask_for_pack(issue, paper=known["paper"]))
    parts = issue.parts()
    bodies = [issue.pages(0, parts[0])]
    if len(parts) > 1:
        bodies.append(issue.pages(1, parts[1][:SHOWN]))
    context = {
        "issue": issue, "bodies": bodies, "form": form, "members": sum(map(len, parts[1:])),
        "shown": SHOWN, "can_print": can_print(), "no_pango": NO_PANGO, "partner": partner,
        "issued": Pack.objects.visible_to(request.user).filter(partner=partner)[:5],
    }  # fmt: skip
    return render(request, "governance/pack/preview.html", context, status=200 if form.is_valid() else 400)


@needs("make_packs")
@require_safe
def pack_list(request: HttpRequest) -> HttpResponse:
    """What was issued, the latest first."""
    packs = Pack.objects.visible_to(request.user).select_related("partner", "made_by")
    page = Paginator(packs, ROWS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "governance/pack/list.html", {"page": page})


@needs("make_packs")
@require_http_methods(["GET", "HEAD", "POST"])
def pack_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a pack is, and what there is to take away; posting makes one that failed again."""
    pack = _pack(request, pk)
    if request.method == "POST":
        if not make_again(pack):
            messages.info(request, "It has not failed: nothing was started again.")
        return redirect(pack)
    return render(request, "governance/pack/detail.html", {"pack": pack, "issue": issue_of(pack)})


@needs("make_packs")
@require_safe
def pack_pages(request: HttpRequest, pk: int) -> HttpResponse:
    """A pack as it was issued, to read and to print."""
    pack = _pack(request, pk)
    bodies = pack.parts.exclude(html="").values_list("html", flat=True)
    context = {"pack": pack, "issue": issue_of(pack), "bodies": bodies.iterator(chunk_size=1)}
    return render(request, "governance/pack/pages.html", context)


@needs("make_packs")
@require_safe
def pack_pdf(request: HttpRequest, pk: int) -> FileResponse:
    pack = _pack(request, pk)
    if not hasattr(pack, "pdf"):
        raise Http404
    return FileResponse(BytesIO(pack.pdf.content), as_attachment=True, filename=pack.file_name)


@needs("make_packs")
@require_safe
def pack_margins(request: HttpRequest) -> HttpResponse:
    """Rules for the margins of the pages that link here, of the words in the address: they come from nowhere else."""
    words: dict[str, Any] = {name: request.GET.get(name, "")[:100] for name in ("title", "quarter", "secret")}
    return HttpResponse(margins_css(**words), content_type="text/css; charset=utf-8")


def _pack(request: HttpRequest, pk: int) -> Any:
    packs = Pack.objects.visible_to(request.user).select_related("partner", "made_by")
    return get_object_or_404(packs, pk=pk)
