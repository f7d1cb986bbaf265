"""Fair scores of cycles: worked out when a cycle closes, kept with it, written out by commands."""

import csv
import json
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from scorecards import tasks
from scorecards.models import Cycle, FairCycle, FairRater, FairRequest, FairScore, Score
from scorecards.services import fair
from scorecards.services.cycles import close_cycle, reopen_cycle
from tests.factories import (
    make_assessment,
    make_cycle,
    make_partner,
    make_scorecard,
    make_template,
    make_user,
    rate,
)


def said(command, cycle, **options):
    out = StringIO()
    call_command(command, cycle=str(cycle), stdout=out, **options)
    return out.getvalue()


def judges_more(cycle):
    """A fifth judge, with whom they are a group."""
    fifth = make_user(name="Judge 5")
    for card in cycle.scorecards.all():
        rate(make_assessment(card, fifth, submitted=True), 5)


def test_closing_asks_and_a_worker_answers(judged):
    close_cycle(judged)
    assert not FairCycle.objects.exists()
    assert tasks.work_out_fair_scores() == 1
    kept = FairCycle.objects.get()
    assert (kept.target, kept.rater, kept.residual) == tuple(map(Decimal, ("2.5556", "5.2444", "1.0194")))
    assert (kept.raters, kept.ratings, kept.circles, kept.reason) == (4, 24, 1, "")
    assert (kept.severe, kept.generous) == (1, 0)  # the second judge; of the first one cannot be sure
    assert not FairRequest.objects.exists()
    assert tasks.work_out_fair_scores() == 0


def test_the_report_gives_each_rater_and_the_variances(judged, capsys):
    report = json.loads(said("rater_report", judged, format="json"))
    assert report["variance_components"] == {"target": "2.5556", "rater": "5.2444", "residual": "1.0194"}
    assert [(row["rater"], row["n"], row["effect"], row["component"]) for row in report["raters"]] == [
        ("Judge 1", 6, "2.3005", 1), ("Judge 2", 6, "-2.7041", 1), ("Judge 3", 6, "-0.9283", 1), ("Judge 4", 6, "1.3319", 1),
    ]  # fmt: skip
    rows = list(csv.reader(StringIO(said("rater_report", judged, format="csv"))))
    assert rows[0] == ["rater", "n", "effect", "se", "component"]
    assert rows[2] == ["Judge 2", "6", "-2.7041", "1.1977", "1"]
    assert len(rows) == 5
    assert "rater 5.2444" in capsys.readouterr().err


def test_the_export_has_the_score_without_severity_its_interval_rank_and_the_agreement(judged):
    (first, *_) = json.loads(said("export_scores", judged, format="json"))
    assert first["score"] == "6.0000"
    assert first["adjusted"] == "6.0000"  # all four judged it: their effects add up to nothing
    low, high = map(Decimal, first["interval"])
    assert (low + high) / 2 == Decimal("6.0000")
    assert high - low > 4
    assert first["adjusted_rank"] == 3
    assert first["raters_severity_sd"] == "2.2539"  # of the four effects
    assert first["alpha"] == f"{fair.work_out(judged).agreement['cycle']['alpha']:.4f}"
    row = next(csv.DictReader(StringIO(said("export_scores", judged, format="csv"))))
    assert row["interval"] == f"{low}..{high}"


@pytest.mark.django_db
def test_effects_are_taken_out_by_the_ordinary_weights():
    weights = {("Service", 75): [("On time", 40), ("Quality", 60)], ("Price", 25): [("Fair", 100)]}
    template = make_template(weights, role_weights={"it": "2", "leadership": "0"})
    cycle, people = make_cycle(template), [make_user() for _ in range(4)]
    marks = [(5, 4, 3), (2, 3, 4), (1, 2, 1), (4, 4, 2), (3, 2, 5)]
    for shift, given in enumerate(marks):
        card = make_scorecard(template=template, cycle=cycle)
        for number, person in enumerate(people):
            role = ("it", "business", "business", "leadership")[number]
            values = [max(1, min(5, mark + (number + shift) % 3 - 1)) for mark in given]
            values[shift % 3] = None if number == 1 else values[shift % 3]
            rate(make_assessment(card, person, submitted=True, rater_role=role), *values)
    call_command("recompute", all=True, stdout=StringIO())
    found = fair.work_out(cycle)
    assert people[3].pk not in found.raters  # leadership weighs nothing, so it does not count at all
    card = cycle.scorecards.order_by("pk")[1]  # here Quality has no mark of the second rater
    it, business, other = (found.raters[person.pk].effect for person in people[:3])
    service = 0.4 * (2 * it + business + other) / 4 + 0.6 * (2 * it + other) / 3
    taken = 0.75 * service + 0.25 * (2 * it + business + other) / 4
    assert found.cards[card.pk].overall.score == pytest.approx(float(card.score.overall) - taken, abs=1e-4)
    category = template.categories.get(name="Service")
    score = dict(zip(card.score.category_ids, card.score.category_scores, strict=True))[category.pk]
    assert found.cards[card.pk].categories[category.pk].score == pytest.approx(
        float(score) - service, abs=1e-4
    )


