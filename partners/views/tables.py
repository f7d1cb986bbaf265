"""A file of rows: choose it, look at what it would do, confirm; the same for everything that comes in so."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.spreadsheets import csv_response
from partners.cost_forms import TableFileForm
from partners.preview import Preview, rows_left_out
from partners.register.safety import Refused


def from_table(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    look_at: Callable[[Any, str], Preview],
    confirm: Callable[[str], tuple[Any, bool]],
    done: Callable[[Any], HttpResponse],
    name: str,
    salt: str,
) -> HttpResponse:
    """The page of such a file. `name` and `salt` are those of its bad rows, which it hands out as CSV."""
    form, plan, wrong = TableFileForm(), None, False
    try:
        if sealed := request.POST.get("left_out"):
            return csv_response(f"{name} rows left out", *rows_left_out(sealed, salt))
        if sealed := request.POST.get("sealed"):
            plan, is_done = confirm(sealed)
            if is_done:
                return done(plan)
            messages.warning(request, "Somebody changed these rows meanwhile. Look once more, then confirm.")
        elif request.method == "POST":
            form = TableFileForm(request.POST, request.FILES)
            if form.is_valid():
                file = form.cleaned_data["file"]
                plan = look_at(file, file.name)
            wrong = plan is None or bool(plan.problems)
    except Refused as refused:
        wrong = True
        if form.is_bound:
            form.add_error("file", str(refused))
        else:
            messages.error(request, str(refused))
    return render(request, template, {**context, "form": form, "plan": plan}, status=400 if wrong else 200)
