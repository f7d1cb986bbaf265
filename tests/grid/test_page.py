"""The grid as one form, without scripts; submission, withdrawal and what is shown when it is locked."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from evidence.models import Figure
from scorecards.models import Category, Criterion, Cycle, Rating, RecomputeRequest, Scorecard
from tests.factories import (
    make_assessment,
    make_cycle,
    make_partner,
    make_scorecard,
    make_template,
    rate,
)


@pytest.fixture
def load(signed_in, assessment):
    """Load the grid; return its text and the fields a browser would send back."""

    def get(query: str = ""):
        text = signed_in.get(reverse("assessment_detail", args=[assessment.pk]) + query).content.decode()
        return text, fields_of(text)

    return get


@pytest.fixture
def send(signed_in, assessment):
    def post(fields, button="save"):
        return signed_in.post(
            reverse("assessment_detail", args=[assessment.pk]), {**fields, button: "1"}, follow=True
        )

    return post


def fields_of(text: str) -> dict[str, str]:
    fields = dict(re.findall(r'type="hidden" name="([a-z]+-\d+)" value="([^"]*)"', text))
    fields |= dict(re.findall(r'type="radio" name="(mark-\d+)" value="([^"]*)" checked', text))
    fields |= dict(re.findall(r'type="text" name="(reason-\d+)"[^>]* value="([^"]*)"', text))
    fields |= dict(re.findall(r'<textarea[^>]* name="(comment-\d+)"[^>]*>([^<]*)</textarea>', text))
    return fields


def marks(assessment) -> list[int | None]:
    return [r.value for r in Rating.objects.filter(assessment=assessment).order_by("criterion_id")]


def test_the_page_shows_every_sentence_and_what_is_left(load, assessment):
    rate(assessment, 4)
    text, _ = load()
    assert "Quality, level 3" in text
    assert '<span id="done">1</span> of 3 done' in text
    assert "2 criteria are still open" in text


def test_a_criterion_another_role_is_asked_is_not_shown(load, criteria):
    criteria[1].roles = ["procurement"]
    criteria[1].save()
    text, _ = load()
    assert criteria[0].name in text
    assert "Quality" not in text


def test_a_measured_criterion_asks_nothing(load, criteria):
    criteria[1].kind = Criterion.MEASURED
    criteria[1].save()
    text, _ = load()
    assert f'name="mark-{criteria[1].pk}"' not in text
    assert "1 measured" in text


def test_the_raters_own_mark_of_last_time_is_shown_and_nobody_elses(load, scorecard, assessment, rater):
    before = make_scorecard(
        scorecard.partner, make_template(), make_cycle(state="closed", ends="2026-09-30", starts="2026-07-01")
    )
    rate(make_assessment(before, rater, submitted=True), 2)
    rate(make_assessment(before, submitted=True), 5)
    text, _ = load()
    assert re.search(r'value="2"><b>2</b><small>last time', text)
    assert text.count("last time</small>") == 1


def test_a_mark_on_another_scale_is_not_shown_as_last_time(load, scorecard, assessment, rater):
    before = make_scorecard(
        scorecard.partner, make_template(scale_max=10),
        make_cycle(state="closed", ends="2026-09-30", starts="2026-07-01"),
    )  # fmt: skip
    rate(make_assessment(before, rater, submitted=True), 2)
    assert "last time</small>" not in load()[0]


@pytest.mark.parametrize(("lowest", "highest", "radios"), [(1, 3, 3), (0, 10, 11), (0, 100, 0)])
def test_other_scales_work(signed_in, rater, lowest, highest, radios):
    template = make_template({("All", 100): [("Only", 100)]}, scale_min=lowest, scale_max=highest)
    assessment = make_assessment(make_scorecard(template=template), rater)
    criterion = Criterion.objects.get(category__template=template)
    address = reverse("assessment_detail", args=[assessment.pk])
    text = signed_in.get(address).content.decode()
    assert len(re.findall(r'type="radio" name="mark-\d+" value="\d+"', text)) == radios
    signed_in.post(
        address, {f"known-{criterion.pk}": "0::", f"mark-{criterion.pk}": str(highest), "save": "1"}
    )
    assert marks(assessment) == [highest]


def test_one_button_saves_everything_that_was_typed(load, send, criteria, assessment):
    _, fields = load()
    fields |= {
        f"mark-{criteria[0].pk}": "4",
        f"mark-{criteria[1].pk}": "na",
        f"reason-{criteria[1].pk}": "No labs.",
    }
    fields |= {f"comment-{criteria[2].pk}": "Fair enough."}
    assert "Saved at" in send(fields).content.decode()
    assert marks(assessment) == [4, None]
    assert Rating.objects.get(not_applicable=True).reason == "No labs."
    assert assessment.comments.get().text == "Fair enough."


def test_what_is_wrong_stands_beside_its_criterion_and_the_rest_is_saved(load, send, criteria, assessment):
    _, fields = load()
    fields |= {
        f"mark-{criteria[0].pk}": "9",
        f"mark-{criteria[1].pk}": "3",
        f"comment-{criteria[2].pk}": "a\u202eb",
    }
    text = send(fields).content.decode()
    assert "“9” is no mark" in text
    assert "reverse the reading direction" in text
    assert "a\u202eb" in text, "what was typed is still there"
    assert marks(assessment) == [3]


def test_markup_is_shown_as_it_was_typed(load, send, criteria):
    _, fields = load()
    send(fields | {f"comment-{criteria[0].pk}": "<script>alert(1)</script>"})
    text, _ = load()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_a_stale_page_leaves_alone_what_it_did_not_change(load, send, save, criteria, assessment):
    _, stale = load()
    save(criteria[0], value=5, version=0)
    send(stale | {f"mark-{criteria[1].pk}": "2"})
    assert marks(assessment) == [5, 2]


def test_a_stale_page_is_told_and_decides(load, send, save, criteria, assessment):
    _, stale = load()
    save(criteria[0], value=5, version=0)
    text = send(stale | {f"mark-{criteria[0].pk}": "2"}).content.decode()
    assert "you chose 5 meanwhile" in text
    assert marks(assessment) == [5]
    send(fields_of(text))
    assert marks(assessment) == [2], "saving again keeps what is chosen here"


def test_a_stale_comment_is_told_and_decides(load, send, save, criteria, assessment):
    _, stale = load()
    save(criteria[0], comment="From the other window.")
    text = send(stale | {f"comment-{criteria[0].pk}": "From here."}).content.decode()
    assert "From the other window." in text
    assert assessment.comments.get().text == "From the other window."
    send(fields_of(text))
    assert assessment.comments.get().text == "From here."


def test_submitting_with_open_criteria_asks_first_and_names_them(load, send, assessment):
    rate(assessment, 4)
    text = send(load()[1], "submit").content.decode()
    assert "2 of 3 criteria are still open. Submit without them?" in text
    assert "Quality" in text
    assessment.refresh_from_db()
    assert assessment.submitted_at is None


def test_submitting_locks_and_asks_for_a_recompute(signed_in, assessment):
    rate(assessment, 4, None, 2)
    text = signed_in.post(reverse("assessment_submit", args=[assessment.pk]), follow=True).content.decode()
    assert "Submitted and locked" in text
    assert "You answered 2 of 3" in text
    assert "<textarea" not in text
    assert RecomputeRequest.objects.get().scorecard_id == assessment.scorecard_id
    assert Rating.objects.filter(assessment=assessment).count() == 2, "an open criterion is no zero"


def test_with_everything_answered_submitting_asks_nothing(load, send, assessment):
    rate(assessment, 4, 4, "n/a")
    assert "You answered 3 of 3" in send(load()[1], "submit").content.decode()


def test_submitting_twice_changes_nothing(signed_in, assessment):
    address = reverse("assessment_submit", args=[assessment.pk])
    signed_in.post(address)
    assessment.refresh_from_db()
    first = assessment.submitted_at
    signed_in.post(address)
    assessment.refresh_from_db()
    assert assessment.submitted_at == first


def test_a_page_sent_after_submission_saves_nothing_and_says_so(load, send, criteria, assessment):
    _, fields = load()
    assessment.submitted_at = timezone.now()
    assessment.save()
    response = send(fields | {f"mark-{criteria[0].pk}": "1"})
    assert response.status_code == 409
    assert "Nothing was saved" in response.content.decode()
    assert marks(assessment) == []


def test_a_withdrawn_assessment_can_be_changed_and_counts_no_more(signed_in, save, assessment):
    save(value=4, version=0)
    signed_in.post(reverse("assessment_submit", args=[assessment.pk]))
    RecomputeRequest.objects.all().delete()
    text = signed_in.post(reverse("assessment_withdraw", args=[assessment.pk]), follow=True).content.decode()
    assert "Withdrawn" in text
    assert RecomputeRequest.objects.exists()
    assert save(value=2, version=1).status_code == 200


def test_a_closed_cycle_lets_nobody_submit_or_withdraw(signed_in, assessment):
    signed_in.post(reverse("assessment_submit", args=[assessment.pk]))
    Cycle.objects.update(state="closed")
    text = signed_in.post(reverse("assessment_withdraw", args=[assessment.pk]), follow=True).content.decode()
    assert "is closed" in text
    assessment.refresh_from_db()
    assert assessment.submitted_at is not None


def test_marks_that_were_never_submitted_are_shown_as_not_counting(signed_in, assessment):
    rate(assessment, 4)
    Cycle.objects.update(state="closed")
    text = signed_in.get(reverse("assessment_detail", args=[assessment.pk])).content.decode()
    assert "Your marks do not count" in text


def test_nobody_else_opens_an_assessment(client, assessment, procurement, administrator):
    for user in (procurement, administrator):
        client.force_login(user)
        for name in ("assessment_detail", "assessment_submit"):
            assert client.get(reverse(name, args=[assessment.pk])).status_code == 404
        assert client.post(reverse("assessment_withdraw", args=[assessment.pk])).status_code == 404


def test_a_partner_that_moved_behind_a_wall_takes_its_assessments_along(signed_in, assessment, stranger):
    partner = assessment.scorecard.partner
    partner.unit = stranger.units.get()
    partner.save()
    assert signed_in.get(reverse("assessment_detail", args=[assessment.pk])).status_code == 404


def test_every_control_has_a_name_and_every_criterion_a_legend(load, criteria):
    text, _ = load()
    assert text.count("<legend") == len(criteria) == text.count("<fieldset")
    controls = re.findall(r"<(?:input(?![^>]*hidden)|textarea|select)[^>]*>", text)
    labels = len(re.findall(r"<label", text))
    assert controls
    assert labels >= len(controls)
    assert text.count("<h1") == 1
    assert 'role="status"' in text


def test_the_number_of_queries_does_not_grow_with_the_criteria(signed_in, rater, statements):
    def count(criteria: int) -> int:
        template = make_template({("All", 100): [(f"Criterion {n}", 1) for n in range(criteria)]})
        assessment = make_assessment(make_scorecard(template=template), rater)
        rate(assessment, *[3] * criteria)
        return statements(signed_in, reverse("assessment_detail", args=[assessment.pk]))

    assert count(2) == count(40)


def test_a_scorecard_with_nothing_to_ask_can_still_be_submitted(signed_in, assessment):
    Criterion.objects.update(roles=["procurement"])
    text = signed_in.get(reverse("assessment_detail", args=[assessment.pk])).content.decode()
    assert "nothing to mark" in text
    assert Category.objects.exists()
    assert Scorecard.objects.exists()


def test_after_submitting_the_next_open_assessment_is_one_click_away(signed_in, assessment, rater):
    page = reverse("assessment_detail", args=[assessment.pk])
    signed_in.post(reverse("assessment_submit", args=[assessment.pk]))
    assert "Next: " not in signed_in.get(page).content.decode()
    later = make_assessment(make_scorecard(make_partner("Aldgate"), cycle=assessment.scorecard.cycle), rater)
    text = signed_in.get(page).content.decode()
    assert reverse("assessment_detail", args=[later.pk]) in text
    assert "Next: Aldgate" in text


def test_what_is_on_record_stands_beside_the_criterion_it_informs(load, scorecard, criteria):
    Criterion.objects.filter(pk=criteria[0].pk).update(metric="promises_kept")
    Criterion.objects.filter(pk=criteria[1].pk).update(kind=Criterion.MEASURED, metric="answer_days")
    say(scorecard.partner, "promises_kept", "0.4", 5)
    say(scorecard.partner, "answer_days", "7", 4)
    say(make_partner(), "promises_kept", "1", 9)
    text, _ = load()
    assert "Promises kept by the first day</span> <b>2 of 5</b>" in text
    assert "<b>7 working days</b>" in text
    assert "Measured from what is on record: nothing to do here." in text


def test_without_anything_on_record_a_criterion_stands_alone(load, criteria):
    Criterion.objects.filter(pk=criteria[0].pk).update(metric="promises_kept")
    text, _ = load()
    assert 'class="fact"' not in text


def say(partner, name: str, value: str, observations: int) -> None:
    Figure.objects.create(partner=partner, name=name, value=value, observations=observations)
