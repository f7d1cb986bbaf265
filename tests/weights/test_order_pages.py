"""How sure is the order? The page, its pair, its walls and its downloads."""

import csv
import io
from datetime import timedelta
from fractions import Fraction

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from governance import order_words as words
from governance.order import Order
from scorecards.fair.weights import Kept
from scorecards.models import Cycle, Scorecard
from tests.factories import make_assessment, make_cycle, make_partner, make_template, make_unit, make_user
from tests.governance.conftest import scored

pytestmark = pytest.mark.django_db
WEIGHTS = {("Service", 60): [("On time", 50), ("Quality", 50)], ("Price", 40): [("Fair", 100)]}


def close(cycle):
    Cycle.objects.filter(pk=cycle.pk).update(state=Cycle.CLOSED, closed_at=timezone.now())


@pytest.fixture
def cycle():
    """Swift leads Cheap by 70 to 55 and loses where Price weighs more than a half; ourselves stand apart."""
    template = make_template(WEIGHTS)
    cycle = make_cycle(template, ends=timezone.localdate() - timedelta(days=10))
    for name, marks in (("Swift", (5, 5, 2)), ("Cheap", (2, 2, 5)), ("Worse", (1, 1, 1))):
        scored(make_partner(name), template, cycle, *marks)
    scored(make_partner("We", kind="own"), template, cycle, 5, 5, 5)
    close(cycle)
    return cycle


def page(client, person, **query):
    client.force_login(person)
    return client.get(reverse("portfolio_order"), query)


def text(response) -> str:
    return " ".join(response.content.decode().replace("\u202f", " ").split())


def number(name, cycle):
    return Scorecard.objects.get(cycle=cycle, partner__name=name).partner_id


def test_the_page_says_how_surely_the_first_stays_first_and_what_would_cost_it_that(client, executive, cycle):
    """Service 100 and Price 25 against 25 and 100: level where each weighs a half."""
    response = page(client, executive)
    best = response.context["order"].places[0]
    assert best.name == "Swift"
    assert (
        f"Swift stays first in {words.first(best.around)} % of reasonable weightings and loses only if"
        in text(response)
    )
    assert "“Price” weighs more than 50 %" in text(response)
    assert "“Service” weighs less than 50 %" in text(response)
    assert Fraction(best.around.first, best.around.draws) > Fraction(4, 5)
    assert abs(Fraction(best.anyhow.first, best.anyhow.draws) - Fraction(1, 2)) < Fraction(1, 20)


def test_ourselves_are_never_ranked_among_vendors(client, executive, cycle):
    response = page(client, executive)
    assert [place.name for place in response.context["order"].places] == ["Swift", "Cheap", "Worse"]
    assert "We" not in [place.name for place in response.context["order"].places]


def test_the_weights_typed_into_what_if_give_the_order_that_was_foretold(client, executive, cycle):
    response = page(client, executive)
    row = next(row for row, _, _ in response.context["weighed"] if row.row.name == "Price")
    assert row.above[0] == Fraction(1, 2)
    template = row.row.template_id
    shown = client.get(f"{reverse('template_what_if', args=[template])}?cycle={cycle.pk}&{row.typed_above}")
    assert {
        line.rank_after
        for line in shown.context["lines"]
        if line.scorecard.partner.name in ("Swift", "Cheap")
    } == {1}
    past = client.get(f"{reverse('template_what_if', args=[template])}?cycle={cycle.pk}&g{row.row.pk}=61")
    ranks = {line.scorecard.partner.name: line.rank_after for line in past.context["lines"]}
    assert ranks["Cheap"] < ranks["Swift"]


def test_a_chosen_pair_is_compared_exactly(client, executive, cycle):
    response = page(client, executive, first=number("Cheap", cycle), second=number("Swift", cycle))
    assert response.context["first"].name == "Swift"
    assert "Swift is 15.0 points ahead of Cheap." in text(response)
    assert "Of all weightings there are, Swift is ahead in 50 %." in text(response)
    response = page(client, executive, first=number("Cheap", cycle), second=number("Worse", cycle))
    assert all(not row.moves for row, _, _ in response.context["weighed"])
    assert "never" in text(response)


