"""From a file to drafts to entries: twice changes nothing, what moved follows, what was discarded stays away."""

from importlib import import_module

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from accounts.models import AuditEntry
from evidence.models import Engagement, TitleRule
from evidence.models.contacts import PURPOSES
from evidence.services.calendar import confirm_drafts, discard_drafts, import_calendar
from tests.evidence.test_calendar_reading import FILES, calendar, event
from tests.factories import make_partner, make_unit, make_user

ADDRESS = "/evidence/calendar/"


@pytest.fixture(autouse=True)
def today():
    with time_machine.travel("2026-11-23 12:00", tick=False):
        yield


@pytest.fixture(autouse=True)
def rules(db):
    """Those of the beginning; a test that cleans up behind itself by emptying all tables takes them along."""
    for place, (word, purpose) in enumerate([("Roadmap", "roadmap"), ("Lunch", "social")]):
        TitleRule.objects.get_or_create(word=word, defaults={"purpose": purpose, "position": place})


@pytest.fixture
def northgate(db, procurement):
    return make_partner("Northgate", email_domains=["northgate.example"], owner=procurement)


@pytest.fixture
def bring(northgate, procurement):
    def bring(*events: str, by=procurement):
        result = import_calendar(calendar(*events).encode(), by=by)
        numbers = {
            name: number
            for name, number in result.items()
            if number and name not in ("events", "with_partner")
        }
        return numbers | numbers.pop("left_out", {})

    return bring


def rows(**filters):
    values = Engagement.objects.filter(**filters).order_by("day").values_list("day", "subject", "is_draft")
    return [(day.isoformat()[5:], subject, is_draft) for day, subject, is_draft in values]


def confirm(user, **choice):
    choice = {"started_by": "us", "purpose": "roadmap"} | choice
    drafts = Engagement.objects.drafts_of(user)
    return confirm_drafts(user, [d.pk for d in drafts], choices={d.pk: choice for d in drafts})


def everything():
    return list(Engagement.objects.order_by("pk").values())


def test_the_same_file_twice_changes_nothing(northgate, procurement):
    fennick = make_partner("Fennick", email_domains=["fennick.example"])
    for name in ("outlook", "google", "apple"):
        content = (FILES / f"{name}.ics").read_bytes()
        first = import_calendar(content, by=procurement)
        before = everything()
        again = import_calendar(content, by=procurement)
        assert first["new"] > 4
        assert again["known"] == first["new"]
        assert "new" not in again
        assert everything() == before
    assert {row.partner for row in Engagement.objects.all()} == {northgate, fennick}
    confirm_drafts(procurement, [row["id"] for row in before], choices={})
    before = everything()
    import_calendar(content, by=procurement)
    assert everything() == before


def test_a_draft_says_who_began_and_what_for(bring, procurement):
    bring(event().replace("Talk", "Weekly roadmaps"), event(uid="b").replace("Talk", "Ourroadmap").replace("ORGANIZER", "ATTENDEE"))  # fmt: skip
    found = {
        row.subject: (row.started_by, row.purpose, row.is_draft, row.author)
        for row in Engagement.objects.all()
    }
    assert found == {
        "Weekly roadmaps": ("them", "roadmap", True, procurement),
        "Ourroadmap": ("us", "serves", True, procurement),
    }


def test_the_first_rule_that_fits_a_title_counts(bring):
    TitleRule.objects.all().delete()
    TitleRule.objects.create(word="c++ (x)", purpose="planning", position=2)
    TitleRule.objects.create(word="talk", purpose="social", position=1)
    bring(event().replace("Talk", "C++ (x) Talk"))
    assert Engagement.objects.get().purpose == "social"
    bring(event(uid="b").replace("Talk", "C++ (x)"))
    assert Engagement.objects.get(calendar_uid="b").purpose == "planning"


def test_an_event_with_several_partners_becomes_one_draft_for_each(bring, northgate):
    other = make_partner("Fennick", email_domains=["fennick.example"])
    assert bring(event("ATTENDEE;CN=Bo:mailto:bo@fennick.example")) == {"new": 2}
    found = {row.partner: (row.started_by, row.took_part) for row in Engagement.objects.all()}
    assert found == {northgate: ("them", "ann@northgate.example"), other: ("us", "Bo")}


