"""Partners: the list, and creating, editing, archiving and bringing them back."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import BusinessUnit, User
from accounts.spreadsheets import csv_response
from partners import listing
from partners.forms import PartnerForm
from partners.models import ADMISSIONS, KINDS, SEGMENTS, Partner
from partners.services import partners as service
from vendorhub.roles import needs

ROWS_A_PAGE = 50
HEADER = [
    "partner", "kind", "segment", "owner", "business unit", "supplies", "e-mail domains", "contracts", "next end",
    "next notice deadline", "value a year", "archived",
]  # fmt: skip


@needs("see_partners")
@require_safe
def partner_list(request: HttpRequest) -> HttpResponse:
    """The partners an address asks for, fifty a page."""
    visible = Partner.objects.visible_to(request.user)
    found = listing.narrowed(request.user, request.GET).select_related("owner", "unit").defer("notes")
    page = Paginator(found, ROWS_A_PAGE).get_page(request.GET.get("page"))
    owners = visible.values("owner")
    context = {
        "page": page, "lines": listing.lines(request.user, page), "sort": request.GET.get("sort", ""),
        "totals": visible.aggregate(
            active=Count("pk", filter=Q(archived_at=None)), ever=Count("pk"),
            strategic=Count("pk", filter=Q(archived_at=None, segment="strategic")),
        ),
        "kinds": KINDS, "segments": SEGMENTS, "admissions": ADMISSIONS, "units": BusinessUnit.objects.visible_to(request.user),
        "owners": User.objects.filter(pk__in=owners), "asked": request.GET,
        "narrowed": any(request.GET.get(name) for name in listing.FILTERS),
    }  # fmt: skip
    return render(request, "partners/partner_list.html", context)


@needs("export")
@require_safe
def partner_export(request: HttpRequest) -> HttpResponse:
    """The list as it is filtered, all pages of it, as CSV."""
    found = listing.narrowed(request.user, request.GET).select_related("owner", "unit")
    rows = (
        [
            line.partner.name, line.partner.get_kind_display(), line.partner.get_segment_display(),
            str(line.partner.owner or ""), str(line.partner.unit or ""), line.partner.supplies,
            " ".join(line.partner.email_domains), line.contracts, line.next_end or "",
            line.next_deadline or "",
            ", ".join(f"{amount:.2f} {currency}" for currency, amount in line.yearly.items()),
            "yes" if line.partner.archived_at else "no",
        ]
        for line in listing.lines(request.user, found)
    )  # fmt: skip
    return csv_response("Partners", HEADER, rows)


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def partner_create(request: HttpRequest) -> HttpResponse:
    """A new partner; one that looks like another is asked about first."""
    return _edit(request, Partner())


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def partner_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """A partner's facts."""
    return _edit(request, get_object_or_404(Partner.objects.visible_to(request.user), pk=pk))


def _edit(request: HttpRequest, partner: Partner) -> HttpResponse:
    name = partner.name
    form = PartnerForm(request.POST or None, instance=partner, user=request.user)
    if request.method == "POST" and form.is_valid() and (saved := service.save_partner(form)):
        messages.success(request, f"{saved} is saved.")
        return redirect(saved)
    context = {"form": form, "partner": partner, "name": name}
    status = 400 if request.method == "POST" else 200
    return render(request, "partners/partner_form.html", context, status=status)


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def partner_archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then take a partner out of the lists. It can be brought back."""
    partner = get_object_or_404(Partner.objects.visible_to(request.user), pk=pk)
    if request.method != "POST":
        return render(request, "partners/partner_archive.html", {"partner": partner})
    service.set_archived(partner, archived=True)
    messages.success(request, f"{partner} is archived. It can be brought back at any time.")
    return redirect(partner)


@needs("manage_partners")
@require_POST
def partner_restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring an archived partner back into the lists."""
    partner = get_object_or_404(Partner.objects.visible_to(request.user), pk=pk)
    service.set_archived(partner, archived=False)
    messages.success(request, f"{partner} is back in the lists.")
    return redirect(partner)
