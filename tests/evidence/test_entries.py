"""Entries: entered, read on the timeline, changed and taken out, by whom; and what bad input is told."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from evidence.kinds import ENTERED
from evidence.models import (
    ENTRIES,
    Benchmark,
    Commitment,
    Disclosure,
    Engagement,
    Incident,
    Programme,
    Promise,
    Request,
    ValueStatement,
)
from tests.factories import make_partner, make_unit, make_user

pytestmark = pytest.mark.django_db
# Of each kind what is enough.
TYPED = {
    "engagement": {"day": "2026-05-01", "started_by": "them", "purpose": "sells", "channel": "call", "subject": "Bundle"},
    "request": {"asked_on": "2026-05-01", "asked_by": "us", "kind": "fix", "what": "The export"},
    "promise": {"promised_on": "2026-05-01", "due_on": "2027-05-01", "what": "Green power", "matters": "2"},
    "incident": {"kind": "incident", "opened_at": "2026-05-01T09:00", "severity": "severe", "what": "All down"},
    "commitment": {"made_by": "them", "what": "No stop", "due_on": "2026-06-01", "consequence": "penalty", "amount": "1,200.50", "currency": "eur"},
    "programme": {"year": "2026", "level": "gold", "currency": "EUR", "benefits-demos-received": "500", "benefits-demos-promised": "900", "obligations-training-cost": "70.5"},
    "benchmark": {"item": "An hour", "our_price": "0.1120", "median": "0.1", "currency": "EUR", "source": "Offers", "as_of": "2026-05-01"},
    "disclosure": {"shared_by": "them", "kind": "roadmap", "what": "What ends", "shared_on": "2026-05-01", "effect_on": "2026-06-30", "chance_to_act": "true"},
}  # fmt: skip
READS = {
    "engagement": "Sells more, call or video call",
    "request": "Open for",
    "promise": "Open, for 1 May 2027",
    "incident": "Severe, not fixed yet",
    "commitment": "Missed; penalty of EUR 1,200.50 outstanding",
    "programme": "EUR 500 received of 900 promised; it cost 70.50",
    "benchmark": "12 % above the market median: EUR 0.112 against 0.1",
    "disclosure": "Roadmap, 60 days ahead, with a chance to act",
}


@pytest.fixture
def partner():
    return make_partner("Northgate", unit=make_unit())


@pytest.fixture
def procurement(client, partner):
    person = make_user("procurement", partner.unit, name="Petra")
    client.force_login(person)
    return person


def new(partner, slug):
    return reverse("entry_new", args=[partner.pk, slug])


def test_every_kind_that_is_entered_is_tried_here():
    assert set(TYPED) == set(READS) == set(ENTERED)
    assert {entry.SLUG for entry in ENTRIES} == {*ENTERED, "value"}


@pytest.mark.parametrize("slug", list(TYPED))
def test_an_entry_is_entered_read_changed_and_taken_out(client, partner, procurement, slug):
    model = ENTERED[slug].model
    assert client.get(new(partner, slug)).status_code == 200
    answer = client.post(new(partner, slug), TYPED[slug], follow=True)
    assert answer.status_code == 200, answer.context["form"].errors
    row = model.objects.get()
    assert row.author == procurement
    page = client.get(reverse("evidence", args=[partner.pk])).content.decode()
    assert READS[slug] in page
    own = row.get_absolute_url()
    assert "Entered by Petra" in client.get(own).content.decode()
    saved = client.post(own, TYPED[slug] | {"note": "Told by phone", "version": row.version})
    assert saved.status_code == 302
    row.refresh_from_db()
    assert (row.note, row.version) == ("Told by phone", 2)
    history = client.get(reverse("history", args=[model._meta.db_table, row.pk])).content.decode()
    assert "Told by phone" in history
    delete = reverse("entry_delete", args=[slug, row.pk])
    assert client.post(delete, {"version": 1}).status_code == 409
    assert client.post(delete, {"version": 2}).status_code == 302
    assert not model.objects.exists()
    assert AuditEntry.objects.filter(table_name=model._meta.db_table, action="delete").exists()


def test_a_stale_save_shows_both_and_writes_nothing(client, partner, procurement):
    client.post(new(partner, "request"), TYPED["request"])
    row = Request.objects.get()
    Request.objects.update(what="Another", version=2)
    answer = client.post(row.get_absolute_url(), TYPED["request"] | {"what": "Mine", "version": 1})
    assert answer.status_code == 409
    assert "Another" in answer.content.decode()
    assert Request.objects.get().what == "Another"


BAD = [
    ("request", {"asked_on": "2999-01-01"}, "asked_on", "is not between"),
    ("request", {"asked_on": "2199-01-01"}, "asked_on", "has not come yet"),
    ("request", {"asked_on": "01.05.2026"}, "asked_on", "This is not a date"),
    ("request", {"answered_on": "2026-04-01", "outcome": "delivered"}, "answered_on", "before it was asked"),
    ("request", {"outcome": "delivered"}, "answered_on", "On which day did the answer come?"),
    ("request", {"answered_on": "2026-05-04"}, "outcome", "It was answered"),
    ("request", {"answered_on": "2026-05-04", "outcome": "ignored"}, "outcome", "It was answered"),
    ("request", {"agreed_days": "1_0"}, "agreed_days", "whole number"),
    ("request", {"agreed_days": "٣"}, "agreed_days", "whole number"),
    ("request", {"what": ""}, "what", "required"),
    ("request", {"what": "a\u202eb"}, "what", "invisible signs"),
    ("request", {"what": "a\x00b"}, "what", "invisible signs"),
    ("request", {"what": "x" * 501}, "what", "at most 500"),
    ("request", {"kind": "bribe"}, "kind", "valid choice"),
    ("request", {"link": "javascript:alert(1)"}, "link", "not a link"),
    ("request", {"note": "x" * 5_001}, "note", "at most 5000"),
    ("promise", {"due_on": ""}, "due_on", "For which day"),
    ("promise", {"due_on": "2026-04-01"}, "due_on", "before that"),
    ("promise", {"delivered_on": "2026-06-01", "withdrawn_on": "2026-06-01"}, "withdrawn_on", "it was delivered"),
    ("incident", {"severity": ""}, "severity", "How severe"),
    ("incident", {"kind": "praise"}, "severity", "Praise has none"),
    ("incident", {"fixed_at": "2026-04-01T09:00"}, "fixed_at", "before it was opened"),
    ("incident", {"opened_at": "yesterday"}, "opened_at", "not a moment"),
    ("incident", {"fix_within": "NaN"}, "fix_within", "not a number"),
    ("incident", {"fix_within": "1.005"}, "fix_within", "more than 2 decimals"),
    ("incident", {"conversation_on": "2026-04-01"}, "conversation_on", "before it happened"),
    ("commitment", {"amount": ""}, "amount", "How much"),
    ("commitment", {"currency": ""}, "currency", "In which currency"),
    ("commitment", {"currency": "XXY"}, "currency", "not an ISO currency"),
    ("commitment", {"amount": "-5"}, "amount", "cannot be negative"),
    ("commitment", {"consequence": ""}, "amount", "reward or a penalty"),
    ("programme", {"year": "26"}, "year", "four digits"),
    ("programme", {"benefits-demos-received": "Infinity"}, "benefits-demos-received", "not a number"),
    ("benchmark", {"median": "0"}, "median", "above zero"),
    ("benchmark", {"low": "0.2"}, "low", "above the median"),
    ("benchmark", {"our_price": "1." + "1" * 40}, "our_price", "not a number"),
    ("engagement", {"started_by": "both"}, "started_by", "valid choice"),
    ("disclosure", {"effect_on": "9999-01-01"}, "effect_on", "is not between"),
]  # fmt: skip


@pytest.mark.parametrize(("slug", "typed", "field", "said"), BAD)
def test_bad_input_is_named_beside_its_field_kept_and_not_saved(
    client, partner, procurement, slug, typed, field, said
):
    answer = client.post(new(partner, slug), TYPED[slug] | typed)
    assert answer.status_code == 400
    assert said.lower().rstrip("?") in str(answer.context["form"].errors[field]).lower().replace("’", "'")
    assert not ENTERED[slug].model.objects.exists()
    page = answer.content.decode()
    assert "Nothing was saved" in page
    for value in typed.values():
        if value.isprintable() and value.isascii() and 0 < len(value) < 60:
            assert value in page, "what was typed is still there"


def test_a_reference_stands_once_a_partner_and_kind(client, partner, procurement):
    client.post(new(partner, "request"), TYPED["request"] | {"reference": "T-1"})
    answer = client.post(new(partner, "request"), TYPED["request"] | {"reference": "T-1"})
    assert "has an entry with this reference already" in answer.content.decode()
    assert (
        client.post(new(partner, "disclosure"), TYPED["disclosure"] | {"reference": "T-1"}).status_code == 302
    )


def test_moves_of_a_promise_are_entered_with_it_and_taken_out_again(client, partner, procurement):
    moves = {"moves-TOTAL_FORMS": "1", "moves-INITIAL_FORMS": "0"}
    first = {"moves-0-moved_on": "2026-06-01", "moves-0-due_on": "2027-09-01", "moves-0-reason": "Waits"}
    assert client.post(new(partner, "promise"), TYPED["promise"] | moves | first).status_code == 302
    row = Promise.objects.get()
    assert row.moves.get().reason == "Waits"
    assert "moved once" in client.get(reverse("evidence", args=[partner.pk])).content.decode()
    held = {"moves-TOTAL_FORMS": "2", "moves-INITIAL_FORMS": "1", "moves-0-id": row.moves.get().pk, "moves-0-promise": row.pk}  # fmt: skip
    early = {"moves-1-moved_on": "2026-04-01", "moves-1-due_on": "2027-10-01"}
    answer = client.post(row.get_absolute_url(), TYPED["promise"] | held | first | early | {"version": 1})
    assert answer.status_code == 400
    assert "cannot be moved before it was promised" in answer.content.decode()
    twice = {"moves-1-moved_on": "2026-06-01", "moves-1-due_on": "2027-10-01"}
    answer = client.post(row.get_absolute_url(), TYPED["promise"] | held | first | twice | {"version": 1})
    assert "moved twice on one day" in answer.content.decode()
    gone = client.post(row.get_absolute_url(), TYPED["promise"] | held | first | {"moves-0-DELETE": "on", "version": 1})  # fmt: skip
    assert gone.status_code == 302
    assert not row.moves.exists()


def test_what_a_programme_no_longer_brings_is_taken_out(client, partner, procurement):
    client.post(new(partner, "programme"), TYPED["programme"])
    row = Programme.objects.get()
    assert row.benefits.get().received == 500
    less = TYPED["programme"] | {"benefits-demos-received": "", "benefits-demos-promised": "", "version": 1}
    client.post(row.get_absolute_url(), less)
    assert not row.benefits.exists()
    assert row.obligations.get().cost == Decimal("70.5")
    assert "is entered already" in client.post(new(partner, "programme"), TYPED["programme"]).content.decode()


def test_a_rater_changes_what_they_entered_and_reads_the_rest(client, partner, procurement):
    client.post(new(partner, "request"), TYPED["request"])
    row = Request.objects.get()
    rater = Client()
    rater.force_login(make_user("rater", partner.unit))
    page = rater.get(row.get_absolute_url()).content.decode()
    assert "You can read it" in page
    assert rater.post(row.get_absolute_url(), TYPED["request"] | {"version": 1}).status_code == 403
    assert rater.post(reverse("entry_delete", args=["request", row.pk]), {"version": 1}).status_code == 403
    rater.post(new(partner, "disclosure"), TYPED["disclosure"])
    own = Disclosure.objects.get()
    assert rater.post(own.get_absolute_url(), TYPED["disclosure"] | {"version": 1}).status_code == 302


def test_the_owner_of_a_partner_changes_whatever_was_entered(client, partner, procurement):
    client.post(new(partner, "request"), TYPED["request"])
    owner = make_user("rater", partner.unit)
    partner.owner = owner
    partner.save(update_fields=["owner"])
    theirs = Client()
    theirs.force_login(owner)
    row = Request.objects.get()
    assert theirs.post(row.get_absolute_url(), TYPED["request"] | {"version": 1}).status_code == 302


def test_nothing_of_another_unit_is_read_or_entered(client, partner, procurement):
    client.post(new(partner, "request"), TYPED["request"])
    stranger = Client()
    stranger.force_login(make_user("procurement", make_unit()))
    row = Request.objects.get()
    for address in (row.get_absolute_url(), new(partner, "request"), reverse("evidence", args=[partner.pk])):
        assert stranger.get(address).status_code == 404
        assert stranger.post(address, TYPED["request"]).status_code in (404, 405)


def fill(partner, number):
    for n in range(number):
        on = date(2026, 1 + n % 10, 1 + n % 27)
        Engagement.objects.create(partner=partner, day=on, started_by="us", purpose="social")
        Request.objects.create(partner=partner, asked_on=on, kind="fix", what=f"Fix {n}")
        Promise.objects.create(partner=partner, promised_on=on, due_on=on, what="It").moves.create(
            moved_on=on, due_on=on
        )
        Incident.objects.create(partner=partner, opened_at=f"{on}T10:00Z", severity="minor", what="It")
        Commitment.objects.create(partner=partner, due_on=on, made_by="us", what="It")
        Benchmark.objects.create(
            partner=partner, item=f"{n}", as_of=on, our_price=1, median=1, currency="EUR", source="x"
        )
        Disclosure.objects.create(partner=partner, shared_on=on, shared_by="us", kind="event", what="It")


def test_the_timeline_asks_the_database_as_often_for_many_entries(client, partner, procurement):
    ValueStatement.objects.create(partner=partner, quarter=date(2026, 1, 1), party="customer", felt_return=0)
    Programme.objects.create(partner=partner, year=2026, level="gold", currency="EUR")
    address = reverse("evidence", args=[partner.pk])

    def statements(query=""):
        with CaptureQueriesContext(connection) as found:
            assert client.get(address + query).status_code == 200
        return len(found)

    fill(partner, 1)
    client.get(address)
    few = statements()
    fill(make_partner(unit=partner.unit), 3)
    Engagement.objects.filter(partner=partner).delete()
    Benchmark.objects.filter(partner=partner).delete()
    fill(partner, 12)
    assert statements() <= few
    assert statements("?page=2") <= few


def test_the_timeline_is_narrowed_by_kind_side_and_days(client, partner, procurement):
    fill(partner, 2)
    Request.objects.create(partner=partner, asked_on=date(2024, 2, 29), kind="fix", what="Old one", asked_by="them")  # fmt: skip
    address = reverse("evidence", args=[partner.pk])

    def count(query):
        return client.get(address + query).context["page"].paginator.count

    assert count("") == 15
    assert count("?kind=request") == 3
    assert count("?kind=request&side=us") == 1, "what they asked of us is for us to do"
    assert count("?side=them") == 2 + 2 + 2 + 2
    assert count("?since=2024-02-29&until=2024-02-29") == 1
    assert count("?until=2024-02-28") == 0
    assert count("?since=2024-03-01") == 14
    assert count("?kind=nonsense&side=both&page=-1") == 15
    assert "Nothing matches" in client.get(f"{address}?until=2020-12-31").content.decode()
    page = client.get(f"{address}?since=2024-01-01&until=2024-12-31&kind=request").content.decode()
    assert 'name="since" value="2024-01-01"' in page
    assert 'name="until" value="2024-12-31"' in page


@pytest.mark.parametrize(
    ("query", "said", "number"),
    [
        ("since=31.12.2024", "This is not a date. Write it as 2026-12-31.", 2),
        (f"until={'9' * 5_000}", "This is not a date. Write it as 2026-12-31.", 2),
        ("since=0001-01-01", "The year 1 is not between 1950 and 2199.", 2),
        ("since=2024-03-01&until=2024-02-01", "This lies before the first day.", 1),
    ],
)
def test_days_that_make_no_sense_are_said_beside_the_field_and_not_asked(
    client, partner, procurement, query, said, number
):
    for day in (date(2024, 2, 29), date(2026, 1, 30)):
        Request.objects.create(partner=partner, asked_on=day, kind="fix", what="One", asked_by="them")
    page = client.get(f"{reverse('evidence', args=[partner.pk])}?{query}")
    assert page.status_code == 200
    name = query.split("=")[0] if "&" not in query else "until"
    assert f'aria-describedby="id_{name}_why"' in page.content.decode()
    assert f'id="id_{name}_why">{said}</span>' in page.content.decode()
    assert page.context["page"].paginator.count == number
    assert page.context["summary"] is None, "what is wrong stands near the top"


def test_a_quick_line_goes_on_to_the_form_with_what_was_typed(client, partner, procurement):
    address = reverse("entry_quick", args=[partner.pk])
    page = client.get(
        address, {"kind": "promise", "text": "Green <b>power</b>", "day": "2026-05-01"}, follow=True
    )
    assert page.context["form"]["what"].value() == "Green <b>power</b>"
    assert page.context["form"]["promised_on"].value() == "2026-05-01"
    assert "<b>power</b>" not in page.content.decode()
    assert client.get(reverse("evidence", args=[partner.pk])).context["last"] == "promise"
    assert client.get(address, {"kind": "nonsense"}).url == reverse("evidence", args=[partner.pk])


def test_a_new_incident_begins_at_a_moment_that_has_come(client, partner, procurement):
    page = client.get(new(partner, "incident"))
    begun = page.context["form"]["opened_at"].value()
    sent = TYPED["incident"] | {"opened_at": begun}
    assert client.post(new(partner, "incident"), sent).status_code == 302


def test_enter_another_keeps_to_the_kind(client, partner, procurement):
    answer = client.post(new(partner, "request"), TYPED["request"] | {"again": "1"})
    assert answer.url == new(partner, "request")


def start(client, **query):
    return client.get(reverse("entry_start"), query)


def test_an_entry_is_begun_anywhere_with_the_last_partner_and_kind(client, partner, procurement):
    for page in ("home", "entry_start"):
        assert (
            f'href="{reverse("entry_start")}">Add what happened</a>'
            in client.get(reverse(page)).content.decode()
        )
    assert start(client).context["form"]["partner"].value() is None
    client.get(new(partner, "promise"))
    form = start(client).context["form"]
    assert (str(form["partner"].value()), form["kind"].value()) == (partner.name, "promise")
    answer = start(
        client, partner=f" {partner.name.upper()} Ltd.", kind="request", text="Fix it", day="2026-01-02"
    )
    assert answer.url == f"{new(partner, 'request')}?text=Fix+it&day=2026-01-02"
    assert client.get(answer.url).context["form"]["what"].value() == "Fix it"
    assert start(client, partner=partner.name[:5], kind="request").status_code == 302


def test_only_partners_one_sees_are_offered_found_or_meant(client, partner, procurement):
    make_partner("Northgate Secret", unit=make_unit())
    make_partner("Northgate Gone", unit=partner.unit, archived_at=timezone.now())
    page = start(client, partner="Northgate Secret", kind="request")
    assert page.status_code == 400
    assert "No partner that you can see is called so" in page.content.decode()
    assert list(page.context["form"].offered()) == [partner.name]
    assert "Northgate Gone" not in page.content.decode()
    make_partner("Northgate Two", unit=partner.unit)
    page = start(client, partner="Northg", kind="request").content.decode()
    assert "Several partners are called so: Northgate" in page
    assert page.count("Northgate Secret") == 0
    assert "Perhaps you mean" in start(client, partner="Nortgate", kind="request").content.decode()


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"partner": ""}, "Name the partner."),
        ({"partner": "Northgate", "kind": "nonsense"}, "Select a valid choice"),
        ({"partner": "Northgate", "kind": "request", "day": "soon"}, "This is not a date."),
        ({"partner": "N" * 5_000, "kind": "request"}, "at most 200 characters"),
    ],
)
def test_a_beginning_that_makes_no_sense_is_said_beside_its_field(client, partner, procurement, sent, said):
    page = start(client, **sent)
    assert page.status_code == 400
    assert said in page.content.decode()