def test_a_draft_follows_what_moved_and_keeps_what_was_chosen(bring, procurement):
    bring(event())
    Engagement.objects.update(purpose="social", started_by="us")
    moved = event(start="DTSTART:20260401T090000Z").replace("Talk", "Other talk")
    assert bring(moved) == {"updated": 1}
    assert rows() == [("04-01", "Other talk", True)]
    assert Engagement.objects.get(purpose="social", started_by="us")
    assert bring(moved) == {"known": 1}


@pytest.mark.parametrize(
    "later",
    [
        event("RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20260311T090000Z"),
        event("RRULE:FREQ=DAILY;COUNT=3") + event("STATUS:CANCELLED", "RECURRENCE-ID:20260311T090000Z"),
        event("STATUS:CANCELLED", "RECURRENCE-ID:20260311T090000Z"),  # the one alone, as an invitation has it
    ],
)
def test_one_of_a_series_that_was_called_off_leaves_the_drafts(bring, later):
    assert bring(event("RRULE:FREQ=DAILY;COUNT=3")) == {"new": 3}
    assert bring(later)["withdrawn"] == 1
    assert [day for day, _, _ in rows()] == ["03-10", "03-12"]


def test_a_file_that_does_not_hold_an_event_says_nothing_of_it(bring):
    bring(event(), event("RRULE:FREQ=DAILY;COUNT=2", uid="b"))
    before = everything()
    assert bring(event(uid="c")) == {"new": 1}
    assert everything()[:3] == before


def test_an_event_moved_to_a_day_to_come_is_no_draft_any_more(bring):
    bring(event())
    assert bring(event(start="DTSTART:20261224T090000Z")) == {"withdrawn": 1, "future": 1}
    assert rows() == []


def test_what_was_discarded_does_not_come_back(bring, procurement):
    bring(event("RRULE:FREQ=DAILY;COUNT=2"))
    first = Engagement.objects.earliest("day")
    assert discard_drafts(procurement, [first.pk]) == 1
    assert bring(event("RRULE:FREQ=DAILY;COUNT=2")) == {"known": 1, "discarded": 1}
    assert rows(is_discarded=False) == [("03-11", "Talk", True)]
    moved = event("RECURRENCE-ID:20260310T090000Z", start="DTSTART:20260401T090000Z")
    assert bring(event("RRULE:FREQ=DAILY;COUNT=2"), moved) == {"known": 1, "discarded": 1}
    assert bring(event("RRULE:FREQ=DAILY;COUNT=2", "EXDATE:20260310T090000Z")) == {"known": 1}
    assert bring(event("RRULE:FREQ=DAILY;COUNT=2")) == {"known": 1, "discarded": 1}


def test_confirmed_it_is_an_entry_with_what_was_chosen(bring, procurement, executive):
    bring(event())
    assert confirm(procurement) == {"confirmed": 1}
    [row] = Engagement.objects.visible_to(executive)
    assert (row.purpose, row.started_by, row.is_draft) == ("roadmap", "us", False)
    assert Engagement.objects.taken_place().get() == row


def test_a_confirmed_meeting_stays_until_somebody_takes_the_change(bring, procurement):
    bring(event())
    confirm(procurement)
    moved = event(start="DTSTART:20260401T090000Z")
    assert bring(moved) == {"proposed": 1}
    assert rows() == [("03-10", "Talk", False), ("04-01", "Talk", True)]
    assert bring(moved) == {"known": 1}
    assert confirm(procurement) == {"changed": 1}
    assert rows() == [("04-01", "Talk", False)]
    assert Engagement.objects.get().version == 2
    assert bring(moved) == {"known": 1}


def test_a_change_of_a_confirmed_meeting_can_be_refused_for_good(bring, procurement):
    bring(event())
    confirm(procurement)
    moved = event(start="DTSTART:20260401T090000Z")
    bring(moved)
    discard_drafts(procurement, [Engagement.objects.get(is_draft=True).pk])
    assert bring(moved) == {"known": 1}
    assert rows() == [("03-10", "Talk", False)]
    assert bring(event(start="DTSTART:20260402T090000Z")) == {"proposed": 1}


def test_a_change_that_the_calendar_takes_back_is_proposed_no_more(bring, procurement):
    bring(event())
    confirm(procurement)
    bring(event(start="DTSTART:20260401T090000Z"))
    bring(event())
    assert rows() == [("03-10", "Talk", False)]


