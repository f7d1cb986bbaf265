"""Uploads and confirmations at the same moment, in database sessions of their own."""

from functools import partial

import pytest
import time_machine

from evidence.models import Engagement
from evidence.services.calendar import confirm_drafts, discard_drafts, import_calendar
from tests.evidence.test_calendar_reading import calendar, event
from tests.factories import make_partner, make_user
from tests.sessions import at_once

pytestmark = pytest.mark.django_db(transaction=True)
CONTENT = calendar(event("RRULE:FREQ=DAILY;COUNT=20")).encode()


@pytest.fixture(autouse=True)
def people():
    with time_machine.travel("2026-11-23 12:00"):
        make_partner("Northgate", email_domains=["northgate.example"])
        yield [make_user("procurement", all_units=True) for _ in range(2)]


def test_one_file_uploaded_four_times_at_once_makes_its_drafts_once(people):
    results = at_once(*[partial(import_calendar, CONTENT, by=people[0])] * 4)
    assert sorted(result.get("new", 0) for result in results) == [0, 0, 0, 20]
    assert Engagement.objects.count() == 20


def test_two_people_who_confirm_at_once_make_one_entry_of_each_meeting(people):
    for person in people:
        import_calendar(CONTENT, by=person)
    pks = [list(Engagement.objects.drafts_of(person).values_list("pk", flat=True)) for person in people]
    results = at_once(*(partial(confirm_drafts, p, k, choices={}) for p, k in zip(people, pks, strict=True)))
    for person in people:
        confirm_drafts(person, pks[0] + pks[1], choices={})  # once more, as the page asks
    assert any(result and result["confirmed"] == 20 for result in results)
    assert Engagement.objects.filter(is_draft=False).count() == Engagement.objects.count() == 20


def test_what_is_confirmed_or_discarded_while_a_later_file_comes_is_decided(people):
    later = CONTENT.replace(b"Talk", b"Other")
    for decide in (partial(confirm_drafts, choices={}), discard_drafts):
        Engagement.objects.all().delete()
        import_calendar(CONTENT, by=people[0])
        pks = list(Engagement.objects.values_list("pk", flat=True))
        at_once(partial(decide, people[0], pks), partial(import_calendar, later, by=people[0]))
        decided = Engagement.objects.filter(pk__in=pks)
        assert decided.filter(is_draft=False).count() + decided.filter(is_discarded=True).count() == 20
        assert decided.values_list("subject", "is_draft", "is_discarded").distinct().count() == 1


def test_what_is_discarded_while_the_file_comes_again_stays_away(people):
    import_calendar(CONTENT, by=people[0])
    pks = list(Engagement.objects.values_list("pk", flat=True))
    at_once(partial(discard_drafts, people[0], pks), partial(import_calendar, CONTENT, by=people[0]))
    assert Engagement.objects.filter(is_discarded=True).count() == Engagement.objects.count() == 20
