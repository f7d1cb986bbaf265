"""The scorecard page: its finding in words, what it explains, and what it costs."""

import re

import pytest
from django.urls import reverse

from scorecards.models import Comment, Criterion, Cycle, Score
from scorecards.services.recompute import recompute_now
from tests.factories import make_assessment, make_cycle, make_partner, make_template, rate


def earlier(**fields) -> Cycle:
    return make_cycle(state="closed", ends="2026-09-30", starts="2026-07-01", name="2026 Q3", **fields)


def heading(text: str) -> str:
    return re.search(r"<h1>(.*?)</h1>", text)[1]


def test_the_heading_is_the_finding_with_its_number(scored, look):
    card = scored([4, 4, 4], [4, 4, 4], partner=make_partner("Northgate"))
    assert heading(look(card)) == "Northgate scores 75.0 of 100: Good."


def test_a_fall_is_told_and_the_categories_that_caused_it(scored, look):
    template, partner = make_template(), make_partner("Northgate")
    scored([4, 4, 4], [4, 4, 4], partner=partner, template=template, cycle=earlier())
    text = look(scored([2, 2, 4], [2, 2, 4], partner=partner, template=template))
    assert heading(text) == "Northgate scores 45.0 of 100: Weak, 30.0 lower than in 2026 Q3."
    assert "Most of the fall since 2026 Q3 comes from “Service”." in text
    assert "like for like" in text
    assert "What moved it since 2026 Q3" in text
    assert "−30.00" in text


def test_where_parts_work_against_each_other_both_are_named(scored, look):
    template, partner = make_template(), make_partner("Northgate")
    scored([3, 3, 4], [3, 3, 4], partner=partner, template=template, cycle=earlier())
    text = look(scored([4, 4, 3], [4, 4, 3], partner=partner, template=template))
    assert heading(text) == "Northgate scores 65.0 of 100: Fair, 5.0 higher than in 2026 Q3."
    assert "Since 2026 Q3 “Service” moved it by +15.0 and “Price” by −10.0." in text
    assert "Most of the rise" not in text


def test_another_version_of_the_template_is_not_like_for_like(scored, look):
    partner = make_partner("Northgate")
    scored([4, 4, 4], [4, 4, 4], partner=partner, cycle=earlier())
    text = look(scored([2, 2, 4], [2, 2, 4], partner=partner))
    assert "not like for like" in text
    assert "Most of the" not in text
    assert "What moved it" not in text


def test_without_marks_there_is_no_score_and_no_zero(scored, look):
    text = look(scored(partner=make_partner("Northgate")))
    assert heading(text).startswith("Northgate has no score yet")
    assert "Nobody has submitted yet" in text
    assert "The trend would be drawn here" in text
    assert "<dt>Overall</dt><dd><b>–</b>" in text
    assert "Failing" not in re.sub(r"<svg.*?</svg>", "", text)


def test_a_provisional_score_says_what_is_missing(scored, look):
    text = look(scored([4, 4, 4], partner=make_partner("Northgate")))
    assert heading(text) == "Northgate stands provisionally at 75.0 of 100."
    assert "1 rater has submitted and at least 2 are needed" in text
    assert "Provisional" in text


def test_a_capped_standing_names_the_criterion_that_caps_it(scored, look):
    template = make_template()
    Criterion.objects.filter(category__template=template, name="Fair").update(
        critical_minimum=40, critical_cap="D"
    )
    text = look(scored([5, 5, 2], [5, 5, 2], template=template))
    assert "The standing is held at Weak: “Fair” scores 25.0, under the 40 it needs." in text
    assert "By the score alone it would be Good." in text
    assert "held down by “Fair”" in text


def test_a_real_zero_is_a_score(scored, look):
    text = look(scored([1, 1, 1], [1, 1, 1], partner=make_partner("Northgate")))
    assert heading(text) == "Northgate scores 0.0 of 100: Failing."


def test_the_rank_counts_everybody_ranked(scored, look):
    template, cycle = make_template(), make_cycle()
    scored([5, 5, 5], [5, 5, 5], template=template, cycle=cycle)
    text = look(scored([4, 4, 4], [4, 4, 4], template=template, cycle=cycle))
    assert "<dd>2 of 2<" in text


