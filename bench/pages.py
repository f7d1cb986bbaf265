"""Pages over a large portfolio: their CPU beside the same template fed from memory, and how many statements they need.

A page's CPU is that of the whole request, through every middleware, in this process and its database backend. The
template's is that of rendering it again with what the page had put into it, which needs no statement: the page is
held to that. What the same request costs when it is answered from memory stands beside it: with the session, the
signed-in person and every middleware, but none of the view's own work.
"""

import gzip
import time
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template import Template
from django.template.context import RequestContext, make_context
from django.test.signals import template_rendered
from django.test.utils import CaptureQueriesContext, instrumented_test_render
from django.urls import reverse

from accounts.models import User
from bench.context import Context, Row
from bench.generate import Size
from partners.models import Partner
from scorecards.models import Cycle, Scorecard
from vendorhub.roles import PROCUREMENT

FEW, MANY = Size(100, 6, 25, 4), Size(10_000, 6, 25, 4)
HELD_TO_TEMPLATE = ("portfolio", "heat map", "partner", "scorecard", "cycle")
ROUNDS = 20


def measures(context: Context) -> Iterator[Row]:
    call_command("collectstatic", interactive=False, verbosity=0)
    context.use(FEW, purpose="pages")
    visitor = Visitor(_reader())
    few = {name: visitor.statements(address) for name, address in addresses().items()}
    context.use(MANY, purpose="pages")
    visitor = Visitor(_reader())
    for name, address in addresses().items():
        number = visitor.statements(address)
        if name in HELD_TO_TEMPLATE:
            found = cost(visitor, address)
            yield Row(
                f"page: {name}, {MANY.partners:,} partners", f"{found.page:.1f} ms CPU",
                f"template {found.template:.1f}, from memory {found.answered:.1f} ms",
                found.page / found.template, 2, "×",
            )  # fmt: skip
        yield Row(
            f"page: {name}, statements", str(number), f"with {FEW.partners}: {few[name]}", abs(number - few[name]), 0, " more"
        )  # fmt: skip


def _reader() -> User:
    """A procurement person who sees everything."""
    return User.objects.filter(role=PROCUREMENT, all_units=True).order_by("pk")[0]


def session_of(user: User) -> str:
    """Sign a person in and return the session's key."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session.session_key


def addresses() -> dict[str, str]:
    """The pages that are measured, for whoever is in the middle of the list."""
    partners = Partner.objects.filter(kind="vendor").order_by("name", "pk")
    partner = partners[partners.count() // 2]
    closed = Scorecard.objects.filter(partner=partner, cycle__state=Cycle.CLOSED).order_by("-cycle__ends")
    cycle = Cycle.objects.exclude(state=Cycle.CLOSED).first() or Cycle.objects.first()
    return {
        "portfolio": reverse("portfolio"),
        "heat map": reverse("portfolio_heat"),
        "partners": reverse("partner_list"),
        "partners, searched": f"{reverse('partner_list')}?find={partner.name.split()[-1]}",
        "partner": reverse("partner_detail", args=[partner.pk]),
        "scorecard": reverse("scorecard_detail", args=[closed[0].pk]),
        "cycle": reverse("cycle_detail", args=[cycle.pk]),
        "cycles": reverse("cycle_list"),
        "home": reverse("home"),
    }


class Visitor:
    """A signed-in person; their requests run the whole application in this process."""

    def __init__(self, user: User) -> None:
        connection.close()
        connection.settings_dict["CONN_MAX_AGE"] = None  # one backend, whose CPU is read
        self.application = get_wsgi_application()
        self.application._view_middleware.append(self._answer)
        self.render: Callable[[], bytes] | None = None  # answers in place of every view
        self.cookie = f"sessionid={session_of(user)}"

    def get(self, address: str) -> bytes:
        path, _, query = address.partition("?")
        environment = {
            "REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": query, "SERVER_NAME": "localhost",
            "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.input": BytesIO(), "wsgi.errors": BytesIO(),
            "wsgi.url_scheme": "http", "HTTP_COOKIE": self.cookie, "HTTP_ACCEPT_ENCODING": "gzip",
        }  # fmt: skip
        status = []
        response = self.application(environment, lambda line, headers, *rest: status.append(line))
        body = b"".join(response)
        response.close()
        if not status[0].startswith("200"):
            raise AssertionError(f"{address} answers {status[0]}")
        return body

    def _answer(self, request: HttpRequest, *view: Any) -> HttpResponse | None:
        return HttpResponse(self.render()) if self.render else None

    def answer(self, address: str, render: Callable[[], bytes]) -> bytes:
        """The request as every other, but for its view: `render` answers in its place."""
        self.render = render
        try:
            return self.get(address)
        finally:
            self.render = None

    def statements(self, address: str) -> int:
        """How many statements the page needs, once it is warm."""
        self.get(address)
        with CaptureQueriesContext(connection) as captured:
            self.get(address)
            return len(captured)

    def template_of(self, address: str) -> Callable[[], bytes]:
        """What renders the page's template again, with what the page had put into it."""
        shown: list[tuple[Template, RequestContext]] = []

        def note(*, template: Template, context: RequestContext, **kwargs: Any) -> None:
            shown.append((template, copy(context)))

        plain, Template._render = Template._render, instrumented_test_render
        template_rendered.connect(note)
        try:
            body = self.get(address)
        finally:
            Template._render = plain
            template_rendered.disconnect(note)
        template, context = shown[0]
        values: dict[str, Any] = {str(name): value for name, value in context.flatten().items()}

        def render() -> bytes:
            return template.render(make_context(values, values["request"])).encode()

        with CaptureQueriesContext(connection) as captured:
            same = abs(len(render()) - len(gzip.decompress(body))) < 40
        if len(captured) or not same:
            raise AssertionError(f"{address} cannot be rendered from memory: {captured.captured_queries[:3]}")
        return render


@dataclass(frozen=True)
class PageCost:
    """Milliseconds of CPU, client and server: of a request, of its template alone, of the request answered with that."""

    page: float
    template: float
    answered: float


def cost(visitor: Visitor, address: str, rounds: int = ROUNDS) -> PageCost:
    """Measure one page; in turn with its references, so that a busy machine slows both alike."""
    render = visitor.template_of(address)
    visitor.get(address)
    with connection.cursor() as cursor:
        cursor.execute("SET max_parallel_workers_per_gather = 0")  # a helper's CPU would not be seen
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    actions: list[Callable[[], bytes]] = [
        partial(visitor.get, address), render, partial(visitor.answer, address, render),
    ]  # fmt: skip
    used = [0.0] * len(actions)
    for _ in range(rounds):
        for place, action in enumerate(actions):
            before = _cpu(backend)
            action()
            used[place] += _cpu(backend) - before
    return PageCost(*(1000 * seconds / rounds for seconds in used))


def _cpu(backend: int) -> float:
    """Seconds of CPU this process and its backend have used so far, finer than the clock ticks of /proc/…/stat."""
    return time.process_time() + int(Path(f"/proc/{backend}/schedstat").read_text().split()[0]) / 1e9
