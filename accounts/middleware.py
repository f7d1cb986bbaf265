"""Tells the database who acts, for the audit trail, and turns a stale save into a page that shows both values."""

from collections.abc import Callable

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.versions import StaleSave


def set_actor(user_id: int | None) -> None:
    """Name the acting user for this database connection; None means the system itself."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('vendorhub.actor', %s, false)", [str(user_id or "")])


class ActorMiddleware:
    """Name the signed-in user to the database for the length of a request that can write."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in ("GET", "HEAD", "OPTIONS") or not request.user.is_authenticated:
            return self.get_response(request)
        set_actor(request.user.pk)
        try:
            return self.get_response(request)
        finally:
            set_actor(None)


class StaleSaveMiddleware:
    """Answer 409 with both values when somebody else saved the same row first."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, StaleSave):
            return None
        return render(request, "409.html", {"stale": exception}, status=409)
