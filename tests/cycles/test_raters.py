"""Who is asked to rate what: by a rule that says first what it would do, and by hand; never outside the walls."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import OutgoingMail, User
from scorecards.models import Assessment, Rating, RecomputeRequest, Scorecard
from scorecards.services import cycles as service
from scorecards.services import raters as rater_service
from tests.factories import (
    make_assessment,
    make_cycle,
    make_partner,
    make_scorecard,
    make_template,
    make_unit,
    make_user,
    rate,
)

HUGE = "9" * 40


@pytest.fixture
def draft(db):
    return make_cycle(make_template(), state="draft", due=timezone.localdate() + timedelta(days=10))


@pytest.fixture
def card(draft):
    """Makes a scorecard of a partner with these facts."""
    return lambda name="", **facts: make_scorecard(make_partner(name, **facts), draft.templates.get(), draft)


def plan(rule: str, *people: User) -> rater_service.Plan:
    return rater_service.plan_rule(Scorecard.objects.all(), people, rule)


def pairs() -> set[tuple[str, str]]:
    return set(Assessment.objects.values_list("scorecard__partner__name", "rater__name"))


def test_each_rule_means_whom_it_says(unit, card):
    owner, colleague = make_user("rater", unit), make_user("rater", unit)
    owned, units, companys = card(owner=owner, unit=unit), card(unit=unit), card()
    everybody = (owner, colleague)
    assert plan("owner", *everybody).new == {owner: [owned.pk]}
    assert plan("unit", *everybody).new == {person: [owned.pk, units.pk] for person in everybody}
    assert plan("all", *everybody).new == {person: [owned.pk, units.pk, companys.pk] for person in everybody}


@pytest.mark.parametrize("rule", ["owner", "unit", "all"])
def test_no_rule_asks_anybody_outside_their_walls(unit, card, draft, procurement, rule):
    outsider = make_user("rater", make_unit("Elsewhere"))
    walled = card("Walled", unit=unit, owner=outsider)
    made = rater_service.assign_by_rule(draft, Scorecard.objects.all(), [outsider], rule, by=procurement)
    assert not Assessment.objects.exists()
    assert made.nobody == {walled.pk}
    assert made.walled == ({} if rule == "unit" else {outsider: 1})


def test_a_rule_says_what_it_would_do_before_anything_is_written(client, procurement, unit, card, draft):
    owner, outsider = make_user("rater", unit, name="Olga Owner"), make_user("rater", name="Otto Outside")
    card("Owned", owner=owner, unit=unit)
    card("Unowned")
    card("Walled", owner=outsider, unit=unit)
    client.force_login(procurement)
    address = reverse("cycle_raters", args=[draft.pk])
    page = client.get(address, {"rule": "owner", "rater_roles": ["business"]}).content.decode()
    assert "1 assessment would be added, on 1 partner." in page
    assert "Still nobody for</b> Unowned and Walled." in page
    assert "Otto Outside (1 partner)" in page
    assert not Assessment.objects.exists()
    client.post(address, {"by_rule": "", "rule": "owner", "rater_roles": ["business"]})
    assert pairs() == {("Owned", "Olga Owner")}


def test_a_rule_that_was_applied_before_adds_nothing(unit, card, draft, procurement):
    person = make_user("rater", unit)
    card()
    for expected in (1, 0):
        made = rater_service.assign_by_rule(draft, Scorecard.objects.all(), [person], "all", by=procurement)
        assert made.assessments == expected
    assert plan("all", person).already == 1


def test_only_people_of_the_sides_ticked_are_asked(client, procurement, rater, card, draft):
    make_user("rater", name="Berta Business")
    card("Partner")
    client.force_login(procurement)
    client.post(
        reverse("cycle_raters", args=[draft.pk]), {"by_rule": "", "rule": "all", "rater_roles": ["it"]}
    )
    assert pairs() == {("Partner", "Rafael Rater")}


def test_a_rule_without_a_side_says_so_and_asks_nobody(client, procurement, card, draft):
    card()
    client.force_login(procurement)
    for send in (client.get, client.post):
        response = send(reverse("cycle_raters", args=[draft.pk]), {"by_rule": "", "rule": "all"})
        assert response.status_code == 400
        assert "Tick at least one side" in response.content.decode()
    assert not Assessment.objects.exists()


def test_a_person_outside_the_walls_is_named_with_the_partners_and_the_ticks_stay(
    client, procurement, unit, card, draft
):
    outsider = make_user("rater", name="Otto Outside")
    inside, walled = card("Inside"), card("Walled", unit=unit)
    client.force_login(procurement)
    data = {"rater": outsider.pk, "rater_role": "it", "scorecard": [inside.pk, walled.pk]}
    response = client.post(reverse("cycle_raters", args=[draft.pk]), data)
    page = response.content.decode()
    assert response.status_code == 400
    assert "Otto Outside does not belong to the business unit of Walled" in page
    assert page.count('form="by-hand" checked') == 2
    assert not Assessment.objects.exists()


def test_a_person_asked_by_hand_rates_from_their_usual_side_unless_another_is_chosen(
    client, procurement, card, draft
):
    address = reverse("cycle_raters", args=[draft.pk])
    ines = make_user("rater", name="Ines", all_units=True, rater_role="it")
    client.force_login(procurement)
    card()
    assert '<option value="" selected>Their usual side</option>' in client.get(address).content.decode()
    for side in ("", "leadership"):
        client.post(address, {"rater": ines.pk, "rater_role": side, "scorecard": [card(f"Asked {side}").pk]})
    assert list(Assessment.objects.order_by("pk").values_list("rater_role", flat=True)) == [
        "it",
        "leadership",
    ]


@pytest.mark.parametrize("tick", [HUGE, "-1", "١", "1; DROP", "", "foreign", "another cycle"])
def test_a_tick_of_something_else_is_refused_and_nobody_is_asked(
    client, stranger, unit, rater, card, draft, tick
):
    foreign, elsewhere = card("Foreign", unit=unit), make_scorecard()
    tick = {"foreign": foreign.pk, "another cycle": elsewhere.pk}.get(tick, tick)
    client.force_login(stranger)
    data = {"rater": stranger.pk, "rater_role": "it", "scorecard": [card("Mine").pk, tick]}
    response = client.post(reverse("cycle_raters", args=[draft.pk]), data)
    assert response.status_code == 400
    assert "no longer in this list" in response.content.decode()
    assert not Assessment.objects.exists()


def test_without_a_tick_or_a_person_the_page_says_what_to_choose(client, procurement, card, rater, draft):
    card()
    client.force_login(procurement)
    address = reverse("cycle_raters", args=[draft.pk])
    for person, sentence in (
        (rater.pk, "Tick at least one partner"),
        ("", "Choose a person"),
        (HUGE, "no longer"),
    ):
        response = client.post(address, {"rater": person, "rater_role": "it"})
        assert response.status_code == 400
        assert sentence in response.content.decode()


def test_a_person_who_cannot_sign_in_is_not_offered(client, procurement, card, draft):
    gone = make_user("rater", is_active=False)
    one = card()
    client.force_login(procurement)
    data = {"rater": gone.pk, "rater_role": "it", "scorecard": [one.pk]}
    assert client.post(reverse("cycle_raters", args=[draft.pk]), data).status_code == 400
    assert not Assessment.objects.exists()


def test_whoever_is_asked_for_more_in_an_open_cycle_is_invited_again_and_nobody_else(
    draft, procurement, card
):
    late, done = make_user(), make_user()
    first, second = card("First"), card("Second")
    both = Scorecard.objects.order_by("pk")
    rater_service.assign_rater(draft, both.filter(pk=first.pk), done, "it", by=procurement)
    rater_service.assign_rater(draft, both, late, "it", by=procurement)
    service.open_cycle(draft, by=procurement)
    Assessment.objects.filter(rater=done).update(submitted_at=timezone.now())
    assert rater_service.assign_rater(draft, both, done, "it", by=procurement) == 1
    assert not rater_service.assign_by_rule(draft, both, [late, done], "all", by=procurement).assessments
    invitations = OutgoingMail.objects.filter(kind="invitation").order_by("pk")
    assert [mail.to for mail in invitations][2:] == [done.email]
    assert "1 more partner" in invitations.last().subject
    assert second.partner.name in invitations.last().text
    assert first.partner.name not in invitations.last().text


def test_taking_a_rater_off_asks_first_when_marks_would_be_lost(client, procurement, card, draft):
    assessment = make_assessment(card("Northgate"), make_user(name="Mara Marks"))
    client.force_login(procurement)
    address = reverse("cycle_remove_rater", args=[draft.pk, assessment.pk])
    rate(assessment, 4, "n/a")
    page = client.post(address).content.decode()
    assert "Take Mara Marks off Northgate?" in page
    assert "<dt>Marks that are lost</dt><dd>2</dd>" in page
    assert Assessment.objects.exists()
    rate(assessment, None, None, 5)
    assert "<dd>3</dd>" in client.post(address, {"agreed": "2"}).content.decode(), (
        "one more since it was asked"
    )
    assert Rating.objects.count() == 3
    client.post(address, {"agreed": "3"})
    assert not Assessment.objects.exists()
    assert not Rating.objects.exists()
    assert RecomputeRequest.objects.filter(scorecard=assessment.scorecard).exists()


def test_a_rater_who_gave_nothing_is_taken_off_at_once(client, procurement, card, draft):
    assessment = make_assessment(card())
    client.force_login(procurement)
    client.post(reverse("cycle_remove_rater", args=[draft.pk, assessment.pk]))
    assert not Assessment.objects.exists()


def test_a_submission_without_a_mark_is_not_taken_back_unasked(client, procurement, db):
    assessment = make_assessment(submitted=True)
    client.force_login(procurement)
    cycle = assessment.scorecard.cycle_id
    client.post(reverse("cycle_remove_rater", args=[cycle, assessment.pk]))
    assert Assessment.objects.exists()
