"""What pages say of fairness, and to whom."""

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.templatetags.look import score
from governance.brief.head import without_severity
from scorecards import tasks
from scorecards.fair_words import own_severity, sentences, spans_of
from scorecards.models import FairCycle, FairRater, FairScore
from scorecards.services.cycles import close_cycle
from scorecards.services.recompute import recompute_now
from tests.factories import (
    make_assessment,
    make_cycle,
    make_partner,
    make_scorecard,
    make_template,
    make_user,
    rate,
)

pytestmark = pytest.mark.django_db
SHIFTS = [0, 0, 0, 0, 2, -3]  # of six raters, the last two


def closed(partners=6, raters=6):
    """A cycle that six people judged on 1 to 10, one generous and one severe, each missing somebody."""
    template = make_template(
        {("Service", 50): [("On time", 100)], ("Price", 50): [("Fair", 100)]}, scale_max=10
    )
    cycle, people = make_cycle(template), [make_user(name=f"Rater {n}") for n in range(raters)]
    for place in range(partners):
        card = make_scorecard(make_partner(f"Partner {place}"), template, cycle)
        for number, person in enumerate(people):
            if number != place % raters:
                mark = 4 + (place + number % 2) % 3 + SHIFTS[number]
                rate(
                    make_assessment(card, person, submitted=True),
                    mark,
                    5 + (number + place) % 2 + SHIFTS[number] // 2,
                )
    recompute_now(cycle.scorecards.values_list("pk", flat=True))
    close_cycle(cycle)
    tasks.work_out_fair_scores()
    return cycle, people


def page(client, user, cycle):
    client.force_login(user)
    response = client.get(reverse("cycle_fair", args=[cycle.pk]))
    assert response.status_code == 200
    return response.content.decode()


def test_a_closed_cycle_says_how_fair_its_scores_are(client, procurement):
    cycle, _ = closed()
    client.force_login(procurement)
    text = client.get(reverse("cycle_detail", args=[cycle.pk])).content.decode()
    assert "Of six raters one is markedly severe" in text
    assert reverse("cycle_fair", args=[cycle.pk]) in text
    card = cycle.scorecards.first()
    assert "Without severity" in client.get(reverse("scorecard_detail", args=[card.pk])).content.decode()
    assert "without severity, between" in client.get(reverse("portfolio")).content.decode()


def test_the_brief_carries_a_line_of_it():
    cycle, _ = closed()
    kept = FairScore.objects.filter(cycle__cycle=cycle).select_related("scorecard").first()
    said = without_severity(kept.scorecard)
    assert said.startswith(
        f"Without its raters’ severity {score(kept.adjusted)} ({score(kept.lower)} to {score(kept.upper)})"
    )
    other, _ = closed(raters=4)
    assert without_severity(other.scorecards.first()) == ""


def test_names_of_the_severe_are_for_administrators_alone(client, procurement, administrator):
    cycle, people = closed()
    assert "Severity of each rater" in page(client, administrator, cycle)
    text = page(client, procurement, cycle)
    assert "Scores with severity taken out" in text
    assert not [person.name for person in people if person.name in text]


def test_a_rater_reads_of_themselves_and_of_no_score(client):
    cycle, people = closed()
    text = page(client, people[-1], cycle)
    assert "more severe than the others" in text
    assert "Partner 0" not in text
    assert "Nothing can be told of your marks" in page(client, make_user(), cycle)


def test_of_fewer_than_five_raters_nothing_is_said_and_nothing_adjusted_is_shown(client, procurement):
    cycle, _ = closed(raters=4)
    assert FairCycle.objects.get().raters == 4
    text = page(client, procurement, cycle)
    assert "four raters only" in text
    assert "Partner 0" not in text
    client.force_login(procurement)
    card = cycle.scorecards.first()
    for address in (reverse("scorecard_detail", args=[card.pk]), reverse("portfolio")):
        assert "without severity" not in client.get(address).content.decode().lower().replace(
            "scores without severity", ""
        )


def test_before_a_cycle_closes_the_page_says_what_it_would_show(client, procurement):
    assert "Severity is worked out when" in page(client, procurement, make_cycle(make_template()))


def test_partners_of_other_units_are_not_listed(client, stranger, unit):
    cycle, _ = closed()
    for card in cycle.scorecards.all()[:3]:
        card.partner.unit = unit
        card.partner.save(update_fields=["unit"])
    assert page(client, stranger, cycle).count('data-label="As marked"') == 3


@pytest.mark.parametrize("of", ["cycle_fair", "cycle_detail"])
def test_the_page_takes_as_many_statements_for_many_partners(client, procurement, of):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for partners in (4, 12):
        cycle, _ = closed(partners)
        client.force_login(procurement)
        client.get(reverse(of, args=[cycle.pk]))
        with CaptureQueriesContext(connection) as found:
            client.get(reverse(of, args=[cycle.pk]))
        counts.append(len(found))
    assert counts[0] == counts[1]


def told(**fields):
    return FairCycle(**{"raters": 8, "circles": 1, "agreement": {}, **fields})


def test_findings_are_sentences():
    agreement = {
        "g1": {"alpha": 0.85, "raters": 8, "units": 9}, "g2": {"alpha": 0.1, "raters": 8, "units": 9},
        "g3": {"alpha": 0.9, "raters": 4, "units": 9},
    }  # fmt: skip
    names = {1: "service", 2: "openness", 3: "price"}
    found = told(severe=3, generous=1, moved=2, agreement=agreement)
    assert sentences(found, names, [(4, 7)]) == [
        "Of eight raters three are markedly severe and one is markedly generous.",
        "Corrected for severity, two partners change band.",
        "Raters agree well on service and hardly agree on openness.",
        "Ranks 4 to 7 cannot be told apart.",
    ]
    assert sentences(told(), {})[0] == "None of the eight raters is markedly severe or generous."
    assert sentences(told(circles=2), {})[-1].startswith("Raters form two circles that share no partner")


def test_spans_inside_others_are_left_out():
    assert spans_of([(1, 2), (3, 8), (1, 2), (4, 6), (9, 9), (12, 13), (12, 14)]) == [
        (1, 2),
        (3, 8),
        (12, 14),
    ]


def test_a_rater_within_what_chance_does_reads_so():
    effect = FairRater(rater=User(name="R"), n=40, effect=-3, se=2)
    assert (
        own_severity(effect)
        == "Your 40 marks show no marked severity: 3.0 points more severe than the others, give or take 3.9."
    )
