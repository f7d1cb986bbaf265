"""Names who acts to the database, and answers stale saves and unreadable input with a page instead of a fault."""

import logging
from collections.abc import Callable

from django.core.exceptions import ObjectDoesNotExist
from django.db import DataError, IntegrityError, connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.versions import SAVED, TAKE, StaleSave, with_choices
from accounts.views.errors import NOTHING_SAVED, not_found, refuse

logger = logging.getLogger(__name__)


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
    """Answer 409 with both values to choose from when somebody else saved the same row first, 404 when it is gone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, StaleSave):
            return self.to_choose(request, exception)
        if isinstance(exception, ObjectDoesNotExist) and request.method == "POST":
            logger.warning("%s: what it is about is gone", request.path, exc_info=exception)
            return not_found(request)
        return None

    def to_choose(self, request: HttpRequest, stale: StaleSave) -> HttpResponse:
        """The page with both values; it carries everything else that was sent."""
        ours = ("csrfmiddlewaretoken", "version", TAKE, SAVED)
        sent = with_choices(request.POST).lists()
        typed = [(key, value) for key, values in sent for value in values if not key.startswith(ours)]
        return render(request, "409.html", {"stale": stale, "typed": typed}, status=409)


class UnreadableInputMiddleware:
    """Answer 400 to what PostgreSQL cannot store: NUL, more than a column holds, what a constraint rules out.

    In an address NUL is refused before the view. In a form, the form says it beside the field; what no form looked
    at, or somebody else took between the look and the save, ends here, with a line in the log.
    """

    REASON = (
        "It holds a character that is not text, or a number or text larger than can be stored. "
        f"{NOTHING_SAVED}"
    )

    CONFLICT = (
        "It does not go together with what is stored: a name may be taken, or what it belongs to may be gone since "
        f"the page was opened. {NOTHING_SAVED}"
    )

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if any("\x00" in text for name, texts in request.GET.lists() for text in (name, *texts)):
            return refuse(request, "That address could not be read", self.REASON)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, IntegrityError):
            title, reason = "That could not be saved", self.CONFLICT
        elif isinstance(exception, DataError) or "NUL (0x00)" in str(exception):
            title, reason = "That could not be read", self.REASON
        else:
            return None
        logger.warning("%s refused: %s", request.path, exception)
        return refuse(request, title, reason)


class WrongMethodMiddleware:
    """Answer 405 with a page: the address of a button was opened as if it were a page, or the other way round."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != 405 or response.content:
            return response
        reason = "It belongs to a button or a link of another page. Open that page and press it there. Nothing was changed."
        page = refuse(request, "This address is not a page", reason, status=405)
        page.headers["Allow"] = response.headers.get("Allow", "")
        return page
