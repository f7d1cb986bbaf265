"""Refusals and failures in plain words."""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

NOTHING_SAVED = "Nothing was saved; the Back button brings back what you had typed."
_TOO_MUCH = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What was sent cannot be read, or is more than a form may hold."""
    if isinstance(exception, _TOO_MUCH):
        megabytes = settings.DATA_UPLOAD_MAX_MEMORY_SIZE / 2**20
        reason = f"A form may hold {megabytes:.1f} MB of text. Shorten it. {NOTHING_SAVED}"
        return refuse(request, "That is too much at once", reason, status=413)
    reason = f"Something in the address or in what was sent is not what this page expects. {NOTHING_SAVED}"
    return refuse(request, "That could not be read", reason)


def refuse(request: HttpRequest, heading: str, reason: str, *, status: int = 400) -> HttpResponse:
    """A page that says what is wrong with a request."""
    context = {"heading": heading, "reason": reason, "status": status}
    return render(request, "refused.html", context, status=status)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    reason = (
        "You are signed in, but this page is for people with another role. If you need it, ask an administrator of "
        "your company."
    )
    return refuse(request, "Your role does not include this", reason, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    reason = (
        "The address is wrong, what was here is gone, or it belongs to a business unit that is not yours."
    )
    return refuse(request, "There is nothing here", reason, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Rendered without request or database: either may be what failed."""
    return HttpResponse(render_to_string("500.html"), status=500)
