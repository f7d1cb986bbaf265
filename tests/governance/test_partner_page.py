"""The partner page: where the partner stands, or why nobody knows yet."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from partners.models import Contact
from scorecards.models import Cycle
from tests.factories import make_assessment, make_contract, make_cycle, make_partner, make_scorecard
from tests.governance.conftest import TODAY, scored


def opened(client, user, partner, tab=""):
    client.force_login(user)
    response = client.get(partner.get_absolute_url() + tab)
    assert response.status_code == 200
    text = response.content.decode()
    return text.split("<h1>")[1].split("</h1>")[0], text


def test_the_heading_says_score_band_change_and_cycles(client, executive, quarters):
    heading, _ = opened(client, executive, quarters[0])
    assert heading == "Falling is Failing at 25.0 of 100 in Q2, down 50.0 since Q1."
    heading, _ = opened(client, executive, quarters[1])
    assert heading == "Steady is Weak at 50.0 of 100 in Q2, the same as in Q1."


def test_a_provisional_score_says_what_is_missing_for_a_final_one(client, executive, quarters):
    card = quarters[0].scorecards.get(cycle__name="Q2")
    card.score.status, card.score.standing, card.score.raters = "provisional", "", 1
    card.score.save()
    heading, text = opened(client, executive, quarters[0])
    assert heading.startswith("Falling stands provisionally at 25.0 of 100 in Q2")
    assert "Not final: 1 rater submitted, and 100" in text


def test_a_partner_just_imported_says_what_starts_it(client, procurement):
    partner = make_partner("Fresh")
    heading, text = opened(client, procurement, partner)
    assert heading == "Fresh has no score yet."
    assert "It stands in no cycle yet" in text
    assert f'href="{reverse("cycle_create")}"' in text
    assert f'href="{reverse("contract_create", args=[partner.pk])}"' in text
    assert f'href="{reverse("contact_create", args=[partner.pk])}"' in text
    draft = make_cycle(state="draft")
    assert f'href="{reverse("cycle_partners", args=[draft.pk])}"' in opened(client, procurement, partner)[1]


def test_whoever_is_asked_to_score_it_is_led_to_their_own_marks(client, rater, executive):
    cycle = make_cycle(due=TODAY() + timedelta(days=3))
    partner = make_partner()
    mine = make_assessment(make_scorecard(partner, cycle=cycle), rater)
    _, text = opened(client, rater, partner)
    assert f'href="{reverse("assessment_detail", args=[mine.pk])}"' in text
    assert "due in 3 days" in text
    _, text = opened(client, executive, partner)
    assert reverse("assessment_detail", args=[mine.pk]) not in text
    assert "nobody has submitted yet" in text


def test_whoever_still_owes_marks_to_the_cycle_reads_that_they_see_no_scores_of_it(client, executive):
    cycle = make_cycle()
    partner = make_partner()
    card = scored(partner, make_scorecard(cycle=cycle).template, cycle, 4, 4, 4)
    make_assessment(cycle.scorecards.exclude(pk=card.pk).get(), executive)
    heading, text = opened(client, executive, partner)
    assert (
        heading.endswith("has no score yet for you to see.")
        or "once you have submitted all of your own" in text
    )
    assert "75.0" not in text


def test_contracts_and_contacts_stand_beside_the_scores_inside_the_walls(client, executive, unit, quarters):
    falling = quarters[0]
    Contact.objects.create(partner=falling, name="Cora Contact", role="Account manager")
    make_contract(falling, title="Secret of a unit", unit=unit)
    executive.all_units = False
    executive.save()
    executive.units.clear()
    _, text = opened(client, executive, falling)
    assert "Cora Contact" in text
    assert "EUR 900,000 a year" in text
    assert "Secret of a unit" not in text


def test_internal_partners_and_ourselves_have_the_same_page(client, executive, quarters):
    heading, _ = opened(client, executive, quarters[2])
    assert heading == "We is Strong at 100.0 of 100 in Q2, the same as in Q1."
    Cycle.objects.update(closed_at=timezone.now())
    assert opened(client, executive, make_partner("Plant", kind="operations"))[0] == "Plant has no score yet."


def test_every_tab_has_an_address_and_nonsense_is_the_first(client, procurement):
    partner = make_partner("Fresh")
    for tab, says in (
        ("contracts", "Add a contract"),
        ("contacts", "Add a contact"),
        ("nonsense", "Scorecard"),
    ):
        assert says in opened(client, procurement, partner, f"?tab={tab}")[1]
