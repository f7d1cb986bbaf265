"""Two people, or a person and a worker, at the same cycle at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import OutgoingMail
from partners.models import Partner
from partners.services.merge import merge_partners
from scorecards.models import Assessment, Comment, Criterion, Cycle, Rating, Score, Scorecard
from scorecards.services import cycles as service
from scorecards.services import raters
from scorecards.services.assessments import AssessmentLocked, save_cell, submit
from scorecards.services.comments import save_comment
from scorecards.services.recompute import recompute_now
from tests.factories import (
    make_assessment,
    make_cycle,
    make_partner,
    make_scorecard,
    make_template,
    rate,
)
from tests.sessions import at_once, in_another_session, wait_until_somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def assessment() -> Assessment:
    card = make_scorecard()
    for _ in range(2):
        make_assessment(card)
    return make_assessment(card)


def first_criterion() -> Criterion:
    return Criterion.objects.first()


def said_by(work: Callable[[], object]) -> object:
    """What the work returns, or the sentence with which it was refused."""
    try:
        return work()
    except (AssessmentLocked, ValidationError, service.NeedsConfirmation) as refused:
        return str(refused)


def test_a_mark_that_is_being_saved_keeps_its_rater_from_being_removed(assessment):
    with ThreadPoolExecutor() as others:
        with transaction.atomic():
            save_cell(assessment, first_criterion(), value=4)
            removal = others.submit(
                in_another_session, lambda: said_by(lambda: raters.remove_rater(assessment))
            )
            wait_until_somebody_waits()
        (sentence,) = removal.result(timeout=10)
    assert sentence == "1 not agreed to"
    assert Rating.objects.get().value == 4


def test_a_rater_who_submitted_since_the_page_was_read_stays(assessment):
    submit(Assessment.objects.get(pk=assessment.pk))
    assert assessment.submitted_at is None, "as the page knew it"
    with pytest.raises(service.NeedsConfirmation):
        raters.remove_rater(assessment)


def test_a_rater_who_only_commented_stays(assessment):
    save_comment(assessment, first_criterion(), text="Ask me.", anonymous=False, secret="", known="")
    with pytest.raises(service.NeedsConfirmation):
        raters.remove_rater(assessment)


@pytest.mark.parametrize("anonymous", [True, False])
def test_whoever_is_removed_at_the_same_moment_is_told_and_nothing_is_saved(assessment, anonymous):
    Assessment.objects.get(pk=assessment.pk).delete()
    for work in (
        lambda: save_cell(assessment, first_criterion(), value=4),
        lambda: submit(assessment),
    ):
        assert "no longer asked" in str(said_by(work))
    Scorecard.objects.get(pk=assessment.scorecard_id).delete()
    sentence = said_by(
        lambda: save_comment(
            assessment, first_criterion(), text="Too late.", anonymous=anonymous, secret="s", known=""
        )
    )
    assert "no longer asked" in str(sentence)
    assert not Comment.objects.exists()


def test_an_anonymous_comment_waits_for_a_closing_under_way_and_is_refused(assessment):
    def comment() -> object:
        return said_by(
            lambda: save_comment(
                assessment, first_criterion(), text="Just in time?", anonymous=True, secret="s", known=""
            )
        )

    with ThreadPoolExecutor() as others:
        with transaction.atomic():
            service.close_cycle(Cycle.objects.get(), missing=3)
            comment_ = others.submit(in_another_session, comment)
            wait_until_somebody_waits()
        (sentence,) = comment_.result(timeout=10)
    assert "is closed" in sentence
    assert not Comment.objects.exists()


def test_a_partner_leaves_a_cycle_while_a_worker_computes_its_score(assessment):
    card = assessment.scorecard
    rate(assessment, 5, 5, 5)
    submit(assessment)
    recompute_now([card.pk])
    with ThreadPoolExecutor() as others:
        with transaction.atomic():
            Scorecard.objects.select_for_update(no_key=True).get()  # as a worker that has claimed it
            removal = others.submit(in_another_session, lambda: service.remove_scorecard(card, losing=3))
            wait_until_somebody_waits()
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '2s'")
            Score.objects.update(raters=2)  # the worker's write waits for nobody
        removal.result(timeout=10)
    assert not Scorecard.objects.exists()


def test_a_partner_leaves_a_cycle_while_a_rater_marks_it(assessment):
    with ThreadPoolExecutor() as others:
        with transaction.atomic():
            save_cell(assessment, first_criterion(), value=4)
            removal = others.submit(
                in_another_session, lambda: said_by(lambda: service.remove_scorecard(assessment.scorecard))
            )
            wait_until_somebody_waits()
        assert removal.result(timeout=10) == ["1 not agreed to"]
    assert Rating.objects.exists(), "nobody was told of this mark"
    service.remove_scorecard(assessment.scorecard, losing=1)
    assert not Rating.objects.exists()


@pytest.mark.parametrize("step", ["open", "close", "reopen", "nudge"])
def test_two_people_take_a_step_at_once_only_one_does_and_each_mail_goes_once(procurement, step):
    cycle = make_cycle(template := make_template(), state="draft", due=timezone.localdate())
    assessment = make_assessment(make_scorecard(make_partner(), template, cycle))
    if step != "open":
        service.open_cycle(cycle, by=procurement)
    if step == "reopen":
        service.close_cycle(cycle, missing=1)
    OutgoingMail.objects.all().delete()

    def act() -> object:
        return said_by({
            "open": lambda: service.open_cycle(cycle, by=procurement),
            "close": lambda: service.close_cycle(cycle, missing=1),
            "reopen": lambda: service.reopen_cycle(cycle, reason="Too early."),
            "nudge": lambda: service.nudge(cycle, by=procurement)[0],
        }[step])  # fmt: skip

    outcomes = at_once(act, act)
    before = cycle.version
    cycle.refresh_from_db()
    if step == "nudge":
        assert sorted(outcomes) == [0, 1]
    else:
        assert sorted(isinstance(outcome, Cycle) for outcome in outcomes) == [False, True]
        assert [o for o in outcomes if isinstance(o, str)] == [
            str([f"{cycle} is {cycle.state} now, so nothing was changed."])
        ]
        assert cycle.version == before + {"open": 1, "close": 2, "reopen": 3}[step]
    mails = OutgoingMail.objects.values_list("to", flat=True)
    assert list(mails) == ([assessment.rater.email] if step in ("open", "nudge") else [])


def test_two_people_start_a_cycle_of_one_name_at_once_and_one_is_told(procurement):
    def act() -> object:
        return said_by(lambda: service.create_cycle(
            Cycle(name="2026 Q4", starts="2026-10-01", ends="2026-12-31", due="2026-12-04")
        ))  # fmt: skip

    outcomes = at_once(act, act)
    assert sum("already" in str(outcome) for outcome in outcomes) == 1
    assert Cycle.objects.count() == 1


def test_somebody_who_submits_while_the_cycle_closes_is_counted_or_told(assessment):
    Assessment.objects.exclude(pk=assessment.pk).delete()
    with ThreadPoolExecutor() as others:
        with transaction.atomic():
            submit(assessment)
            closing = others.submit(
                in_another_session, lambda: said_by(lambda: service.close_cycle(Cycle.objects.get()))
            )
            wait_until_somebody_waits()
        assert isinstance(closing.result(timeout=10)[0], Cycle), "it waited, and nothing is missing any more"


def test_a_partner_that_is_merged_away_meanwhile_does_not_come_into_the_cycle(administrator):
    cycle = make_cycle(make_template())
    loser, winner = make_partner("Northgate Ltd"), make_partner("Northgate")
    with ThreadPoolExecutor() as others:
        with transaction.atomic():
            merge_partners(loser, winner, by=administrator, versions=(loser.version, winner.version))
            adding = others.submit(in_another_session, lambda: service.add_partners(cycle, [loser, winner]))
            wait_until_somebody_waits()
        assert adding.result(timeout=10) == [1]
    assert Scorecard.objects.get().partner == Partner.objects.get()


def test_a_partner_that_is_merged_away_while_a_cycle_is_copied_is_said(administrator):
    loser, winner = make_partner("Northgate Ltd"), make_partner("Northgate")
    template = make_template()
    source = make_cycle(template, name="2026 Q3")
    draft = make_cycle(template, name="2026 Q4", state="draft")
    make_assessment(make_scorecard(loser, template, source))
    with ThreadPoolExecutor() as others:
        with transaction.atomic():
            merge_partners(loser, winner, by=administrator, versions=(loser.version, winner.version))
            copying = others.submit(
                in_another_session,
                lambda: said_by(lambda: service.copy_partners_and_raters(draft, source, by=administrator)),
            )
            wait_until_somebody_waits()
        (said,) = copying.result(timeout=10)
    assert said == "['A partner of 2026 Q3 was merged into another one just now. Try again.']"
    assert not draft.scorecards.exists()
    assert service.copy_partners_and_raters(draft, source, by=administrator)[0].startswith(
        "1 partner and 1 ass"
    )
