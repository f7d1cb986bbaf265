"""One cell saved over HTTP: what is acknowledged, what is refused and in which words."""

from functools import partial

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from scorecards.models import Comment, Criterion, Cycle, Rating, RecomputeRequest
from scorecards.services.assessments import AssessmentLocked, StaleMark, save_cell
from tests.factories import make_assessment, make_scorecard, make_template, make_user
from tests.sessions import at_once


def the_mark() -> Rating:
    return Rating.objects.get()


def nothing_is_saved() -> bool:
    return not Rating.objects.exists() and not Comment.objects.exists()


def test_a_mark_is_saved_and_acknowledged_with_the_time(save):
    answer = save(value=4, version=0).json()
    assert the_mark().value == 4
    assert answer["version"] == 1
    assert len(answer["saved_at"]) == 5


def test_a_mark_may_come_as_a_form_too(signed_in, assessment, criteria):
    address = reverse("assessment_cell", args=[assessment.pk, criteria[0].pk])
    assert signed_in.post(address, {"value": "3", "version": "0"}).status_code == 200
    assert the_mark().value == 3


def test_not_applicable_is_saved_with_its_reason_and_no_value(save):
    save(value=4, version=0)
    save(value="na", reason="We have no such service.", version=1)
    assert (the_mark().value, the_mark().not_applicable, the_mark().reason) == (
        None, True, "We have no such service.",
    )  # fmt: skip


def test_a_mark_can_be_taken_back(save):
    save(value=4, version=0)
    assert save(value="", version=1).json()["mark"] == ""
    assert the_mark().value is None
    assert not the_mark().not_applicable


@pytest.mark.parametrize(
    "value",
    [6, 0, -1, 4.5, True, "1_000", "NaN", "Infinity", "٣", "1e0", " 4", "4 ", "5; DROP", [4], {"v": 4}, "9" * 5000,
     "<b>4</b>", "\u202e4", 10**30],
)  # fmt: skip
def test_what_is_no_mark_on_the_scale_is_refused_in_words(save, value):
    response = save(value=value, version=0)
    assert response.status_code == 400
    assert "whole number from 1 to 5" in response.json()["error"]
    assert nothing_is_saved()


def test_json_that_is_not_a_number_is_refused(signed_in, assessment, criteria):
    address = reverse("assessment_cell", args=[assessment.pk, criteria[0].pk])
    for body in ('{"value": NaN}', '{"value": 4', "[]", "4", "", b"\xff\xfe"):
        response = signed_in.post(address, body, content_type="application/json")
        assert response.status_code == 400, body
        assert response.json()["error"]
    assert nothing_is_saved()


@pytest.mark.parametrize(
    ("comment", "says"),
    [
        ("x" * 5001, "5,001 characters"),
        ("good\x00bad", "cannot be shown"),
        ("safe \u202egpj.exe", "reading direction"),
        ("\u2066hidden\u2069", "reading direction"),
        ("\ud800", "cannot be shown"),
    ],
)
def test_a_comment_that_would_mislead_its_readers_is_refused(save, comment, says):
    response = save(comment=comment)
    assert response.status_code == 400
    assert says in response.json()["error"]
    assert nothing_is_saved()


def test_a_comment_of_ten_megabytes_is_refused_in_words(save):
    response = save(comment="x" * 10_000_000)
    assert response.status_code == 413
    assert "5,000 characters" in response.json()["error"]
    assert nothing_is_saved()


def test_a_bad_comment_keeps_the_mark_sent_with_it_from_being_half_saved(save):
    assert save(value=4, version=0, comment="\x00").status_code == 400
    assert nothing_is_saved()


def test_a_version_that_is_no_number_is_refused(save):
    assert save(value=4, version="1_0").status_code == 400
    assert nothing_is_saved()


def test_somebody_elses_assessment_cannot_be_found(save, client, procurement):
    client.force_login(procurement)
    assert save(value=4).status_code == 404
    assert nothing_is_saved()