def test_a_row_opens_its_arithmetic_in_place_and_nothing_else(scored, look):
    card = scored([4, 4, 4], [4, 4, 4])
    criterion = Criterion.objects.get(category__template=card.template, name="Quality")
    assert "÷ (5 − 1)" not in look(card)
    assert look(card, f"?open=c{criterion.pk}").count("÷ (5 − 1)") == 1
    assert look(card, "?open=all").count("÷ (5 − 1)") == 3


@pytest.mark.parametrize("query", ["?open=", "?open=,,,", "?open=c1;drop", "?open=" + "c0," * 3000])
def test_a_nonsense_choice_of_rows_opens_nothing(scored, look, query):
    assert "÷ (5 − 1)" not in look(scored([4, 4, 4]), query)


def test_a_change_not_yet_worked_in_is_said(scored, look):
    card = scored([4, 4, 4], [4, 4, 4])
    assert "A change is being worked into the score" not in look(card)
    Score.objects.update(overall=50)
    assert "A change is being worked into the score" in look(card)


def test_few_marks_are_counted_and_not_drawn(scored, look):
    text = look(scored([1, 4, 4], [5, 4, 4], [3, 4, 4]))
    assert "3 marks" in text
    assert "gave 5" not in text


def test_signed_comments_bear_their_name_and_anonymous_ones_do_not(scored, look):
    card = scored([4, 4, 4], [4, 4, 4], [4, 4, 4], cycle=earlier())
    author = card.assessments.first()
    criterion = Criterion.objects.filter(category__template=card.template).first()
    Comment.objects.create(scorecard=card, criterion=criterion, assessment=author, text="I <b>say</b> so.")
    Comment.objects.create(scorecard=card, criterion=criterion, text="Somebody says so.", published=True)
    text = look(card)
    assert re.search(rf"I &lt;b&gt;say&lt;/b&gt; so\..*?{author.rater.name}, Business", text)
    assert re.search(r"Somebody says so\.</q> <span class=\"note\">anonymous", text)


def test_a_scorecard_behind_a_wall_cannot_be_found(scored, client, stranger, unit):
    card = scored([4, 4, 4], partner=make_partner(unit=unit))
    client.force_login(stranger)
    assert client.get(reverse("scorecard_detail", args=[card.pk])).status_code == 404
    assert client.get(reverse("scorecard_export", args=[card.pk, "csv"])).status_code == 404
    assert client.get(reverse("partner_scorecard", args=[card.partner_id])).status_code == 404


@pytest.mark.parametrize("pk", [0, 987654321, 10**18, 10**30])
def test_a_scorecard_that_does_not_exist_cannot_be_found(client, procurement, pk):
    client.force_login(procurement)
    assert client.get(f"/scorecards/{pk}/").status_code == 404


def test_a_partner_leads_to_its_latest_score(scored, client, procurement):
    partner, template = make_partner(), make_template()
    old = scored([4, 4, 4], partner=partner, template=template, cycle=earlier())
    new = scored(partner=partner, template=template)
    client.force_login(procurement)
    address = reverse("partner_scorecard", args=[partner.pk])
    assert client.get(address).url == old.get_absolute_url()
    rate(make_assessment(new, submitted=True), 4)
    recompute_now([new.pk])
    assert client.get(address).url == new.get_absolute_url()


def test_the_number_of_queries_grows_neither_with_raters_nor_with_criteria(
    scored, client, procurement, statements
):
    def count(raters: int, criteria: int) -> int:
        categories = {
            (f"Category {n}", 1): [(f"Criterion {n}.{m}", 1) for m in range(3)] for n in range(criteria // 3)
        }
        card = scored(*[[3] * criteria] * raters, template=make_template(categories))
        for assessment in card.assessments.all():
            Comment.objects.create(
                scorecard=card, assessment=assessment, text="Well.",
                criterion=Criterion.objects.filter(category__template=card.template).first(),
            )  # fmt: skip
        client.force_login(procurement)
        return statements(client, reverse("scorecard_detail", args=[card.pk]) + "?open=all")

    assert count(2, 3) == count(12, 30)
