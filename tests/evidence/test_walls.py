"""What is typed about a foreign unit's partner is read nowhere: no page, no file, no feed, no mail."""

import zipfile
from datetime import timedelta
from io import BytesIO

import pytest
from django.db import models
from django.urls import reverse
from django.utils import timezone

from accounts.models import OutgoingMail
from evidence.kinds import ENTERED
from evidence.models import ENTRIES, PromiseMove, ValueStatement
from evidence.services.figures import refresh
from governance.models import CalendarFeed
from governance.services.feeds import make_feed
from governance.services.reminders import make_reminders
from tests.factories import (
    make_benchmark,
    make_commitment,
    make_disclosure,
    make_engagement,
    make_incident,
    make_programme,
    make_promise,
    make_request,
    make_unit,
    make_user,
)
from tests.test_access import OURS, World
from vendorhub.roles import PERMISSIONS

pytestmark = pytest.mark.django_db
CANARY = "Canarybird"
LONG_ENOUGH = 20  # letters of a column that holds free text


def told(partner, author) -> None:
    """Entries of every kind about a partner, the canary in whatever they say in words."""
    today, now = timezone.localdate(), timezone.now()
    for back in range(1, 6):
        day = today - timedelta(days=30 * back)
        make_engagement(partner, day, subject=CANARY, took_part=CANARY)
        make_request(partner, day)
        make_promise(partner, day - timedelta(days=60), day, (day - timedelta(days=9), today))
        make_incident(partner, now - timedelta(days=back), severity="severe", acknowledged=1, fixed=2)
        make_commitment(partner, day, consequence="penalty", amount=5, currency="EUR")
        make_benchmark(partner, day)
        make_disclosure(partner, day)
        make_programme(partner, today.year - back, [("beta", 9, 5)], [("fee", 4)])
    ValueStatement.objects.create(
        partner=partner, party="vendor", felt_return=-2, quarter=today.replace(month=1, day=1)
    )
    for model in (*ENTRIES, PromiseMove):
        words = [
            field.name for field in model._meta.concrete_fields
            if isinstance(field, models.CharField | models.TextField) and not field.choices
            and (field.max_length or LONG_ENOUGH) >= LONG_ENOUGH
        ]  # fmt: skip
        of = "promise__partner" if model is PromiseMove else "partner"
        for row in model._default_manager.filter(**{of: partner}):
            said = dict.fromkeys(words, f"{CANARY} {row.pk}")
            if "link" in said:
                said["link"] = f"https://{CANARY}.example/{row.pk}"
            if hasattr(row, "author"):
                row.author = author
            for name, value in said.items():
                setattr(row, name, value)
            row.save()
    refresh([partner.pk])


def addresses(world: World, role: str) -> list[str]:
    """Every address the role may open, and of evidence every kind of entry, page and file."""
    found = [world.address(name) for name in OURS if role in PERMISSIONS[OURS[name].callback.permission]]
    for slug, kind in ENTERED.items():
        found += [reverse("entry_export", args=[slug, form]) for form in ("csv", "xlsx")]
        found += [f"{address}?partner={world.partner.pk}" for address in found[-2:]]
        for row in kind.model._default_manager.filter(partner=world.partner)[:1]:
            found += [
                reverse("entry", args=[slug, row.pk]),
                reverse("history", args=[kind.model._meta.db_table, row.pk]),
            ]
    return found


def read(response) -> str:
    """All that came, a workbook unpacked."""
    content = b"".join(response) if response.streaming else response.content
    if content[:2] == b"PK":
        book = zipfile.ZipFile(BytesIO(content))
        content = b"".join(book.read(name) for name in book.namelist())
    return content.decode("utf-8", "replace") + str(response.headers)


@pytest.mark.parametrize("role", ["procurement", "executive", "governance", "rater"])
def test_what_is_typed_about_a_foreign_units_partner_is_read_nowhere(client, role):
    own, foreign = make_unit("Own"), make_unit("Foreign")
    person, theirs = make_user(role, own), make_user("rater", foreign)
    here, there = World(own, person), World(foreign, theirs)
    told(there.partner, theirs)
    make_reminders()
    client.force_login(person)
    seen = [
        address
        for world in (here, there)
        for address in addresses(world, role)
        if CANARY.casefold() in read(client.get(address)).casefold()
    ]
    assert seen == []
    for kind, _ in CalendarFeed._meta.get_field("kind").choices:
        feed = client.get(reverse("calendar_feed", args=[make_feed(person, kind=kind)]))
        assert CANARY.casefold() not in read(feed).casefold()
    for mail in OutgoingMail.objects.filter(to=person.email):
        assert CANARY not in f"{mail.subject} {mail.text}"


def test_the_canary_sings_to_whoever_may_hear_it(client):
    unit = make_unit("Own")
    person = make_user("procurement", unit)
    world = World(unit, person)
    told(world.partner, person)
    type(world.partner).objects.filter(pk=world.partner.pk).update(
        owner=person
    )  # whose home names what is due
    client.force_login(person)
    quiet = [
        address for address in addresses(world, "procurement") if CANARY not in read(client.get(address))
    ]
    for slug in ENTERED:
        shown = [address for address in quiet if address.startswith(f"/evidence/{slug}/")]
        assert set(shown) <= {reverse("entry_import", args=[slug])}
    for name in ("evidence", "home", "brief"):
        assert world.address(name) not in quiet
