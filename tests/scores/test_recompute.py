"""Requests, batches and workers: nothing is computed from old marks, nothing lost, nothing written for nothing."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Heartbeat
from scorecards import tasks
from scorecards.models import CategoryScore, Criterion, Cycle, Rating, RecomputeRequest, Score, Scorecard
from scorecards.services.recompute import (
    differences,
    drain,
    recompute_now,
    recompute_requested,
    request_recompute,
)
from tests.factories import make_assessment, make_cycle, make_scorecard, make_template, rate
from tests.sessions import in_another_session, wait_until_somebody_waits


def make_rated(number: int = 1, mark: int = 3) -> list[Scorecard]:
    template = make_template()
    cycle = make_cycle(template)
    cards = [make_scorecard(template=template, cycle=cycle) for _ in range(number)]
    for card in cards:
        rate(make_assessment(card, submitted=True), mark, mark, mark)
    return cards


def overall(card: Scorecard) -> float:
    return float(Score.objects.get(scorecard=card).overall)


@pytest.mark.django_db
def test_what_is_requested_is_computed_oldest_first_and_forgotten():
    first, second, third = make_rated(3)
    for card in (second, third, first):
        request_recompute([card.pk])
    assert recompute_requested(limit=2) == 2
    assert set(Score.objects.values_list("scorecard", flat=True)) == {second.pk, third.pk}
    assert [request.scorecard_id for request in RecomputeRequest.objects.all()] == [first.pk]
    assert (drain(), recompute_requested(), overall(first)) == (1, 0, 50)


@pytest.mark.django_db
def test_asking_again_renews_the_request_and_keeps_its_place():
    (card,) = make_rated()
    request_recompute(Scorecard.objects.all())
    before = RecomputeRequest.objects.get()
    request_recompute([card.pk, card.pk])
    after = RecomputeRequest.objects.get()
    assert after.token != before.token
    assert after.requested_at == before.requested_at


@pytest.mark.django_db
def test_only_rows_that_differ_are_written():
    cards = make_rated(2)

    def versions() -> list:
        with connection.cursor() as cursor:
            cursor.execute("SELECT ctid::text, xmax::text FROM scorecards_score ORDER BY scorecard_id")
            return cursor.fetchall()

    recompute_now([card.pk for card in cards])
    before = versions()
    recompute_now([card.pk for card in cards])
    assert versions() == before
    Rating.objects.filter(scorecard=cards[0]).update(value=5)
    recompute_now([card.pk for card in cards])
    assert [now == then for now, then in zip(versions(), before, strict=True)] == [False, True]


@pytest.mark.django_db
def test_a_scorecard_takes_its_scores_with_it():
    kept, removed = make_rated(2)
    recompute_now([kept.pk, removed.pk])
    assert CategoryScore.objects.filter(scorecard=removed).count() == 2
    removed.delete()
    assert Score.objects.get().scorecard_id == kept.pk
    assert set(CategoryScore.objects.values_list("scorecard", flat=True)) == {kept.pk}


@pytest.mark.django_db
def test_the_database_keeps_a_criterion_that_caps_a_standing():
    (card,) = make_rated(mark=1)
    Rating.objects.all().delete()
    criterion = Criterion.objects.filter(category__template=card.template_id).first()
    Score.objects.create(scorecard=card, coverage=0, status="final", capped_by=criterion)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM scorecards_criterion WHERE id = %s", [criterion.pk])
        with pytest.raises(IntegrityError):
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.django_db(transaction=True)
def test_a_request_renewed_while_a_worker_computes_is_computed_again():
    (card,) = make_rated()
    recompute_now([card.pk])
    Rating.objects.update(value=4)
    request_recompute([card.pk])
    with ThreadPoolExecutor() as others:
        with transaction.atomic():
            Score.objects.select_for_update().get()  # holds the worker up when it has read the marks
            worker = others.submit(in_another_session, recompute_requested)
            wait_until_somebody_waits()
            save = others.submit(
                in_another_session, lambda: (Rating.objects.update(value=5), request_recompute([card.pk]))
            )
            save.result(timeout=5)  # a save never waits for a worker
        assert worker.result(timeout=10) == [1]
    assert overall(card) == 75
    assert RecomputeRequest.objects.count() == 1
    drain()
    assert overall(card) == 100


@pytest.mark.django_db(transaction=True)
def test_workers_share_the_backlog_and_never_the_same_scorecard():
    request_recompute([card.pk for card in make_rated(5)])
    with transaction.atomic():
        assert recompute_requested(limit=2) == 2
        assert in_another_session(recompute_requested) == [3]
    assert not RecomputeRequest.objects.exists()
    assert Score.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_half_way_leaves_the_request_for_the_next():
    (card,) = make_rated()
    request_recompute([card.pk])
    with transaction.atomic():
        recompute_requested()
        transaction.set_rollback(True)
    assert not Score.objects.exists()
    assert drain() == 1
    assert overall(card) == 50


@pytest.mark.django_db(transaction=True)
def test_a_request_whose_save_is_not_committed_waits_for_it():
    (card,) = make_rated()
    request_recompute([card.pk])
    with transaction.atomic():
        Rating.objects.update(value=5)
        request_recompute([card.pk])
        assert in_another_session(recompute_requested) == [1]  # from the marks that are committed
    assert RecomputeRequest.objects.exists()
    drain()
    assert overall(card) == 100


@pytest.mark.django_db(transaction=True)
def test_the_task_works_everything_off_and_gives_a_sign_of_life():
    request_recompute([card.pk for card in make_rated(3)])
    assert tasks.recompute_requested() == 3
    assert Heartbeat.objects.get(name="worker").at
    first = Heartbeat.objects.get().at
    assert tasks.recompute_requested() == 0
    assert Heartbeat.objects.get().at > first


@pytest.mark.django_db
def test_the_nightly_look_reports_what_drifted_and_mends_open_cycles_only(caplog):
    open_card, closed_card, waiting = make_rated()[0], make_rated()[0], make_rated()[0]
    recompute_now([open_card.pk, closed_card.pk, waiting.pk])
    Cycle.objects.filter(pk=closed_card.cycle_id).update(state="closed")
    Score.objects.update(overall=1)
    Score.objects.filter(scorecard=open_card).update(category_ids=[], category_scores=[])
    request_recompute([waiting.pk])
    assert tasks.reconcile_scores() == 2
    assert "overall is 1, the marks give 50" in caplog.text
    drain()
    assert (overall(open_card), overall(closed_card)) == (50, 1)
    assert differences([open_card.pk]) == []
    assert len(differences([closed_card.pk])) == 1


@pytest.mark.django_db
def test_scorecards_without_anything_are_no_score_and_no_difference():
    card = make_scorecard()
    assert differences([card.pk]) == []
    recompute_now([card.pk])
    score = Score.objects.get()
    assert (score.status, score.overall, score.lower, score.upper) == ("no score", None, 0, 100)