@pytest.mark.parametrize(
    "later",
    [
        event("RRULE:FREQ=DAILY;COUNT=2", "EXDATE:20260310T090000Z"),
        event("RRULE:FREQ=DAILY;COUNT=2") + event("STATUS:CANCELLED", "RECURRENCE-ID:20260310T090000Z"),
    ],
)
def test_a_confirmed_meeting_called_off_later_is_proposed_as_called_off(bring, procurement, later):
    bring(event("RRULE:FREQ=DAILY;COUNT=2"))
    confirm(procurement, started_by="them")
    assert bring(later)["proposed"] == 1
    assert bring(later)["known"] == 2
    assert confirm(procurement) == {"changed": 1}
    assert [row.cancelled_by for row in Engagement.objects.order_by("day")] == ["them", ""]
    before = everything()
    assert "proposed" not in bring(later)
    assert everything() == before


def test_a_meeting_that_somebody_entered_as_called_off_is_not_proposed_again(bring, procurement):
    bring(event("RRULE:FREQ=DAILY;COUNT=2"))
    confirm(procurement)
    Engagement.objects.update(cancelled_by="us")
    assert bring(event("RRULE:FREQ=DAILY;COUNT=2", "EXDATE:20260311T090000Z")) == {"known": 1}


def test_of_two_who_were_there_the_first_to_confirm_makes_the_entry(bring, northgate, procurement, executive):
    bring(event())
    bring(event(), by=executive)
    assert len(rows(is_draft=True)) == 2
    assert confirm(procurement) == {"confirmed": 1}
    assert confirm(executive) == {"known": 1}
    assert rows() == [("03-10", "Talk", False)]
    assert bring(event(), by=executive) == {"known": 1}
    assert bring(event(start="DTSTART:20260401T090000Z"), by=executive) == {
        "known": 1
    }  # not theirs to change


def test_nobody_confirms_or_discards_the_drafts_of_others(bring, procurement, executive):
    bring(event())
    pk = Engagement.objects.get().pk
    choices = {pk: {"started_by": "us", "purpose": "social"}}
    confirm_drafts(executive, [pk], choices=choices)
    discard_drafts(executive, [pk])
    assert rows(is_discarded=False, purpose="serves") == [("03-10", "Talk", True)]


def test_of_events_without_a_partner_nothing_is_kept_anywhere(procurement, northgate, client, caplog):
    client.force_login(procurement)
    secret = event(uid="secret-uid").replace("northgate", "clinic").replace("Talk", "Biopsy results")
    content = calendar(
        secret, event(), event("RRULE:FREQ=WEEKLY;X=1", uid="secret-2").replace("northgate", "clinic")
    )
    client.post(ADDRESS, {"file": SimpleUploadedFile("my-secret.ics", content.encode())})
    found = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text ~* %s', ["biopsy|secret|clinic"])
            found += [table] * cursor.fetchone()[0]
    assert found == []
    assert "biopsy" not in caplog.text.lower()
    page = client.get(ADDRESS).content.decode()
    assert "without a partner" in page
    assert "iopsy" not in page
    assert AuditEntry.objects.filter(table_name="evidence_engagement").count() == 0


def test_the_rules_to_begin_with_name_purposes_there_are():
    migration = import_module("evidence.migrations.0004_title_rules")
    words = [word.lower() for _, words in migration.RULES for word in words]
    assert {purpose for purpose, _ in migration.RULES} <= set(dict(PURPOSES))
    assert len(words) == len(set(words)) > 20


# --- the pages -------------------------------------------------------------------------------------------
def upload(client, content, **more):
    return client.post(ADDRESS, {"file": SimpleUploadedFile("a.ics", content), **more})


def test_a_file_is_brought_in_and_its_numbers_are_said_once(client, procurement, northgate):
    client.force_login(procurement)
    content = (FILES / "outlook.ics").read_bytes()
    assert upload(client, content).status_code == 302
    page = client.get(ADDRESS).content.decode()
    assert "5 events read, 4 with a partner." in page
    assert "7 new drafts" in page
    assert "7 meetings wait for you to confirm" in page
    assert "without a partner’s address in it; nothing of it was kept" in page
    assert "events read" not in client.get(ADDRESS).content.decode()


