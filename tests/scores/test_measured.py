"""Measured criteria: scored from a figure, following it while the cycle is open, kept when it closes."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from evidence.models import Figure
from scorecards.arithmetic import Arithmetic
from scorecards.models import Criterion, Measurement, RecomputeRequest, Score, Scorecard
from scorecards.scoring import CriterionWeight, measured_score
from scorecards.services.cycles import add_partners, close_cycle, open_cycle, reopen_cycle
from scorecards.services.recompute import differences, drain, recompute_now
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


def line(floor, target, least: int = 1) -> CriterionWeight:
    return CriterionWeight(
        1, Decimal(1), measured=True, floor=Decimal(floor), target=Decimal(target), min_observations=least
    )


@pytest.mark.parametrize(
    ("floor", "target", "value", "points"),
    [
        ("0", "1", "0.4", 40), ("0.5", "1", "0.75", 50), ("15", "3", "6", 75), ("15", "3", "3", 100),
        ("15", "3", "1", 100), ("15", "3", "40", 0), ("-1", "1", "0", 50), ("0.2", "0", "-0.1", 100),
    ],
)  # fmt: skip
def test_a_value_lies_on_a_straight_line_and_never_beyond_its_ends(floor, target, value, points):
    assert measured_score(line(floor, target), Decimal(value), 1) == points


def test_too_few_observations_or_no_value_give_no_score():
    assert measured_score(line(0, 1, least=3), Decimal(1), 2) is None
    assert measured_score(line(0, 1, least=3), Decimal(1), 3) == 100
    assert measured_score(line(0, 1), None, 9) is None


@pytest.fixture
def card() -> Scorecard:
    """In an open cycle: one criterion rated 3 of 1 to 5, one of the same weight that measures promises kept."""
    template = make_template({("Roadmap", 100): [("Shared early", 50), ("Kept", 50)]})
    measure(Criterion.objects.get(category__template=template, name="Kept"))
    found = make_scorecard(template=template)
    for _ in range(2):
        rate(make_assessment(found, make_user(), submitted=True), 3, None)
    drain()
    return found


def measure(criterion: Criterion, **fields) -> None:
    line = {"metric": "promises_kept", "floor": 0, "target": 1, "min_observations": 3} | fields
    Criterion.objects.filter(pk=criterion.pk).update(kind=Criterion.MEASURED, **line)


def say(card: Scorecard, value, observations: int = 5, name: str = "promises_kept") -> None:
    Figure.objects.update_or_create(
        partner=card.partner, name=name, defaults={"value": value, "observations": observations}
    )


def overall(card: Scorecard) -> Decimal | None:
    return Score.objects.get(scorecard=card).overall


def test_a_figure_that_moves_scores_its_open_scorecards_again(card):
    assert (overall(card), RecomputeRequest.objects.count()) == (50, 0)
    say(card, "0.4")
    drain()
    assert overall(card) == 45
    say(card, "1")
    drain()
    assert overall(card) == 75
    assert differences([card.pk]) == []


def test_another_figure_or_another_partner_asks_for_nothing(card):
    say(card, "0.4")
    drain()
    say(card, "7", name="answer_days")
    say(make_scorecard(cycle=card.cycle), "1")
    say(card, "0.400000")
    assert not RecomputeRequest.objects.filter(scorecard=card).exists()


def test_a_figure_that_goes_takes_its_score_with_it(card):
    say(card, "0.4")
    Figure.objects.all().delete()
    drain()
    assert overall(card) == 50
    assert Measurement.objects.get(scorecard=card).observations == 0


def test_fewer_observations_than_the_criterion_asks_for_leave_it_out(card):
    say(card, "0.4", observations=2)
    drain()
    score = Score.objects.get(scorecard=card)
    assert (score.overall, score.coverage, score.lower, score.upper) == (50, 50, 25, 75)


def test_closing_keeps_what_was_measured(card):
    say(card, "0.4")
    close_cycle(card.cycle)
    say(card, "1")
    assert (
        not RecomputeRequest.objects.filter(scorecard=card).exclude(scorecard__cycle__state="closed").exists()
    )
    assert Measurement.objects.get(scorecard=card).value == Decimal("0.4")
    with pytest.raises(IntegrityError, match="is closed"), transaction.atomic():
        Measurement.objects.filter(scorecard=card).update(value=1)
    recompute_now([card.pk])
    assert overall(card) == 45
    assert differences([card.pk]) == []


def test_opening_again_brings_no_fact_of_today_into_it_by_itself(card):
    say(card, "0.4")
    close_cycle(card.cycle)
    say(card, "0.9")
    reopen_cycle(card.cycle, reason="A mark was wrong.")
    assert Measurement.objects.get(scorecard=card).value == Decimal("0.4")
    say(card, "1")
    assert Measurement.objects.get(scorecard=card).value == 1


def measured_cycle(state: str):
    """A cycle in which vendors are measured and nobody is asked, and a partner whose figure is there already."""
    template = make_template({("Roadmap", 100): [("Kept", 100)]})
    measure(Criterion.objects.get(category__template=template))
    cycle = make_cycle(state=state, due=date(2099, 1, 1), ends=date(2099, 1, 1))
    cycle.cycletemplate_set.create(kind="vendor", template=template)
    partner = make_partner()
    Figure.objects.create(partner=partner, name="promises_kept", value="0.8", observations=5)
    return cycle, partner


def test_opening_a_cycle_fills_in_what_is_known_and_asks_for_no_raters(procurement):
    cycle, partner = measured_cycle("draft")
    add_partners(cycle, [partner])
    assert not Measurement.objects.exists()
    open_cycle(cycle, by=procurement)
    drain()
    score = Score.objects.get(scorecard__partner=partner)
    assert (score.overall, score.status, score.raters) == (80, "final", 0)


def test_a_partner_added_to_an_open_cycle_is_measured_at_once():
    cycle, partner = measured_cycle("open")
    add_partners(cycle, [partner])
    drain()
    assert Score.objects.get(scorecard__partner=partner).overall == 80


def test_a_critical_measured_criterion_holds_the_standing_down(card):
    kept = Criterion.objects.get(category__template=card.template, name="Kept")
    Criterion.objects.filter(pk=kept.pk).update(critical_minimum=50, critical_cap="E")
    say(card, "0.4")
    drain()
    score = Score.objects.get(scorecard=card)
    assert (score.standing, score.capped_by) == ("E", kept)


def test_the_arithmetic_shows_value_line_and_observations(card):
    say(card, "0.4")
    drain()
    row = Arithmetic(Scorecard.objects.get(pk=card.pk)).criteria[1]
    steps = dict(row.steps)
    assert steps["The figure"].startswith("Promises kept by the first day: 2 of 5, from 5 promises, since ")
    assert steps["Its line"] == "0 points at 0 %, 100 at 100 %, straight in between; from 3 promises"
    assert steps["As per cent"] == "(0.4 − 0) ÷ (1 − 0) × 100 = 40, shown as 40.0"
    assert steps["Its part"].endswith("× 40 = 20.00 points")


def test_the_arithmetic_says_why_there_is_no_score(card):
    def words() -> str:
        return Arithmetic(Scorecard.objects.get(pk=card.pk)).criteria[1].words

    assert words() == "measured, and nothing is on record"
    say(card, "0.5", observations=2)
    assert words() == "measured, and 2 promises on record are too few: it takes 3"


def test_the_check_of_stored_scores_sees_a_measurement_that_lags(card, capsys):
    say(card, "0.4")
    drain()
    Measurement.objects.filter(scorecard=card).update(value="0.5")
    with pytest.raises(SystemExit):
        call_command("recompute", "--verify", "--all")
    assert "“Kept” measures is 0.5 of 5" in capsys.readouterr().out