@pytest.mark.parametrize(
    ("query", "said"),
    [({"first": "same", "second": "same"}, "Choose two different partners"),
     ({"first": "999999"}, "not in this order"), ({"second": "drop table"}, "not in this order")],
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_answered_with_a_sentence(client, executive, cycle, query, said):
    query = {name: number("Swift", cycle) if value == "same" else value for name, value in query.items()}
    response = page(client, executive, **query)
    assert response.status_code == 200
    assert said in text(response)
    assert response.context["first"].name == "Swift"


def test_partners_behind_a_wall_are_neither_named_nor_counted(client, cycle):
    outside, inside = make_unit("Outside"), make_unit("Inside")
    for name, unit in (("Swift", outside), ("Cheap", inside), ("Worse", inside)):
        partner = Scorecard.objects.get(cycle=cycle, partner__name=name).partner
        partner.unit = unit
        partner.save()
    response = page(client, make_user("executive", inside))
    assert [place.name for place in response.context["order"].places] == ["Cheap", "Worse"]
    assert response.context["order"].places[0].rank == 1
    assert "Swift" not in text(response)
    for form in ("csv", "xlsx"):
        content = client.get(reverse("portfolio_order_export", args=[form])).content
        assert b"Swift" not in content


def test_whoever_still_has_marks_to_give_sees_no_order_of_an_open_cycle(client, executive):
    template = make_template(WEIGHTS)
    cycle = make_cycle(template)
    card = scored(make_partner("Open"), template, cycle, 5, 5, 5)
    assert "Open" in text(page(client, executive))
    make_assessment(card, executive)
    response = page(client, executive)
    assert "No scores to show yet" in text(response)


def test_without_final_scores_the_page_says_what_would_be_here(client, executive):
    template = make_template(WEIGHTS)
    cycle = make_cycle(template)
    scored(make_partner("Alone"), template, cycle, 5, None, None)
    close(cycle)
    response = page(client, executive)
    assert "Nobody has a final score with this template yet." in text(response)
    assert reverse("cycle_detail", args=[cycle.pk]) in text(response)
    client.force_login(executive)
    for form in ("csv", "xlsx"):
        assert client.get(reverse("portfolio_order_export", args=[form])).status_code == 200


def test_one_alone_and_two_who_are_level_are_said_to_be_so(client, executive):
    template = make_template(WEIGHTS)
    cycle = make_cycle(template)
    scored(make_partner("Alpha"), template, cycle, 5, 5, 5)
    assert "Only Alpha has a final score here" in text(page(client, executive, cycle=cycle.pk))
    scored(make_partner("Beta"), template, cycle, 5, 5, 5)
    assert "Alpha and Beta are level in first place." in text(page(client, executive, cycle=cycle.pk))


def test_a_template_of_one_category_is_weighed_by_its_criteria(client, executive):
    template = make_template({("All", 100): [("Speed", 70), ("Cost", 30)]})
    cycle = make_cycle(template)
    scored(make_partner("Fast"), template, cycle, 5, 1)
    scored(make_partner("Thrifty"), template, cycle, 1, 5)
    response = page(client, executive, cycle=cycle.pk)
    assert [row.row.name for row, _, _ in response.context["weighed"]] == ["Speed", "Cost"]
    assert "“Speed” weighs less than 50 %" in text(response)
    assert response.context["inside"] == []


def test_the_downloads_hold_the_order_and_the_weights(client, executive, cycle):
    client.force_login(executive)
    sent = client.get(reverse("portfolio_order_export", args=["csv"])).content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(sent)))
    assert [(row["rank"], row["partner"]) for row in rows] == [("1", "Swift"), ("2", "Cheap"), ("3", "Worse")]
    assert float(rows[0]["first in reasonable weightings, %"]) > 80
    book = load_workbook(io.BytesIO(client.get(reverse("portfolio_order_export", args=["xlsx"])).content))
    weights = {row[0]: row[1:] for row in book["Weights"].iter_rows(min_row=2, values_only=True)}
    assert weights["Price"] == (40, None, None, 50, "Cheap")
    assert client.get(reverse("portfolio_order_export", args=["pdf"])).status_code == 404


def test_the_page_costs_as_many_statements_for_many_partners_as_for_few(client, executive, cycle, statements):
    client.force_login(executive)
    few = statements(client, reverse("portfolio_order"))
    Cycle.objects.filter(pk=cycle.pk).update(state=Cycle.OPEN)
    for _ in range(12):
        scored(make_partner(), cycle.templates.get(), cycle, 3, 4, 2)
    close(cycle)
    assert statements(client, reverse("portfolio_order")) == few


def test_what_is_worked_out_takes_two_statements_however_many_partners(cycle, django_assert_num_queries):
    template = cycle.templates.get()
    cards = Scorecard.objects.filter(cycle=cycle)
    Order(template, cards)
    with django_assert_num_queries(2):  # the best, and what was marked
        Order(template, cards)


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0"), (1, "under 1"), (10, "1"), (1000, "50"), (1999, "over 99"), (2000, "100")]
)
def test_neither_all_nor_none_is_said_unless_it_is_so(count, said):
    assert words.first(Kept(count, 0, 2000)) == said
