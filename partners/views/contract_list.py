"""The register of contracts: which are there, and by when must notice be given?"""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import BusinessUnit, User
from accounts.spreadsheets import csv_response
from partners import contract_list as listing
from partners.models import SEGMENTS, Contract
from vendorhub.roles import needs

ROWS_A_PAGE = 50
# Headings that the import reads; the last three are for people.
HEADER = [
    "partner", "contract reference", "contract title", "starts", "ends", "kind of term", "notice period",
    "renews automatically", "renewal months", "annual value", "total value", "currency", "business unit", "owner",
    "delivered by", "country", "time zone", "link", "by when to decide", "current term to", "how many extensions used",
]  # fmt: skip


@needs("see_partners")
@require_safe
def contract_list(request: HttpRequest) -> HttpResponse:
    """The contracts an address asks for, fifty a page."""
    found = listing.narrowed(request.user, request.GET).select_related("partner", "owner", "unit")
    page = Paginator(found, ROWS_A_PAGE).get_page(request.GET.get("page"))
    visible = listing.listed(request.user)
    context = {
        "page": page, "sort": request.GET.get("sort") or "deadline", "asked": request.GET, "today": timezone.localdate(),
        "any": visible.exists(),
        "units": BusinessUnit.objects.visible_to(request.user), "segments": SEGMENTS,
        "owners": User.objects.filter(pk__in=visible.values("owner")), "deadlines": listing.DEADLINES,
        "term_kinds": listing.TERM_KINDS, "shown": listing.SHOWN,
        "narrowed": any(request.GET.get(name) for name in listing.FILTERS),
    }  # fmt: skip
    return render(request, "partners/contract_list.html", context)


@needs("export")
@require_safe
def contract_export(request: HttpRequest) -> HttpResponse:
    """The list as it is filtered, all pages of it, as CSV that the import reads and finds nothing new in."""
    found = listing.narrowed(request.user, request.GET)
    rows = map(_row, found.select_related("partner", "owner", "unit", "delivered_by").iterator(2_000))
    return csv_response("Contracts", HEADER, rows)


def _row(contract: Contract) -> list:
    notice = "" if contract.notice_period is None else f"{contract.notice_period} {contract.notice_unit}"
    return [
        contract.partner.name, contract.reference, contract.title, contract.starts or "", contract.ends or "",
        contract.term, notice, "yes" if contract.auto_renews else "no", contract.renewal_months or "",
        _amount(contract.annual_value), _amount(contract.total_value), contract.currency, str(contract.unit or ""),
        contract.owner.email if contract.owner else "", str(contract.delivered_by or ""), contract.country,
        contract.time_zone, contract.link, contract.notice_deadline or "", contract.term_ends or "",
        contract.extended or "",
    ]  # fmt: skip


def _amount(value: object) -> str:
    return "" if value is None else f"{value:.2f}"
