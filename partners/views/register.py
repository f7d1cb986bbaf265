"""The pages of a register import: upload, look and correct, confirm, watch, result."""

from datetime import date
from pathlib import PurePath
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.spreadsheets import csv_response
from partners.models import RegisterImport
from partners.register.forms import ReviewForm, UploadForm
from partners.register.safety import Refused
from partners.services import register as service
from vendorhub.roles import needs

PROBLEMS_SHOWN = 50


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def import_list(request: HttpRequest) -> HttpResponse:
    """Upload a register, and the imports so far."""
    posted = (request.POST, request.FILES) if request.method == "POST" else ()
    form = UploadForm(request.user, *posted)
    if posted and form.is_valid():
        try:
            register = service.start_import(
                form.cleaned_data["file"], name=_plain_name(form.cleaned_data["file"].name),
                by=request.user, unit=form.cleaned_data["unit"],
            )  # fmt: skip
            return redirect(register)
        except Refused as refused:
            form.add_error("file", str(refused))
    imports = (
        RegisterImport.objects.visible_to(request.user).select_related("by").defer("content", "decisions")
    )
    page = Paginator(imports, 20).get_page(request.GET.get("page"))
    return render(
        request,
        "partners/register/import_list.html",
        {"form": form, "page": page},
        status=400 if form.errors else 200,
    )


@needs("manage_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def import_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Look at a register and correct how it is read; confirm it; watch it being written; see the result."""
    imports = RegisterImport.objects.visible_to(request.user).select_related("by", "unit").defer("content")
    register = get_object_or_404(imports, pk=pk)
    form = ReviewForm(request.user, register, request.POST if request.method == "POST" else None)
    if request.method == "POST":
        answer = _act(request, register, form)
        if answer:
            return answer
    context = {
        "register": register, "report": register.report, "form": form, "problems": _first_problems(register),
        "first": _first_contracts(register), "result": register.report.get("result", []),
    }  # fmt: skip
    response = render(
        request,
        f"partners/register/import_{_page_of(register)}.html",
        context,
        status=400 if form.errors else 200,
    )
    if request.htmx and not register.is_with_a_worker:
        response["HX-Refresh"] = "true"
    return response


@needs("manage_partners")
@require_safe
def import_problems(request: HttpRequest, pk: int) -> HttpResponse:
    """Every row that cannot come in, as CSV."""
    register = get_object_or_404(
        RegisterImport.objects.visible_to(request.user).only("report", "file_name"), pk=pk
    )
    rows = ([p["line"], p["column"], p["reason"]] for p in register.report.get("problems", []))
    name = f"{PurePath(register.file_name).stem[:80]} rows left out"
    return csv_response(name, ["line", "column", "reason"], rows)


def _act(request: HttpRequest, register: RegisterImport, form: ReviewForm) -> HttpResponse | None:
    """Do what the pressed button says. None shows the page again with what is wrong in the form."""
    do = request.POST.get("do", "look")
    if do == "discard":
        if service.discard(register):
            messages.success(request, f"“{register.file_name}” was discarded. Nothing was written.")
            return redirect("import_list")
        messages.warning(request, "It is already being imported.")
    elif do == "again":
        service.look_again(register)
    elif register.state != RegisterImport.UPLOADED:
        messages.warning(request, "Somebody already confirmed this import.")
    elif not form.is_valid():
        return None
    else:
        _decide(request, register, form, do)
    return redirect(register)


def _decide(request: HttpRequest, register: RegisterImport, form: ReviewForm, do: str) -> None:
    """Keep what was said; import on "confirm", unless the file is now read in another way than was shown."""
    if do == "same":
        form.mark_certain_the_same()
    said = form.said()
    read_anew = any(said[name] != getattr(register, name) for name in ("columns", "options", "unit"))
    service.decide(register, **said)
    if do != "confirm":
        return
    if read_anew:
        messages.warning(request, "The file is now read as you said. Look once more, then confirm.")
    elif not service.confirm(register):
        messages.warning(request, "Nothing was imported: no row of this file can come in as it is read now.")


def _page_of(register: RegisterImport) -> str:
    if register.is_with_a_worker:
        return "progress"
    return "review" if register.state == RegisterImport.UPLOADED else "result"


def _first_contracts(register: RegisterImport) -> list[dict[str, Any]]:
    """The previewed contracts, with dates as dates."""
    return [
        {**row, **{name: date.fromisoformat(row[name]) for name in ("starts", "ends") if row.get(name)}}
        for row in register.report.get("first", [])
    ]


def _first_problems(register: RegisterImport) -> dict[str, object]:
    problems = register.report.get("problems", [])
    return {
        "first": problems[:PROBLEMS_SHOWN],
        "more": max(len(problems) - PROBLEMS_SHOWN, 0),
        "all": len(problems),
    }


def _plain_name(name: str) -> str:
    """A file's name without folders and signs that do not print, as it is shown."""
    plain = "".join(sign for sign in PurePath(name.replace("\\", "/")).name if sign.isprintable())
    return plain[-200:] or "register"
