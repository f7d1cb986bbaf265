"""The portfolio's figures: remembered until they change, ranked among everybody, sorted, paged, exported."""

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags
from openpyxl import load_workbook

from evidence.models import Figure
from governance import memory, portfolio
from partners.models import Contract, Partner, Rate, Reporting
from scorecards.models import Assessment, Band, Criterion, Cycle, Score
from scorecards.services.recompute import recompute_now
from tests.factories import (
    make_assessment,
    make_contract,
    make_cycle,
    make_figure,
    make_partner,
    make_template,
    make_user,
)
from tests.governance.conftest import TODAY, scored
from vendorhub.roles import PERMISSIONS

pytestmark = pytest.mark.django_db


def table(client, **query) -> list[list[str]]:
    """The names in the table, vendors first, then those who stand apart."""
    groups = client.get(reverse("portfolio"), query).context["groups"]
    return [[row["line"].name for row in group["rows"]] for group in groups]


def also_scored(partner, cycle, *marks):
    """One more partner in a closed cycle."""
    Cycle.objects.filter(pk=cycle.pk).update(state=Cycle.OPEN)
    scored(partner, cycle.templates.get(), cycle, *marks)
    Cycle.objects.filter(pk=cycle.pk).update(state=Cycle.CLOSED)


def lines(client, **query):
    vendors, apart = client.get(reverse("portfolio"), query).context["groups"]
    return {row["line"].name: row["line"] for row in vendors["rows"] + apart["rows"]}


def test_a_page_looked_at_twice_is_worked_out_once(client, executive, quarters):
    client.force_login(executive)

    def statements(name) -> str:
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse(name))
        return "\n".join(query["sql"] for query in captured)

    for name in ("portfolio", "portfolio_heat"):
        assert "scorecards_score " in statements(name), name
        assert "scorecards_score " not in statements(name), name


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        (lambda: Partner.objects.filter(name="Steady").update(name="Renamed"), "Renamed"),
        (lambda: Contract.objects.filter(annual_value=100_000).update(annual_value=123_456), "123,456"),
        (lambda: Contract.objects.filter(annual_value=100_000).delete(), "One partner has no running contract"),
        (lambda: Score.objects.filter(scorecard__partner__name="Steady").update(overall=47), "47.0"),
        (lambda: Band.objects.filter(letter="D").update(name="Feeble"), "Feeble"),
        (lambda: Cycle.objects.filter(name="Q2").update(name="Second quarter"), "Second quarter"),
    ],
    ids=["partner", "contract", "contract gone", "score", "band", "cycle"],
)  # fmt: skip
def test_whatever_changes_shows_at_once(client, executive, quarters, change, shown):
    client.force_login(executive)
    before = client.get(reverse("portfolio")).content.decode()
    assert change()
    after = client.get(reverse("portfolio")).content.decode()
    assert after != before
    assert shown in after


def test_old_changes_are_forgotten_but_never_a_count_comes_twice(executive):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM governance_change")  # what tests before this one committed
        cursor.execute("INSERT INTO governance_change VALUES ('1', DEFAULT, now() - interval '3 days')")
        cursor.execute("INSERT INTO governance_change VALUES ('2', DEFAULT, now() - interval '3 days', true)")
    memory.forget_old_changes()
    quiet = memory.changes()
    assert (quiet.register[0], quiet.scores[0]) == (1, 1), "the last one of a kind stays"
    make_partner()
    memory.forget_old_changes()
    noted = memory.changes()
    assert (noted.register[0], noted.scores[0]) == (1, 1), "the older one goes"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE governance_change SET at = now() - interval '2 days'")
    memory.forget_old_changes()
    assert memory.changes() == noted != quiet


def test_whoever_may_open_the_portfolio_may_see_scores():
    assert PERMISSIONS["see_portfolio"] <= PERMISSIONS["see_scores"]


def test_a_rank_is_among_everybody_not_only_those_one_may_see(client, unit, quarters):
    Partner.objects.filter(name="Steady").update(unit=unit)
    client.force_login(make_user("executive"))
    shown = lines(client)
    assert "Steady" not in shown
    assert (shown["Falling"].rank, shown["Falling"].ranked) == (2, 2)