def test_only_what_is_submitted_counts(judged):
    before = fair.work_out(judged).raters
    for card in judged.scorecards.all():
        rate(make_assessment(card, make_user()), 50)
    assert fair.work_out(judged).raters == before


def test_what_is_kept_of_a_closed_cycle_goes_when_it_is_opened_again(judged):
    close_cycle(judged)
    tasks.work_out_fair_scores()
    reopen_cycle(judged, reason="A mark was wrong.")
    assert not FairCycle.objects.exists()
    assert not FairScore.objects.exists()
    close_cycle(judged)
    reopen_cycle(judged, reason="Once more.")  # before the worker came
    assert tasks.work_out_fair_scores() == 0
    assert not FairCycle.objects.exists()


def test_the_check_finds_what_somebody_changed(judged):
    close_cycle(judged)
    tasks.work_out_fair_scores()
    assert list(fair.differences(Cycle.objects.all())) == []
    assert "0 differ" in said("recompute", judged, verify=True)
    FairRater.objects.filter(rater__name="Judge 2").update(effect=0)
    (found,) = fair.differences(Cycle.objects.all())
    assert str(found).startswith("effect of in Judged, rater")
    with pytest.raises(SystemExit):
        said("recompute", judged, verify=True)


@pytest.mark.django_db
def test_without_enough_raters_the_reason_is_kept_and_nothing_is_adjusted(capsys):
    template = make_template()
    cycle = make_cycle(template, name="Lonely")
    for _ in range(3):
        rate(make_assessment(make_scorecard(make_partner(), template, cycle), submitted=True), 3, 4, 5)
    close_cycle(cycle)
    tasks.work_out_fair_scores()
    kept = FairCycle.objects.get()
    assert kept.reason.startswith("There are no raters of at least 3 partners")
    assert (kept.rater, kept.scores.count(), kept.effects.count()) == (None, 0, 0)
    assert json.loads(said("rater_report", cycle, format="json"))["reason"] == kept.reason
    (row, *_) = json.loads(said("export_scores", cycle, format="json"))
    assert (row["adjusted"], row["interval"], row["alpha"]) == (None, None, None)


def test_a_partner_of_provisional_score_has_no_rank(judged):
    card = judged.scorecards.first()
    Score.objects.filter(scorecard=card).update(status=Score.PROVISIONAL, standing="")
    found = fair.work_out(judged)
    assert found.cards[card.pk].ranks is None
    assert sorted(c.ranks[0] for pk, c in found.cards.items() if pk != card.pk) == [1, 2, 3, 4, 5]


def test_a_rater_sees_their_own_severity_and_an_administrator_everybodys(
    judged, judges, administrator, procurement
):
    close_cycle(judged)
    tasks.work_out_fair_scores()
    assert [row.rater for row in FairRater.objects.visible_to(judges[1])] == [judges[1]]
    assert FairRater.objects.visible_to(administrator).count() == 4
    assert not FairRater.objects.visible_to(procurement).exists()


def test_fair_scores_stay_behind_the_walls_of_scores(judged, procurement, stranger, unit):
    judges_more(judged)
    card = judged.scorecards.first()
    card.partner.unit = unit
    card.partner.save(update_fields=["unit"])
    close_cycle(judged)
    tasks.work_out_fair_scores()
    assert FairScore.objects.visible_to(procurement).count() == 6
    assert FairScore.objects.visible_to(stranger).count() == 5


def test_closed_cycles_of_before_are_worked_out_when_asked(judged):
    Cycle.objects.filter(pk=judged.pk).update(state=Cycle.CLOSED, closed_at=timezone.now())
    judged.refresh_from_db()
    assert fair.rows_of(judged, only_kept=True) is None
    fair.request_fair(judged)
    whole, raters, scores = fair.rows_of(judged, only_kept=True)
    assert (whole.raters, len(raters), len(scores)) == (4, 4, 6)
