"""Settings: when people are reminded of deadlines, and whom nobody can remind."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from governance.forms import LeadTimesForm
from governance.models import LeadTimes
from governance.services.reminders import save_lead_times, unreachable
from vendorhub.roles import needs


@needs("manage_users")
@require_http_methods(["GET", "HEAD", "POST"])
def lead_times(request: HttpRequest) -> HttpResponse:
    """How long before a deadline is somebody told?"""
    form = LeadTimesForm(request.POST or None, instance=LeadTimes.current())
    if request.method == "POST" and form.is_valid():
        save_lead_times(form)
        messages.success(request, "The lead times are saved.")
        return redirect("lead_times")
    context = {"form": form, "unreachable": unreachable()}
    return render(
        request, "governance/lead_times.html", context, status=400 if request.method == "POST" else 200
    )
