"""One meeting: what do we discuss, what was agreed? And the actions that came of meetings."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from governance.models import Action, Meeting
from vendorhub.roles import needs


@needs("see_meetings")
@require_safe
def meeting(request: HttpRequest, pk: int) -> HttpResponse:
    """Its agenda, what was said and what was agreed."""
    meetings = Meeting.objects.visible_to(request.user).select_related("forum__partner", "forum__chair")
    row = get_object_or_404(
        meetings.prefetch_related("items", "decisions", "actions__owner", "amendments__by"), pk=pk
    )
    return render(request, "governance/meeting.html", {"meeting": row})


@needs("see_meetings")
@require_safe
def action_list(request: HttpRequest) -> HttpResponse:
    """Who owes what until when."""
    actions = Action.objects.visible_to(request.user).open().select_related("forum__partner", "owner")
    return render(request, "governance/action_list.html", {"actions": actions, "today": timezone.localdate()})


@needs("see_meetings")
@require_safe
def action(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Action.objects.visible_to(request.user).select_related("forum__partner", "meeting", "owner")
    return render(request, "governance/action.html", {"action": get_object_or_404(rows, pk=pk)})