def test_what_is_no_calendar_is_said_beside_the_field(client, procurement):
    client.force_login(procurement)
    for content, words in ((b"name,day\n", "This is no calendar file"), (b"", "The file is empty")):
        response = upload(client, content)
        assert response.status_code == 400
        assert words in response.content.decode()


def test_ticked_drafts_are_confirmed_as_chosen_and_the_others_keep_their_choices(client, procurement, bring):
    bring(event("RRULE:FREQ=DAILY;COUNT=3"))
    client.force_login(procurement)
    one, two, three = (row.pk for row in Engagement.objects.order_by("day"))
    chosen = {f"side-{pk}": "us" for pk in (one, two, three)} | {
        f"purpose-{pk}": "social" for pk in (one, two, three)
    }
    response = client.post(reverse("event_drafts"), {**chosen, "tick": [one], "confirm": "1"}, follow=True)
    assert "1 meeting confirmed." in response.content.decode()
    assert Engagement.objects.filter(purpose="social", started_by="us").count() == 3
    assert [draft for _, _, draft in rows()] == [False, True, True]
    response = client.post(reverse("event_drafts"), {**chosen, "tick": [two], "discard": "1"}, follow=True)
    assert "1 meeting discarded" in response.content.decode()
    client.post(reverse("event_drafts"), {**chosen, "all": "on", "confirm": "1"})
    assert rows(is_draft=False) == [("03-10", "Talk", False), ("03-12", "Talk", False)]


def test_a_choice_that_is_none_confirms_nothing(client, procurement, bring):
    bring(event())
    client.force_login(procurement)
    pk = Engagement.objects.get().pk
    for data in (
        {f"side-{pk}": "us", f"purpose-{pk}": "nonsense", "tick": pk, "confirm": "1"},
        {f"side-{pk}": "us", f"purpose-{pk}": "social", "confirm": "1"},
    ):
        assert client.post(reverse("event_drafts"), data).status_code == 400
    assert rows() == [("03-10", "Talk", True)]


def test_the_page_keeps_its_statements(client, procurement, northgate, statements):
    client.force_login(procurement)
    few = calendar(event("RRULE:FREQ=DAILY;COUNT=3"))
    many = calendar(event("RRULE:FREQ=DAILY;COUNT=45", uid="b"))
    import_calendar(few.encode(), by=procurement)
    before = statements(client, ADDRESS)
    import_calendar(many.encode(), by=procurement)
    assert statements(client, ADDRESS) == before


def test_drafts_about_partners_one_no_longer_sees_are_gone_from_the_page(client, northgate, bring):
    reader = make_user("rater", make_unit("Here"))
    bring(event(), by=reader)
    northgate.unit = make_unit("Elsewhere")
    northgate.save()
    client.force_login(reader)
    assert "Talk" not in client.get(ADDRESS).content.decode()


def test_rules_of_titles_are_kept_by_an_administrator(client, administrator, procurement):
    client.force_login(administrator)
    address = reverse("title_rules")
    assert "Roadmap" in client.get(address).content.decode()
    assert (
        client.post(address, {"word": "Kick-off", "purpose": "planning", "position": "3"}).status_code == 302
    )
    again = client.post(address, {"word": "kick-OFF", "purpose": "planning", "position": "3"})
    assert "There is a rule for this word already." in again.content.decode()
    rule = TitleRule.objects.get(word="Kick-off")
    stale = client.post(reverse("title_rule_edit", args=[rule.pk]), {"word": "Kick", "purpose": "social", "position": "3", "version": "7"})  # fmt: skip
    assert stale.status_code == 409
    client.post(reverse("title_rule_delete", args=[rule.pk]), {"version": rule.version})
    assert not TitleRule.objects.filter(pk=rule.pk).exists()
    client.force_login(procurement)
    assert client.get(address).status_code == 403


def test_home_says_what_waits(client, northgate, bring):
    reader = make_user("rater")
    client.force_login(reader)
    assert "Nothing waits for you today." in client.get("/").content.decode()
    bring(event("RRULE:FREQ=DAILY;COUNT=2"), by=reader)
    page = client.get("/").content.decode()
    assert "2 meetings from your calendar wait to be confirmed." in page
    assert reverse("event_import") in page
