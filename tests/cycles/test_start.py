"""Starting a cycle: quarters suggested, names, dates, and the partners and raters of an earlier one."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from scorecards.models import Assessment, Cycle, Scorecard, Template
from scorecards.services import cycles as service
from tests.factories import (
    make_assessment,
    make_cycle,
    make_partner,
    make_scorecard,
    make_template,
    make_user,
    rate,
)

SOON = timezone.localdate() + timedelta(days=9)
TYPED = {"name": "2027 Q1", "starts": "2026-01-01", "ends": "2099-03-31", "due": f"{SOON}"}


def start(client, by, **typed):
    client.force_login(by)
    return client.post(reverse("cycle_create"), {**TYPED, **typed}, follow=True)


def test_the_suggested_quarters_begin_with_the_one_that_holds_the_day_and_leave_out_those_taken():
    names = [quarter["name"] for quarter in service.suggest_quarters(date(2026, 11, 22), {"2027 Q1"})]
    assert names == ["2026 Q4", "2027 Q2", "2027 Q3"]
    first = service.suggest_quarters(date(2026, 11, 22))[0]
    assert (first["starts"], first["ends"], first["due"]) == (
        date(2026, 10, 1), date(2026, 12, 31), date(2026, 12, 6),
    )  # fmt: skip


@pytest.mark.parametrize("day", [date(2024, 2, 29), date(2026, 1, 1), date(2026, 12, 31), date(2026, 6, 30)])
def test_a_suggested_quarter_is_three_whole_months_around_the_day(day):
    quarter = service.suggest_quarters(day)[0]
    assert quarter["starts"] <= day <= quarter["ends"]
    assert (quarter["ends"] + timedelta(days=1)).month % 12 == (quarter["starts"].month + 3) % 12


def test_a_suggestion_fills_the_form_in(client, procurement):
    client.force_login(procurement)
    suggested = service.suggest_quarters(timezone.localdate())[1]
    page = client.get(reverse("cycle_create"), {"quarter": suggested["name"]}).content.decode()
    assert f'value="{suggested["name"]}"' in page
    assert f'value="{suggested["ends"]}"' in page
    assert client.get(reverse("cycle_create"), {"quarter": "2000 Q9"}).status_code == 200


def test_a_name_that_is_taken_is_refused_beside_the_field(client, procurement):
    make_cycle(name="2027 Q1")
    response = start(client, procurement, name=" 2027  q1 ")
    assert response.status_code == 400
    assert "There is a cycle 2027 q1 already. Choose another name." in response.content.decode()
    assert Cycle.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("ends", "2025-12-31", "lies before the first day"),
        ("due", "2025-12-31", "cannot submit before the first day"),
        ("due", f"{timezone.localdate() - timedelta(days=1)}", "This day has passed"),
        ("due", "9999-12-31", "not between 1950 and 2199"),
        ("due", "tomorrow", "This is not a date"),
        ("name", "", "This field is required"),
        ("name", "x" * 101, "at most 100 characters"),
        ("name", "Q4\u202e", "invisible signs"),
        ("name", "Q4\x00", "invisible signs"),
        ("source", "99999", "no longer there"),
        ("source", "9" * 40, "no longer there"),
    ],
)
def test_a_cycle_that_cannot_be_says_why_and_keeps_what_was_typed(
    client, procurement, field, typed, sentence
):
    make_cycle(name="Earlier", state="closed")
    response = start(client, procurement, **{field: typed})
    assert response.status_code == 400
    assert sentence in response.content.decode()
    if field != "name":
        assert 'value="2027 Q1"' in response.content.decode()
    assert Cycle.objects.count() == 1


def test_last_quarters_partners_and_raters_come_over_and_who_is_left_out_is_said(
    client, procurement, unit, rater
):
    old = make_template(name="Vendors", state="retired")
    new = make_template(name="Vendors", number=2)
    source = make_cycle(old, name="2026 Q4", state="closed")
    gone = make_user(name="Gita Gone", is_active=False)
    outside = make_user(name="Otto Outside")
    alder, birch = make_partner("Alder"), make_partner("Birch", unit=unit)
    cards = [make_scorecard(partner, old, source) for partner in (alder, birch)]
    make_assessment(cards[0], rater, rater_role="leadership")
    for person in (gone, outside):
        make_assessment(cards[1], person)
    make_scorecard(make_partner("Archived", archived_at=timezone.now()), old, source)
    make_scorecard(make_partner("Ourselves", kind="own"), old, source)
    page = start(client, procurement, source=source.pk).content.decode()
    cycle = Cycle.objects.get(name="2027 Q1")
    assert set(cycle.scorecards.values_list("partner", "template")) == {
        (alder.pk, new.pk),
        (birch.pk, new.pk),
    }
    asked = Assessment.objects.get(scorecard__cycle=cycle)
    assert (asked.scorecard.partner, asked.rater, asked.rater_role, asked.submitted_at) == (
        alder, rater, "leadership", None,
    )  # fmt: skip
    for sentence in (
        "2 partners and 1 assessment came over from 2026 Q4.",
        "Left out, being archived: Archived.",
        "Left out, being of a kind without an active template: Ourselves.",
        "Not asked again, being unable to sign in: Gita Gone.",
        "Not asked about partners outside their business units: Otto Outside (1 partner).",
    ):
        assert sentence in page


def test_an_analyst_of_one_unit_copies_only_what_they_see(client, stranger, unit):
    template = make_template()
    source = make_cycle(template, name="2026 Q4", state="closed")
    make_assessment(make_scorecard(make_partner("Foreign", unit=unit), template, source))
    make_scorecard(make_partner("Common"), template, source)
    page = start(client, stranger, source=source.pk).content.decode()
    assert [card.partner.name for card in Scorecard.objects.filter(cycle__name="2027 Q1")] == ["Common"]
    assert "1 partner of other business units stayed behind." in page
    assert "Foreign" not in page


def test_without_a_source_the_draft_is_empty_and_the_partners_come_next(client, procurement):
    template = make_template()
    response = start(client, procurement)
    cycle = Cycle.objects.get()
    assert response.redirect_chain[-1][0] == reverse("cycle_partners", args=[cycle.pk])
    assert list(cycle.templates.all()) == [template]
    assert not Template.objects.filter(state="draft").exists()


def test_a_due_date_of_an_open_cycle_is_not_edited_into_the_past(client, procurement):
    cycle = make_cycle(due=timezone.localdate() - timedelta(days=2))
    client.force_login(procurement)
    typed = {"name": "Renamed", "starts": cycle.starts, "ends": cycle.ends, "version": cycle.version}
    address = reverse("cycle_edit", args=[cycle.pk])
    typed |= {"starts": "2026-01-01"}
    assert client.post(address, {**typed, "due": timezone.localdate() - timedelta(days=1)}).status_code == 400
    assert client.post(address, {**typed, "due": cycle.due}).status_code == 302, (
        "a date that stays is no change"
    )
    cycle.refresh_from_db()
    assert cycle.name == "Renamed"


def test_the_next_cycle_starts_from_the_one_it_is_started_on(client, procurement):
    template = make_template()
    for name, ends in (("2026 Q2", date(2026, 6, 30)), ("2026 Q3", date(2026, 9, 30))):
        make_scorecard(
            template=template,
            cycle=make_cycle(template, name=name, state="closed", starts=date(2026, 1, 1), ends=ends),
        )
    earlier = Cycle.objects.get(name="2026 Q2")
    client.force_login(procurement)
    assert (
        f"{reverse('cycle_create')}?source={earlier.pk}"
        in client.get(earlier.get_absolute_url()).content.decode()
    )
    for wanted, name in ((earlier.pk, "2026 Q2"), ("", "2026 Q3"), ("9" * 30, "2026 Q3")):
        page = client.get(reverse("cycle_create"), {"source": wanted}).content.decode()
        assert f"selected>the partners and raters of {name}" in page


def test_a_draft_is_discarded_after_asking_and_nothing_else_is(client, procurement):
    template = make_template()
    draft, under_way = make_cycle(template, name="Oops", state="draft"), make_cycle(template)
    for cycle in (draft, under_way):
        make_assessment(make_scorecard(make_partner(), template, cycle))
    client.force_login(procurement)
    address = reverse("cycle_discard", args=[draft.pk])
    assert address in client.get(reverse("cycle_edit", args=[draft.pk])).content.decode()
    assert "Discard the draft Oops?" in client.get(address).content.decode()
    assert Cycle.objects.count() == 2
    client.post(address)
    page = client.post(reverse("cycle_discard", args=[under_way.pk]), follow=True).content.decode()
    assert "is open now, so nothing was changed" in page
    assert Cycle.objects.get() == under_way
    assert Assessment.objects.count() == 1


def test_a_draft_with_marks_is_not_discarded(client, procurement):
    template = make_template()
    draft = make_cycle(template, state="draft")
    rate(make_assessment(make_scorecard(make_partner(), template, draft)), 4)
    client.force_login(procurement)
    page = client.post(reverse("cycle_discard", args=[draft.pk]), follow=True).content.decode()
    assert "Somebody has marked partners" in page
    assert Cycle.objects.exists()
