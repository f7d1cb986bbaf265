"""Calendars to subscribe to: one's own page about them, and the feeds themselves."""

import hashlib
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_http_methods, require_safe

from governance.feeds import calendar_of
from governance.memory import changes
from governance.models import CalendarFeed
from governance.services.feeds import digest_of, make_feed, revoke_feed
from vendorhub.roles import may, needs


def _kinds(user: Any) -> dict[str, str]:
    """The feeds this person may have."""
    return {kind: name for kind, name in CalendarFeed.KINDS if may(user, CalendarFeed.PERMISSIONS[kind])}


@needs("see_partners")
@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """One's own feeds. A new address is shown once: only its digest is kept."""
    feeds = {feed.kind: feed for feed in CalendarFeed.objects.visible_to(request.user)}
    made = request.session.pop("calendar", {})
    rows = [
        {"kind": kind, "name": name, "feed": feeds.get(kind), "address": made.get(kind, "")}
        for kind, name in _kinds(request.user).items()
    ]
    for row in rows:
        row["webcal"] = f"webcal://{row['address'].partition('://')[2]}"
    return render(request, "governance/calendar.html", {"rows": rows})


@needs("see_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def calendar_renew(request: HttpRequest) -> HttpResponse:
    """Make a feed, or after a question a new address for it."""
    kind, kinds = (request.POST or request.GET).get("kind", ""), _kinds(request.user)
    if kind not in kinds:
        return redirect("calendar")
    if request.method != "POST":
        return render(
            request, "governance/calendar_confirm.html", {"kind": kind, "name": kinds[kind], "renews": True}
        )
    secret = make_feed(request.user, kind=kind)
    request.session["calendar"] = {kind: request.build_absolute_uri(reverse("calendar_feed", args=[secret]))}
    messages.success(request, "The address is made. It is shown this once.")
    return redirect("calendar")


@needs("see_partners")
@require_http_methods(["GET", "HEAD", "POST"])
def calendar_revoke(request: HttpRequest) -> HttpResponse:
    """End the address of a feed, after a question."""
    kind = (request.POST or request.GET).get("kind", "")
    name = dict(CalendarFeed.KINDS).get(kind)
    if name is None:
        return redirect("calendar")
    if request.method != "POST":
        return render(
            request, "governance/calendar_confirm.html", {"kind": kind, "name": name, "renews": False}
        )
    if revoke_feed(request.user, kind=kind):
        messages.success(request, "The calendar is revoked: its address leads nowhere now.")
    return redirect("calendar")


@login_not_required
@require_safe
def calendar_feed(request: HttpRequest, secret: str) -> HttpResponse:
    """The feed itself: whoever has the address may read it, as long as its owner may. No cookie, no sign-in page."""
    feed = CalendarFeed.objects.filter(digest=digest_of(secret)).select_related("user").first()
    if feed is None or not may(feed.user, CalendarFeed.PERMISSIONS[feed.kind]):
        raise Http404
    site = f"{request.scheme}://{request.get_host()}"
    etag = _state_of(feed, site)
    same = get_conditional_response(request, etag=etag)
    answer = same or HttpResponse(
        calendar_of(feed.user, feed.kind, site), content_type="text/calendar; charset=utf-8"
    )
    for name, value in (("ETag", etag), ("Cache-Control", "private, no-cache"), ("X-Robots-Tag", "noindex")):
        answer.headers[name] = value
    return answer


def _state_of(feed: CalendarFeed, site: str) -> str:
    """Equal as long as the feed would say the same, without writing it."""
    user = feed.user
    walls = None if user.sees_all_units else list(user.units.order_by("pk").values_list("pk", flat=True))
    known = (changes().register, timezone.localdate(), site, feed.pk, user.role, walls)
    return quote_etag(hashlib.sha256(repr(known).encode()).hexdigest())