def test_what_one_person_looked_at_is_not_shown_to_another_behind_other_walls(client, unit, quarters):
    Partner.objects.filter(name="Steady").update(unit=unit)
    executive = make_user("executive", unit)
    client.force_login(executive)
    assert "Steady" in lines(client)
    client.force_login(make_user("executive"))
    assert "Steady" not in lines(client)
    executive.units.clear()
    client.force_login(executive)
    assert "Steady" not in lines(client)


def test_whoever_becomes_blind_no_longer_finds_what_was_remembered(client, executive, quarters):
    template = quarters[0].scorecards.first().template
    cycle = make_cycle(template, name="Open one", ends=TODAY() + timedelta(days=30))
    scorecard = scored(quarters[0], template, cycle, 5, 5, 5)
    client.force_login(executive)
    address = f"{reverse('portfolio')}?cycle={cycle.pk}"
    assert lines(client, cycle=cycle.pk)["Falling"].overall == 100
    mine = make_assessment(scorecard, executive)
    for name in ("portfolio", "portfolio_heat", "portfolio_export"):
        page = client.get(f"{reverse(name)}?cycle={cycle.pk}")
        assert (
            b"100.0" not in b"".join(page) if page.streaming else b"Open one</option>" not in page.content
        ), name
    Assessment.objects.filter(pk=mine.pk).update(submitted_at=timezone.now())
    assert client.get(address).context["cycle"] == cycle


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("name", ["Falling", "Steady", "Unpaid"]), ("-name", ["Unpaid", "Steady", "Falling"]),
        ("-spend", ["Falling", "Steady", "Unpaid"]), ("spend", ["Steady", "Falling", "Unpaid"]),
        ("-score", ["Unpaid", "Steady", "Falling"]), ("rank", ["Unpaid", "Steady", "Falling"]),
        ("change", ["Falling", "Steady", "Unpaid"]), ("-change", ["Steady", "Falling", "Unpaid"]),
        ("ends", ["Falling", "Steady", "Unpaid"]), ("coverage", ["Unpaid", "Falling", "Steady"]),
    ],
)  # fmt: skip
def test_every_column_sorts_and_what_has_no_value_comes_last(client, executive, quarters, sort, names):
    also_scored(make_partner("Unpaid"), Cycle.objects.get(name="Q2"), 4, 4, None)
    client.force_login(executive)
    assert table(client, sort=sort) == [names, ["We"]]


def test_a_heading_says_how_the_table_is_sorted_and_its_link_turns_it(client, executive, quarters):
    client.force_login(executive)
    text = client.get(reverse("portfolio"), {"sort": "-score", "kind": "vendor"}).content.decode()
    assert text.count("aria-sort") == 1
    assert 'aria-sort="descending"><a href="?sort=score&amp;kind=vendor">Score and standing' in text


def test_pages_hold_every_partner_once_in_order(client, executive, quarters, monkeypatch):
    monkeypatch.setattr(portfolio, "ROWS_A_PAGE", 2)
    for name in ("Acorn", "Birch"):
        also_scored(make_partner(name), Cycle.objects.get(name="Q2"), 3, 3, 3)
    client.force_login(executive)
    pages = [table(client, sort="name", page=page) for page in (1, 2, 3, 99)]
    assert pages == [[["Acorn", "Birch"], []], [["Falling", "Steady"], []], [[], ["We"]], [[], ["We"]]]


@pytest.mark.parametrize("sort", ["name", "rank", "-spend", "-change"])
def test_equal_scores_share_a_rank_and_every_page_counts_everybody(
    client, executive, quarters, monkeypatch, sort
):
    monkeypatch.setattr(portfolio, "ROWS_A_PAGE", 2)
    for name in ("Acorn", "Birch"):
        also_scored(make_partner(name), Cycle.objects.get(name="Q2"), 3, 3, 3)
    also_scored(make_partner("Unsure"), Cycle.objects.get(name="Q2"), 5, None, None)
    client.force_login(executive)
    shown = {name: line for page in (1, 2, 3) for name, line in lines(client, sort=sort, page=page).items()}
    assert {name: (line.rank, line.ranked) for name, line in shown.items()} == {
        "Acorn": (1, 4), "Birch": (1, 4), "Steady": (1, 4), "Falling": (4, 4), "Unsure": (None, None),
        "We": (None, None),
    }  # fmt: skip


