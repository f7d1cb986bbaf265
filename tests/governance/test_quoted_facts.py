"""What happened is quoted where it is decided: the brief, the renewals page and its file, home."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from evidence.figures import after_working_days
from evidence.followups import is_unchallenged, talks, talks_due
from evidence.models import Incident
from evidence.services.figures import refresh_all
from governance.brief import brief_of
from partners.services.deadlines import set_deadlines
from tests.factories import (
    make_benchmark,
    make_commitment,
    make_engagement,
    make_incident,
    make_partner,
    make_promise,
    make_request,
    make_unit,
    make_user,
)
from tests.governance.conftest import TODAY

pytestmark = pytest.mark.django_db


def ago(days):
    return TODAY() - timedelta(days=days)


@pytest.fixture
def told(quarters):
    """Falling: two of three promises kept, four requests unanswered, a penalty not settled, 12 % too dear."""
    partner, contract = quarters[0], quarters[0].contracts.get()
    contract.notice_period = 10
    set_deadlines([contract])
    contract.save()
    for late in (0, 0, 40):
        make_promise(partner, ago(400), ago(100), delivered_on=ago(100 - late))
    make_promise(partner, ago(400), ago(90), what="Green power")
    for _ in range(4):
        make_request(partner, ago(60))
    make_commitment(partner, ago(30), consequence="penalty", amount=42_000, currency="EUR")
    make_commitment(
        partner, ago(30), "us", consequence="reward", met_on=ago(31), amount=5_000, currency="EUR"
    )
    make_benchmark(partner, ago(20))
    refresh_all()
    return partner


def part(brief, key):
    return next((section for section in brief["sections"] if section["key"] == key), None)


def test_the_brief_quotes_promises_facts_of_both_sides_and_asks_about_them(told, executive):
    brief = brief_of(told.contracts.get(), executive)
    promises, facts = part(brief, "promises"), part(brief, "facts")
    assert promises["title"] == "Promises: 2 of 4 kept by the first day"
    first = promises["data"]["rows"][0]
    assert (first["what"], first["kept"]) != ("", True), "what was not kept stands first"
    rows = {row["what"]: (row["them"], row["us"]) for row in facts["data"]["rows"]}
    assert rows["Requests unanswered"] == ("4", "")
    assert rows["Price"] == ("12 % above the market median", "")
    assert rows["Owed and not settled"] == ("EUR 47,000", "nothing"), (
        "their penalty, and our reward for them to pay"
    )
    asked = " ".join(row["words"] for row in part(brief, "questions")["data"]["rows"])
    assert "before the signature, or as a credit?" in asked
    assert "“Green power”" in asked


def test_a_partner_without_entries_has_no_such_sections(quarters, executive):
    brief = brief_of(quarters[1].contracts.get(), executive)
    assert part(brief, "promises") is None
    assert part(brief, "facts") is None


def test_a_severe_incident_asks_for_a_conversation_within_ten_working_days(told, executive, client):
    opened = timezone.now() - timedelta(days=3)
    severe = make_incident(told, opened, severity="severe", fixed=2, what="All down")
    make_incident(told, opened, severity="severe", what="Still burns")
    make_incident(told, opened, severity="severe", fixed=2, conversation_on=TODAY())
    Incident.objects.create(partner=told, kind="praise", what="Stayed late", opened_at=opened)
    found = talks(talks_due(executive))
    assert [talk.words for talk in found] == [
        "Talk about the relationship: All down",
        "Say thanks: Stayed late",
    ]
    assert found[0].due == after_working_days(timezone.localdate(severe.fixed_at), 10)
    items = " ".join(
        row["words"] for row in part(brief_of(told.contracts.get(), executive), "items")["data"]["rows"]
    )
    assert "Talk about the relationship: All down" in items
    owner = make_user("rater", all_units=True)
    told.owner = owner
    told.save(update_fields=["owner"])
    client.force_login(owner)
    home = client.get(reverse("home")).content.decode()
    assert "2 conversations are due after incidents or praise" in home
    client.force_login(make_user("rater", make_unit()))
    assert "Conversations due" not in client.get(reverse("home")).content.decode()


@pytest.mark.parametrize(
    ("day", "number", "due"),
    [
        (date(2026, 11, 6), 10, date(2026, 11, 20)),
        (date(2026, 11, 7), 1, date(2026, 11, 9)),
        (date(2024, 2, 28), 2, date(2024, 3, 1)),
    ],
)
def test_working_days_after_a_day(day, number, due):
    assert after_working_days(day, number) == due


def test_a_good_score_that_nobody_tests_is_said_to_be_comfortable(quarters, executive):
    own = make_partner("Quiet")
    assert not is_unchallenged(own, executive, TODAY()), "nobody entered anything yet"
    make_request(own, ago(300))
    assert is_unchallenged(own, executive, TODAY())
    make_benchmark(own, ago(30))
    assert not is_unchallenged(own, executive, TODAY())
    other = make_partner("Pushed")
    make_benchmark(other, ago(500))
    assert is_unchallenged(other, executive, TODAY())
    make_commitment(other, ago(100))
    assert not is_unchallenged(other, executive, TODAY())


def test_the_renewals_page_and_its_file_quote_promises_and_presence(told, executive, client):
    for days in (10, 20, 30, 40, 50, 300):
        make_engagement(told, ago(days))
    refresh_all()
    client.force_login(executive)
    page = client.get(reverse("renewals")).content.decode()
    assert "2 of 4" in page
    file = client.get(reverse("renewals_export")).content.decode()
    heading, row = (line.split(",") for line in file.splitlines()[:2])
    assert row[heading.index("promises kept") : heading.index("promises kept") + 2] == ["2", "4"]


def test_a_figure_that_moves_is_seen_on_the_renewals_page_at_once(told, executive, client):
    client.force_login(executive)
    assert "2 of 4" in client.get(reverse("renewals")).content.decode()
    make_promise(told, ago(400), ago(80), delivered_on=ago(81))
    refresh_all()
    assert "3 of 5" in client.get(reverse("renewals")).content.decode()


def test_a_refresh_that_finds_nothing_new_is_no_change(told):
    def changes():
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*), sum(latest) FROM governance_change")
            return cursor.fetchone()

    before = changes()
    refresh_all()
    assert changes() == before
