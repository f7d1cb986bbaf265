"""The decision brief: what it says of a contract, and to whom."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from governance.brief import brief_of, laid_out
from governance.brief.asking import written
from governance.brief.section import Section
from partners.models import CostLine
from partners.services.deadlines import set_deadlines
from scorecards.models import Criterion, Cycle, Scorecard
from scorecards.services.templates import load_builtin
from tests.factories import make_assessment, make_contract, make_cycle, make_partner, make_template
from tests.governance.conftest import TODAY, scored

pytestmark = pytest.mark.django_db


def page(client, contract) -> str:
    answer = client.get(reverse("brief", args=[contract.pk]))
    assert answer.status_code == 200
    return answer.content.decode().replace("\u00a0", " ")


def part(brief, key):
    return next(section for section in brief["sections"] if section["key"] == key)


@pytest.fixture
def cio(client, executive):
    client.force_login(executive)
    return client


def contract_of(partner=None, **fields):
    contract = make_contract(
        partner, **{"ends": TODAY() + timedelta(days=100), "notice_period": 10, **fields}
    )
    set_deadlines([contract])
    contract.save()
    return contract


def test_the_heading_asks_the_question_and_says_by_when(cio):
    contract = contract_of(country="")
    said = page(cio, contract)
    assert f"{contract.partner}: renew, renegotiate, replace or leave? Notice is due in " in said


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"ends": None, "term": "evergreen"}, "keep, renegotiate, replace or leave? It has no end"),
        ({"ends": None}, "No end is recorded."),
        ({"notice_period": None}, "no notice period is entered."),
        ({"ends": date(2020, 1, 31)}, "this contract ended "),
        ({"notice_period": 120}, "The notice deadline passed "),
        ({"ends": TODAY() + timedelta(days=8000)}, "Notice is due in 21 years, by "),
    ],
)
def test_every_kind_of_term_has_its_words(cio, fields, said):
    assert said in page(cio, contract_of(**fields))


def test_the_score_comes_with_its_standing_its_change_and_its_rank(cio, quarters):
    said = page(cio, quarters[0].contracts.get())
    for part in ("25.0", "Failing", "−50.0 since Q1", "rank 2 of 2", "Down by 50.0 over two cycles"):
        assert part in said, part


def test_categories_stand_beside_the_cycle_before_and_the_median_of_their_peers(cio, quarters, executive):
    template = Scorecard.objects.first().template
    last = Cycle.objects.get(name="Q2")
    Cycle.objects.filter(pk=last.pk).update(state="open")
    assert (
        part(brief_of(quarters[0].contracts.get(), executive), "categories")["data"]["peers"] == 0
    )  # too few
    for name in ("Best", "Second"):
        scored(make_partner(name), template, last, 5, 5, 5)
    scored(make_partner("Plant", kind="operations"), template, last, 1, 1, 1)  # no peer of a vendor
    Cycle.objects.filter(pk=last.pk).update(state="closed")
    found = brief_of(quarters[0].contracts.get(), executive)
    section = part(found, "categories")
    assert section["title"] == "Below its peers in both categories"
    assert [(row["score"], row["before"], row["peers"]) for row in section["data"]["rows"]] == [
        ("25.0000", "75.0000", "100.0000"), ("25.0000", "75.0000", "100.0000"),
    ]  # fmt: skip
    assert "Tick: median of 3 peers." in section["note"]


def test_questions_come_from_what_costs_most_and_what_fell_most(cio, db, executive):
    template = make_template({("Service", 100): [(name, 20) for name in "ABCDE"]})
    partner = make_partner("Slipping")
    for name, ends, marks in (("Q1", -100, (2, 4, 2, 5, 5)), ("Q2", -10, (2, 2, 1, 4, 5))):
        cycle = make_cycle(
            template, name=name, starts=TODAY() - timedelta(days=200), ends=TODAY() + timedelta(days=ends)
        )
        scored(partner, template, cycle, *marks)
        Cycle.objects.filter(pk=cycle.pk).update(state="closed")
    rows = part(brief_of(contract_of(partner), executive), "questions")["data"]["rows"]
    assert [row["why"] for row in rows] == ["C: 0.0, −25.0", "A: 25.0", "B: 25.0, −50.0", "D: 75.0, −25.0"]
    assert rows == part(brief_of(contract_of(partner), executive), "questions")["data"]["rows"]


def test_every_criterion_of_the_templates_that_come_with_the_product_has_its_question(db):
    load_builtin()
    for kind in ("vendor", "provider", "unit", "candidate"):
        names = Criterion.objects.filter(category__template__kind=kind).values_list("name", flat=True)
        assert names
        assert not set(names) - set(written())


def test_a_partner_that_nobody_scored_has_a_brief_that_says_so(cio):
    said = page(cio, contract_of(annual_value=1000))
    assert "No score to show." in said
    assert "It stands in no cycle yet" in said
    assert "Costs to the end: EUR" in said
    assert "Nobody owns the contract" in said


def test_whoever_still_has_marks_to_give_sees_no_score_of_that_cycle(client, executive, quarters):
    partner = quarters[0]
    cycle = Cycle.objects.get(name="Q2")
    Cycle.objects.filter(pk=cycle.pk).update(state="open", closed_at=None)
    make_assessment(Scorecard.objects.get(cycle=cycle, partner=quarters[1]), executive)
    client.force_login(executive)
    said = page(client, partner.contracts.get())
    assert "75.0" in said  # of Q1
    assert "25.0" not in said


def test_costs_to_the_end_tell_leaving_apart_and_what_has_no_rate(executive):
    contract = contract_of(
        starts=TODAY() + timedelta(days=1), ends=TODAY() + timedelta(days=800), annual_value=5
    )
    for kind, currency, amount in (("licence", "EUR", 1000), ("exit", "EUR", 50), ("service", "XAU", 7)):
        CostLine.objects.create(
            contract=contract, kind=kind, amount=amount, currency=currency, once=kind == "exit", starts=None
        )
    section = part(brief_of(contract, executive), "costs")
    assert sum(Decimal(row["leaving"]) for row in section["data"]["rows"]) == 50
    assert "Not in it: XAU" in section["note"]
    assert "Outline: leaving." in section["note"]
    assert section["title"].startswith("Costs to the end: EUR")


def test_rows_of_sections_are_filled_whatever_has_nothing_to_say():
    spans = [section.span for section in laid_out([Section("a", "", span=n) for n in (3, 3, 3, 4, 2, 2)])]
    assert spans == [3, 3, 6, 4, 2, 6]


def test_a_brief_costs_as_many_statements_for_many_peers_as_for_few(cio, quarters, statements):
    contract = quarters[0].contracts.get()
    few = statements(cio, reverse("brief", args=[contract.pk]))
    template = Scorecard.objects.first().template
    cycle = Cycle.objects.get(name="Q2")
    Cycle.objects.filter(pk=cycle.pk).update(state="open")
    for _ in range(5):
        scored(make_partner(), template, cycle, 3, 3, 3)
    Cycle.objects.filter(pk=cycle.pk).update(state="closed")
    assert statements(cio, reverse("brief", args=[contract.pk])) == few <= 30


def test_after_one_cycle_there_is_a_score_and_no_trend_yet(executive, db):
    template, partner = make_template(), make_partner()
    scored(partner, template, make_cycle(template), 3, 3, 3)
    found = brief_of(contract_of(partner), executive)
    assert "scored for the first time" in found["score"]["beside"]
    assert not any(section["key"] == "trend" for section in found["sections"])
    assert part(found, "categories")["title"].startswith("Weakest: ")