def test_a_partner_that_moved_behind_a_wall_takes_no_more_marks(save, assessment, stranger):
    partner = assessment.scorecard.partner
    partner.unit = stranger.units.get()
    partner.save()
    assert save(value=4).status_code == 404
    assert nothing_is_saved()


def test_only_criteria_this_rater_is_asked_can_be_marked(signed_in, assessment, criteria):
    foreign = Criterion.objects.filter(category__template=make_template()).first()
    criteria[0].roles = ["procurement"]
    criteria[1].kind = Criterion.MEASURED
    criteria[0].save()
    criteria[1].save()
    for pk in (foreign.pk, criteria[0].pk, criteria[1].pk, 987654321, 10**18, 10**30):
        address = f"/assessments/{assessment.pk}/cells/{pk}/"
        assert signed_in.post(address, {"value": "4"}).status_code == 404, pk
    assert nothing_is_saved()


def test_a_submitted_assessment_says_so_and_keeps_its_marks(save, assessment):
    save(value=4, version=0)
    assessment.submitted_at = timezone.now()
    assessment.save()
    response = save(value=1, version=1)
    assert response.status_code == 409
    assert "Withdraw it" in response.json()["error"]
    assert the_mark().value == 4


@pytest.mark.parametrize(("state", "says"), [("closed", "is closed"), ("draft", "not been opened")])
def test_a_cycle_that_is_not_open_takes_no_marks(save, scorecard, state, says):
    Cycle.objects.update(state=state)
    for cell in ({"value": 4}, {"comment": "Late."}, {"comment": "Late.", "anonymous": True}):
        response = save(**cell)
        assert response.status_code == 409
        assert says in response.json()["error"]
    assert nothing_is_saved()


def test_a_stale_window_is_told_what_the_other_one_saved(save):
    save(value=4, version=0)
    response = save(value=2, version=0)
    assert response.status_code == 409
    assert response.json()["current"] == {"value": "4", "mark": "4", "reason": "", "version": 1}
    assert the_mark().value == 4


def test_a_save_whose_acknowledgement_was_lost_may_be_repeated(save):
    save(value=4, version=0)
    response = save(value=4, version=0)
    assert response.status_code == 200
    assert response.json()["version"] == 1


def test_cells_do_not_disturb_one_another(save, criteria):
    save(criteria[0], value=4, version=0)
    assert save(criteria[1], value=2, version=0).json()["version"] == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_windows_saving_at_once_exactly_one_wins():
    assessment = make_assessment(make_scorecard(), make_user())
    criterion = Criterion.objects.filter(category__template=assessment.scorecard.template).first()

    def save_it(value):
        try:
            return save_cell(assessment, criterion, value=value).value
        except StaleMark as stale:
            return f"told {stale.current.value}"

    outcomes = at_once(*[partial(save_it, value) for value in (1, 2, 3, 4)])
    won = the_mark().value
    assert sorted(outcomes, key=str) == [won, *[f"told {won}"] * 3]


@pytest.mark.django_db(transaction=True)
def test_a_cycle_closed_between_reading_and_saving_is_told_as_any_other():
    assessment = make_assessment(make_scorecard(), make_user())
    criterion = Criterion.objects.filter(category__template=assessment.scorecard.template).first()
    Cycle.objects.update(state="closed")
    assert assessment.scorecard.cycle.state == "open", "as this request read it"
    with pytest.raises(AssessmentLocked, match="is closed"):
        save_cell(assessment, criterion, value=3)
    assert nothing_is_saved()


def test_a_draft_changes_no_score_and_asks_for_no_recompute(save):
    save(value=4, version=0)
    assert not RecomputeRequest.objects.exists()


def test_a_mark_costs_three_statements_beyond_any_signed_in_post(save, django_assert_num_queries):
    save(value=4, version=0)
    with django_assert_num_queries(7):  # session, person, actor; assessment, criterion, mark; actor
        save(value=5, version=1)


def test_a_visitor_who_is_not_signed_in_saves_nothing(save):
    assert save(client=Client(), value=4).status_code == 302
    assert nothing_is_saved()
