"""When the database goes away under a request: "try again in a moment" instead of a trace, and a fresh connection."""

import sys
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError, connection, connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

SENTENCE = (
    "The database cannot be reached at the moment. What you just sent was not saved: try again in a moment."
)
RETRY_AFTER = "5"  # seconds

# SQLSTATE classes and codes that another try may well get past:
# connection lost, server starting or stopping, out of connections; deadlock, serialisation, lock not granted in time.
PASSING = ("08", "57P", "53", "40P01", "40001", "55P03")


def is_outage(error: BaseException | None) -> bool:
    """Whether the error means that the database was away or too busy, as against a mistake of ours."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    code = getattr(error.__cause__, "pgcode", None)
    if code:
        return code.startswith(PASSING)
    return connection.connection is None or bool(connection.connection.closed)


class DatabaseOutageMiddleware:
    """Answer 503 when the database was lost, wherever below this middleware it was noticed.

    Django turns an exception into a 500 at the innermost middleware, so the signal is where it can be seen.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        got_request_exception.connect(note_outage, dispatch_uid="database outage")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            response = self.get_response(request)
        except (OperationalError, InterfaceError) as error:  # the page for errors needed the database too
            if not is_outage(error):
                raise
            return try_again(request)
        return try_again(request) if getattr(request, "database_lost", False) else response


def note_outage(sender: Any, request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Mark the request whose exception is being handled, if the database was lost."""
    if request is not None and is_outage(sys.exc_info()[1]):
        request.database_lost = True  # type: ignore[attr-defined]


def try_again(request: HttpRequest) -> HttpResponse:
    """The answer in the form that was asked for. Closes the connection, so that the next request makes a new one."""
    connections.close_all()
    if "application/json" in request.headers.get("Accept", ""):
        response: HttpResponse = JsonResponse({"error": SENTENCE}, status=503)
    elif request.headers.get("HX-Request"):
        response = HttpResponse(SENTENCE, status=503, content_type="text/plain; charset=utf-8")
    else:
        response = HttpResponse(render_to_string("503.html", {"sentence": SENTENCE}), status=503)
    response.headers["Retry-After"] = RETRY_AFTER
    return response


def where_is_the_database(error: BaseException) -> str:
    """What to tell the person at a terminal when there is no database to talk to."""
    if settings.DATABASE_URL:
        return f"The database that DATABASE_URL names cannot be reached: {str(error).strip()}"
    return (
        "No database is running. Start one in another terminal with `make run` (everything) or `make services` "
        "(only the servers), or set DATABASE_URL to a PostgreSQL of yours. Then try again."
    )
