"""Signed and anonymous comments: who may read them, who may change them, and what nobody can work out."""

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from scorecards.models import Assessment, Comment, Scorecard
from scorecards.services.comments import CROWD, readable_comments
from scorecards.services.cycles import close_cycle
from tests.factories import make_assessment, make_scorecard, make_user


def the_comment() -> Comment:
    return Comment.objects.get()


def readable(scorecard: Scorecard) -> list[str]:
    scorecard = Scorecard.objects.select_related("cycle").get(pk=scorecard.pk)
    criteria = [c for category in scorecard.template.categories.all() for c in category.criteria.all()]
    return [comment.text for comment in readable_comments(scorecard, criteria)[0]]


def every_row_that_says(text: str) -> list[str]:
    """Every row of every table whose text form holds the words, with the table's name."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT to_jsonb(t)::text FROM "{table}" t')
            found += [f"{table}: {row}" for (row,) in cursor.fetchall() if text in row]
    return found


def test_a_signed_comment_bears_its_assessment_and_counts_with_the_submission(save, assessment, scorecard):
    save(comment="Argued for a week.")
    assert the_comment().assessment == assessment
    assert readable(scorecard) == []
    Assessment.objects.filter(pk=assessment.pk).update(submitted_at=timezone.now())
    assert readable(scorecard) == ["Argued for a week."]


def test_an_anonymous_comment_is_stored_without_its_author(save, rater, assessment):
    save(comment="They", anonymous=True)
    known = save(comment="They", anonymous=True).json()["known"]
    save(comment="They hide behind the contract.", anonymous=True, known=known)
    (row,) = every_row_that_says("They hide behind the contract.")
    columns = set(Comment.objects.values().get()) - {"id", "text"}
    assert row.startswith("scorecards_comment: ")
    assert the_comment().assessment_id is None
    assert columns == {"scorecard_id", "criterion_id", "assessment_id", "published"}, (
        "no author, no time, no order"
    )
    assert every_row_that_says(str(the_comment().pk)) == [row], "no other table knows its key"


@pytest.mark.django_db(transaction=True)
def test_no_row_of_the_author_bears_the_number_of_the_anonymous_comments_transaction(save, criteria):
    save(value=4, version=0, comment="Nobody will know.", anonymous=True)
    save(criteria[1], comment="Signed first.")
    known = save(criteria[1], comment="Signed first.").json()["known"]
    save(criteria[1], comment="Signed first.", anonymous=True, known=known)
    with connection.cursor() as cursor:
        cursor.execute("SELECT xmin::text FROM scorecards_comment")
        numbers = {number for (number,) in cursor.fetchall()}
        assert len(numbers) == 2
        for table in connection.introspection.table_names(cursor):
            if table not in ("scorecards_comment", "scorecards_criterion", "scorecards_scorecard"):
                cursor.execute(f'SELECT xmin::text, xmax::text FROM "{table}"')
                assert not numbers & {number for row in cursor.fetchall() for number in row}, table


def test_only_the_browser_that_wrote_it_finds_it_again(save, signed_in, assessment, rater):
    save(comment="From the office.", anonymous=True)
    address = reverse("assessment_detail", args=[assessment.pk])
    assert "From the office." in signed_in.get(address).content.decode()
    elsewhere = Client()
    elsewhere.force_login(rater)
    assert "From the office." not in elsewhere.get(address).content.decode()
    save(client=elsewhere, comment="From home.", anonymous=True)
    assert set(Comment.objects.values_list("text", flat=True)) == {"From the office.", "From home."}


def test_the_key_to_anonymous_comments_is_out_of_reach_of_scripts_and_other_pages(
    save, signed_in, assessment
):
    save(comment="Mine.", anonymous=True)
    cookie = signed_in.cookies["own_words"]
    assert cookie["httponly"]
    assert cookie["path"] == f"/assessments/{assessment.pk}/"
    assert cookie["samesite"] == "Lax"


def test_a_forged_key_opens_nothing(save, signed_in):
    save(comment="Mine.", anonymous=True)
    signed_in.cookies["own_words"] = "forged:value"
    save(comment="Not mine.", anonymous=True)
    assert Comment.objects.filter(text="Mine.").exists()


def test_an_emptied_comment_is_deleted(save):
    known = save(comment="Never mind.", anonymous=True).json()["known"]
    save(comment="", anonymous=True, known=known)
    assert not Comment.objects.exists()


def test_a_signed_comment_that_turns_anonymous_leaves_no_trace_of_its_author(save, assessment):
    known = save(comment="Said with my name.").json()["known"]
    signed = the_comment().pk
    save(comment="Said with my name.", anonymous=True, known=known)
    assert the_comment().assessment_id is None
    assert the_comment().pk != signed
    assert every_row_that_says(str(signed)) == []


def test_an_anonymous_comment_can_be_signed_later(save, assessment):
    known = save(comment="I stand by it.", anonymous=True).json()["known"]
    save(comment="I stand by it.", known=known)
    assert the_comment().assessment == assessment


@pytest.mark.parametrize("anonymous", [False, True])
def test_a_comment_changed_in_another_window_is_not_overwritten(save, anonymous):
    known = save(comment="First.", anonymous=anonymous).json()["known"]
    save(comment="Second.", anonymous=anonymous, known=known)
    response = save(comment="Third.", anonymous=anonymous, known=known)
    assert response.status_code == 409
    assert response.json()["comment"]["text"] == "Second."
    assert the_comment().text == "Second."


def test_a_deleted_comment_does_not_come_back_from_a_stale_window(save):
    known = save(comment="First.").json()["known"]
    save(comment="", known=known)
    assert save(comment="First again.", known=known).status_code == 409
    assert not Comment.objects.exists()


def test_anonymous_comments_appear_together_when_the_cycle_closes(save, scorecard):
    save(comment="Nobody knows who.", anonymous=True)
    Assessment.objects.update(submitted_at=timezone.now())
    assert readable(scorecard) == []
    close_cycle(scorecard.cycle)
    assert readable(scorecard) == ["Nobody knows who."]


def test_where_too_few_are_asked_anonymity_is_not_promised(save, signed_in, assessment, criteria):
    criteria[0].roles = ["it"]
    criteria[0].save()
    response = save(comment="It could only be me.", anonymous=True)
    assert response.status_code == 400
    assert f"Fewer than {CROWD} people" in response.json()["error"]
    assert not Comment.objects.exists()
    text = signed_in.get(reverse("assessment_detail", args=[assessment.pk])).content.decode()
    assert f'name="anonymous-{criteria[0].pk}"' not in text
    assert f'name="anonymous-{criteria[1].pk}"' in text


def test_an_anonymous_comment_is_held_back_when_people_were_taken_off(save, assessment, scorecard):
    save(comment="There were three of us.", anonymous=True)
    Assessment.objects.exclude(pk=assessment.pk).first().delete()
    Comment.objects.update(published=True)
    scorecard = Scorecard.objects.select_related("cycle").get(pk=scorecard.pk)
    criteria = [c for category in scorecard.template.categories.all() for c in category.criteria.all()]
    shown, held_back = readable_comments(scorecard, criteria)
    assert (list(shown), held_back) == ([], 1)


def test_two_raters_of_one_scorecard_do_not_share_a_key(save, scorecard, criteria):
    save(comment="One.", anonymous=True)
    other = make_user()
    own = make_assessment(scorecard, other)
    client = Client()
    client.force_login(other)
    client.post(
        reverse("assessment_cell", args=[own.pk, criteria[0].pk]), {"comment": "Two.", "anonymous": "1"}
    )
    assert Comment.objects.filter(assessment=None).count() == 2
    assert make_scorecard().pk != scorecard.pk
