"""Costs of a contract to the end of its life, and the lines they are worked out of."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.numbers import row_number
from accounts.spreadsheets import csv_response
from accounts.words import counted
from partners.charts import cost_bars, short
from partners.cost_file import COLUMNS, OF_MANY, as_row
from partners.cost_forms import CostLineForm
from partners.cost_table import cost_table
from partners.models import COST_KINDS, Contract, CostLine
from partners.services import cost_import as service
from partners.services.costs import current_rates
from partners.services.partners import delete_unchanged, save_holding
from partners.views.tables import from_table
from vendorhub.roles import may, needs


def costs_of(contract: Contract) -> dict[str, Any]:
    """What `partners/_costs.html` shows of a contract. Three statements."""
    today = timezone.localdate()
    rates = current_rates()
    table = cost_table(contract, rates, today)
    return {
        "costs": table, "rates": rates, "rate": rates.on(contract.currency, today),
        "total": short(table.total.total, table.currency), "in_reporting": short(table.reporting.total, rates.currency),
        "bars": partial(cost_bars, table), "phone_bars": partial(cost_bars, table, 340),
    }  # fmt: skip


def _contract(request: HttpRequest, pk: int) -> Contract:
    return get_object_or_404(Contract.objects.visible_to(request.user).select_related("partner"), pk=pk)


@needs("see_partners")
@require_safe
def contract_costs(request: HttpRequest, pk: int) -> HttpResponse:
    """What does this contract cost to its end, and what is that made of?"""
    return _page(request, CostLine(contract=_contract(request, pk)))


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def cost_create(request: HttpRequest, pk: int) -> HttpResponse:
    """A new line."""
    return _edit(request, CostLine(contract=_contract(request, pk)))


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def cost_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """One line among the others."""
    return _edit(request, _line(request, pk))


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def cost_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a line out that is still as it was shown; only shown, it is the line. The history keeps what it said."""
    line = _line(request, pk)
    if request.method != "POST":
        return redirect("cost_edit", pk)
    delete_unchanged(line, version=row_number(request.POST.get("version")))
    messages.success(request, f"“{line}” is deleted. The history keeps what it said.")
    return redirect("contract_costs", line.contract_id)


@needs("export")
@require_safe
def cost_export(request: HttpRequest, pk: int) -> HttpResponse:
    """The lines as they may be imported again."""
    contract = _contract(request, pk)
    rows = [as_row(line) for line in contract.cost_lines.all()]
    return csv_response(f"Costs {contract.reference or contract.title}"[:80], COLUMNS, rows)


@needs("export")
@require_safe
def costs_export(request: HttpRequest) -> HttpResponse:
    """The lines of all contracts that have a reference, as they may be imported again."""
    lines = CostLine.objects.visible_to(request.user).exclude(contract__reference="")
    ordered = lines.select_related("contract__partner").order_by("contract__partner__name", "contract", "pk")
    rows = [[line.contract.reference, line.contract.partner.name, *as_row(line)] for line in ordered]
    return csv_response("Cost lines", [*OF_MANY, *COLUMNS], rows)


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def cost_import(request: HttpRequest, pk: int) -> HttpResponse:
    """The lines of one contract from a file."""
    return _import(request, _contract(request, pk))


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def costs_import(request: HttpRequest) -> HttpResponse:
    """The lines of many contracts from a file that names their references."""
    return _import(request, None)


def _import(request: HttpRequest, contract: Contract | None) -> HttpResponse:
    """Choose a file, look at what it would do, confirm."""
    of: Any = {"user": request.user, "contract": contract}

    def done(plan: service.Plan) -> HttpResponse:
        said = f"{counted(plan.new, 'cost line')} added, {plan.updated} changed."
        messages.success(request, said)
        return redirect("contract_costs", contract.pk) if contract else redirect("costs_import")

    context = {"contract": contract, "columns": COLUMNS if contract else [*OF_MANY, *COLUMNS]}
    return from_table(
        request, "partners/cost_import.html", context, look_at=partial(service.look_at, **of),
        confirm=partial(service.confirm, **of), done=done, name="Cost lines", salt=service.salt(**of),
    )  # fmt: skip


def _line(request: HttpRequest, pk: int) -> CostLine:
    lines = CostLine.objects.visible_to(request.user).select_related("contract__partner")
    return get_object_or_404(lines, pk=pk)


def _edit(request: HttpRequest, line: CostLine) -> HttpResponse:
    form = CostLineForm(request.POST or None, instance=line)
    if request.method == "POST" and form.is_valid():
        held = Contract.objects.select_for_update(no_key=True).filter(pk=line.contract_id)
        try:
            saved = save_holding(form, held)
        except Contract.DoesNotExist:
            raise Http404 from None
        if saved:
            messages.success(request, f"“{saved}” is saved.")
            return redirect(saved)
    return _page(request, line, form)


def _page(request: HttpRequest, line: CostLine, form: CostLineForm | None = None) -> HttpResponse:
    """The costs, the lines, and the form of one of them or of a new one."""
    contract = line.contract
    if form is None and may(request.user, "manage_partners"):
        form = CostLineForm(instance=line)
    kinds = [kind for kind, _ in COST_KINDS]
    lines = sorted(contract.cost_lines.all(), key=lambda row: kinds.index(row.kind))
    context = {
        "contract": contract, "lines": lines, "form": form, "line": line, **costs_of(contract),
    }  # fmt: skip
    return render(
        request, "partners/contract_costs.html", context, status=400 if request.method == "POST" else 200
    )
