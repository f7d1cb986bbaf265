"""Home, portfolio, heat map and partner page: the sentence at the top, filters, walls, constant queries."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from scorecards.models import Cycle
from tests.factories import (
    make_assessment,
    make_contract,
    make_cycle,
    make_partner,
    make_scorecard,
    make_template,
    make_user,
    rate,
)
from tests.governance.conftest import scored

TODAY = timezone.localdate


def test_the_portfolio_says_how_much_is_spent_with_partners_that_slip(client, executive, quarters):
    client.force_login(executive)
    page = client.get(reverse("portfolio"))
    assert (
        page.context["headline"]
        == "EUR\u00a0900,000 of EUR\u00a01.0\u00a0m a year is spent with partners that are slipping."
    )
    assert [(line.name, line.change) for line in page.context["found"]["fell"]] == [
        ("Falling", Decimal("-50.0"))
    ]


def test_ourselves_stand_apart_and_are_never_ranked_among_vendors(client, executive, quarters):
    client.force_login(executive)
    page = client.get(reverse("portfolio"), {"sort": "-score"})
    shown = [
        [(row["line"].name, row["line"].rank) for row in group["rows"]] for group in page.context["groups"]
    ]
    assert shown == [[("Steady", 1), ("Falling", 2)], [("We", None)]]
    assert "never ranked among vendors" in page.content.decode()


def test_a_total_value_is_spread_over_its_years(client, executive, quarters):
    steady = quarters[1]
    steady.contracts.update(annual_value=None, total_value=400_000, starts=TODAY() - timedelta(days=1361))
    client.force_login(executive)
    vendors, _ = client.get(reverse("portfolio"), {"find": "steady"}).context["groups"]
    assert [row["line"].spend for row in vendors["rows"]] == [100_000]


@pytest.mark.parametrize(
    "query",
    ["sort=nonsense", "page=99999999999", "page=-1", "cycle=abc", "unit=99999999999999999999", "kind=%00",
     "find=%F0%9F%92%A9", "standing=Z", "cycle=9223372036854775807", "unit=٣"],
)  # fmt: skip
def test_senseless_filters_are_left_out(client, executive, quarters, query):
    client.force_login(executive)
    for name in ("portfolio", "portfolio_heat", "partner_list", "portfolio_export"):
        assert client.get(f"{reverse(name)}?{query}").status_code in (200, 400), name


def test_the_heat_map_is_a_table_with_letters_in_its_cells(client, executive, quarters):
    client.force_login(executive)
    text = client.get(reverse("portfolio_heat")).content.decode()
    assert '<td class="h E"><span>25.0<i>E</i></span></td>' in text


def test_a_name_with_markup_is_shown_as_text(client, executive, quarters):
    falling = quarters[0]
    falling.name = "<script>alert(1)</script>"
    falling.save()
    client.force_login(executive)
    for address in (
        reverse("portfolio"),
        reverse("portfolio_heat"),
        falling.get_absolute_url(),
        reverse("partner_list"),
    ):
        assert b"<script>alert" not in client.get(address).content


def test_a_contract_that_has_ended_is_not_the_next_to_end(client, executive, quarters):
    make_contract(quarters[0], ends=TODAY() - timedelta(days=40))
    client.force_login(executive)
    page = client.get(quarters[0].get_absolute_url())
    assert page.context["next_end"] == TODAY() + timedelta(days=100)


def test_exported_names_do_not_become_formulas(client, executive, quarters):
    quarters[0].name = "=1+1"
    quarters[0].save()
    client.force_login(executive)
    assert "'=1+1" in client.get(reverse("portfolio_export")).content.decode()


@pytest.mark.parametrize("name", ["portfolio", "portfolio_heat", "home", "partner_list"])
def test_pages_ask_as_often_for_many_partners_as_for_few(client, executive, quarters, name, statements):
    client.force_login(executive)
    template = quarters[0].scorecards.first().template

    statements(client, reverse(name))
    quarters[0].save()  # forgets what was worked out
    few = statements(client, reverse(name))
    cycle = make_cycle(template, name="Q3", ends=TODAY())
    for number in range(12):
        scored(make_partner(f"More {number}"), template, cycle, 3, 3, 3)
    Cycle.objects.filter(pk=cycle.pk).update(state=Cycle.CLOSED)
    assert statements(client, reverse(name)) <= few + (1 if name == "home" else 0)


def test_whoever_still_has_something_to_submit_sees_the_last_closed_cycle_and_why(
    client, executive, quarters
):
    template = quarters[0].scorecards.first().template
    cycle = make_cycle(template, name="Open one", ends=TODAY() + timedelta(days=30))
    scorecard = scored(quarters[0], template, cycle, 5, 5, 5)
    make_assessment(scorecard, executive)
    client.force_login(executive)
    page = client.get(reverse("portfolio"), {"cycle": cycle.pk})
    assert page.context["cycle"].name == "Q2"
    assert "You do not see scores of Open one yet" in page.content.decode()
    assert client.get(quarters[0].get_absolute_url()).context["latest"].cycle == "Q2"
    assert "100.0" not in client.get(reverse("home")).content.decode()


def test_home_counts_what_a_rater_has_to_finish(client, rater, db):
    template = make_template()
    last = template.categories.last().criteria.last()
    last.roles = ["leadership"]  # not asked of this rater
    last.save()
    cycle = make_cycle(template, due=TODAY() + timedelta(days=3))
    half = make_assessment(make_scorecard(make_partner(), template, cycle), rater)
    rate(half, 3, "n/a")
    make_assessment(make_scorecard(make_partner(), template, cycle), rater)
    client.force_login(rater)
    page = client.get(reverse("home"))
    assert "2 partners left to score by" in page.content.decode()
    assert [(cell.given, cell.asked) for cell in page.context["mine"]] == [(2, 2), (0, 2)]


def test_an_empty_installation_says_how_to_start(client, procurement):
    client.force_login(procurement)
    assert "Start with your contract register" in client.get(reverse("home")).content.decode()
    for name in ("portfolio", "portfolio_heat", "partner_list", "cycle_list", "template_list"):
        assert 'class="empty"' in client.get(reverse(name)).content.decode(), name


def test_the_portfolio_stays_inside_the_walls(client, unit, quarters):
    quarters[0].unit = unit
    quarters[0].save()
    client.force_login(make_user("executive"))
    assert "Falling" not in client.get(reverse("portfolio")).content.decode()
    assert "Falling" not in client.get(reverse("portfolio_export")).content.decode()