def test_filters_narrow_the_table_and_not_the_ranks(client, executive, quarters):
    client.force_login(executive)
    assert table(client, standing="E") == [["Falling"], []]
    assert table(client, kind="own") == [[], ["We"]]
    assert table(client, unit="none", find="steady") == [["Steady"], []]
    assert lines(client, standing="E")["Falling"].rank == 2


def test_the_change_is_since_the_last_closed_cycle_with_a_score(client, executive, quarters):
    falling = quarters[0]
    template = falling.scorecards.get(cycle__name="Q1").template
    Score.objects.filter(scorecard__cycle__name="Q2", scorecard__partner=falling).update(
        overall=None, status="no score"
    )
    cycle = make_cycle(template, name="Q3", ends=TODAY() - timedelta(days=1))
    scored(falling, template, cycle, 5, 5, 5)
    Cycle.objects.filter(pk=cycle.pk).update(state=Cycle.CLOSED)
    client.force_login(executive)
    line = lines(client)["Falling"]
    assert (line.previous_cycle, line.previous, line.change) == ("Q1", 75, 25)


def test_a_standing_held_down_by_a_criterion_says_so(client, executive):
    template = make_template()
    Criterion.objects.filter(category__template=template, name="Quality").update(critical_minimum=90)
    scorecard = scored(make_partner(), template, make_cycle(template), 5, 3, 5)
    client.force_login(executive)
    text = client.get(reverse("portfolio"), {"cycle": scorecard.cycle_id}).content.decode()
    assert "held down by Quality" in text


def test_money_in_another_currency_is_named_and_left_out(client, executive, quarters):
    make_contract(quarters[1], annual_value=5, currency="USD", ends=TODAY() + timedelta(days=9))
    make_contract(quarters[0], annual_value=5, ends=TODAY() + timedelta(days=9))
    client.force_login(executive)
    page = client.get(reverse("portfolio")).context
    assert page["left_out"] == "One partner with contracts in USD is not in the sum of EUR."
    assert page["found"]["totals"]["spend"] == Decimal(1_000_005)


def test_money_in_a_currency_with_a_rate_is_added_up_in_the_reporting_currency(client, executive, quarters):
    make_contract(quarters[1], annual_value=5, currency="USD", ends=TODAY() + timedelta(days=9))
    Rate.objects.create(reporting="EUR", currency="USD", units=Decimal("0.5"), valid_from=TODAY())
    client.force_login(executive)
    page = client.get(reverse("portfolio")).context
    assert page["left_out"] == ""
    assert page["found"]["totals"]["spend"] == Decimal(1_000_010)
    Reporting.objects.create(pk=1, currency="USD")
    page = client.get(reverse("portfolio")).context
    assert page["left_out"].endswith("in EUR are not in the sum of USD.")
    assert page["found"]["totals"]["spend"] == Decimal(5)


def test_exports_hold_the_filtered_rows_as_csv_and_xlsx(client, executive, quarters):
    client.force_login(executive)
    address = reverse("portfolio_export")
    text = b"".join(client.get(address, {"find": "falling", "format": "csv"})).decode()
    [header, row] = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    told = dict(zip(header, row, strict=True))
    assert (told["partner"], told["score"], told["rank"], told["ranked among"], told["change"]) == (
        "Falling", "25.0000", "2", "2", "-50.0",
    )  # fmt: skip
    book = load_workbook(io.BytesIO(b"".join(client.get(address, {"find": "falling", "format": "xlsx"}))))
    values = [[cell.value for cell in row] for row in book.active.iter_rows()]
    assert values[0] == header
    assert values[1][header.index("score")] == 25


