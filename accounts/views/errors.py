"""Refusals and failures in plain words."""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

_TOO_MUCH = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What was sent cannot be read, or is more than a form may hold."""
    if isinstance(exception, _TOO_MUCH):
        megabytes = settings.DATA_UPLOAD_MAX_MEMORY_SIZE / 2**20
        return refuse(
            request,
            "That is too much at once",
            f"A form may hold {megabytes:.1f} MB of text. Shorten it.",
            status=413,
        )
    return refuse(request, "That could not be read", "")


def refuse(request: HttpRequest, heading: str, reason: str, *, status: int = 400) -> HttpResponse:
    """A page that says what is wrong with a request."""
    return render(
        request, "400.html", {"heading": heading, "reason": reason, "status": status}, status=status
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Rendered without request or database: either may be what failed."""
    return HttpResponse(render_to_string("500.html"), status=500)