def test_the_heat_map_names_the_category_most_fall_short_in(client, executive, quarters):
    client.force_login(executive)
    page = client.get(reverse("portfolio_heat"))
    assert page.context["headline"] == (
        "Two of three fall short on “Service”. EUR\u00a01.0\u00a0m a year is spent there."
    )
    assert page.context["medians"] == [50, 50]


@pytest.mark.django_db(transaction=True)
def test_a_change_committed_after_a_later_one_is_seen_too(client, executive, quarters):
    late = connection.copy()
    with late.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("UPDATE partners_partner SET name = 'Late' WHERE name = 'Steady'")
        Partner.objects.filter(name="Falling").update(name="Early")
        client.force_login(executive)
        assert set(lines(client)) == {"Early", "Steady", "We"}
        cursor.execute("COMMIT")
    late.close()
    assert set(lines(client)) == {"Early", "Late", "We"}


@pytest.mark.django_db(transaction=True)
def test_who_is_listed_is_not_worked_out_again_while_only_scores_move(client, executive, quarters):
    client.force_login(executive)
    steady = Score.objects.get(scorecard__partner__name="Steady", scorecard__cycle__name="Q2")

    def shown_and_sorted(sort: str) -> tuple[list[str], int, bool]:
        with CaptureQueriesContext(connection) as captured:
            shown = lines(client, sort=sort)
        return list(shown), shown["Steady"].rank, any("'order'" in query["sql"] for query in captured)

    for sort in ("-spend", "score"):
        assert shown_and_sorted(sort) == (["Falling", "Steady", "We"], 1, True)
    Score.objects.filter(pk=steady.pk).update(overall=10)
    assert shown_and_sorted("-spend") == (["Falling", "Steady", "We"], 2, False)
    assert shown_and_sorted("score") == (["Steady", "Falling", "We"], 2, True)
    recompute_now([steady.pk])
    assert shown_and_sorted("-spend") == (["Falling", "Steady", "We"], 1, False)
    Contract.objects.filter(annual_value=100_000).update(annual_value=5_000_000)
    assert shown_and_sorted("-spend") == (["Steady", "Falling", "We"], 1, True)


@pytest.mark.django_db(transaction=True)
def test_a_score_that_comes_or_goes_changes_who_is_listed(client, executive, quarters):
    client.force_login(executive)
    steady = Score.objects.filter(scorecard__partner__name="Steady", scorecard__cycle__name="Q2")
    number = steady.get().pk
    assert set(lines(client)) == {"Falling", "Steady", "We"}
    steady.delete()
    assert set(lines(client)) == {"Falling", "We"}
    recompute_now([number])
    assert set(lines(client)) == {"Falling", "Steady", "We"}


def test_the_table_quotes_the_facts_and_dashes_what_is_not_enough_to_say(client, executive, quarters):
    steady, other = (
        Partner.objects.filter(name="Steady").get(),
        Partner.objects.exclude(name="Steady").first(),
    )
    make_figure(steady, "promises_kept", "0.4", 5)
    make_figure(steady, "presence_ratio", "6.5", 20, lower="2.6", upper="17.5")
    make_figure(other, "promises_kept", None, 1)
    client.force_login(executive)

    def cell(name: str) -> str:
        page = client.get(reverse("portfolio"), {"find": name}).content.decode()
        return " ".join(strip_tags(re.search(r'(<td data-label="Promises kept".*?)</td>', page)[1]).split())

    assert cell("Steady") == "2 of 5presence 6.5×"
    assert cell(other.name) == "– not enough to say"
    Figure.objects.filter(name="presence_ratio").update(word="no difference shown")
    assert cell("Steady") == "2 of 5"


def test_the_facts_take_one_statement_however_many_partners(client, executive, quarters):
    client.force_login(executive)

    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("portfolio"))
        return sum("evidence_figure" in query["sql"] for query in captured)

    assert asked() == 1
    for number in range(3):
        also_scored(make_partner(f"P{number}"), Cycle.objects.get(name="Q2"), 4, 4, 4)
    assert asked() == 1
