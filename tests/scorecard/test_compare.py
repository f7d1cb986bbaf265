"""Comparing a scorecard with an earlier cycle: which may be chosen, and that every difference says which it is."""

import re

import pytest
from django.urls import reverse

from scorecards.models import Cycle, Score
from scorecards.services.recompute import recompute_now
from tests.factories import make_assessment, make_cycle, make_partner, make_template, rate

REFUSED = "The cycle asked for cannot be compared with"


def quarter(number: int, **fields) -> Cycle:
    month = 3 * number
    fields = {"state": "closed", "name": f"2025 Q{number}"} | fields
    return make_cycle(starts=f"2025-{month - 2:02}-01", ends=f"2025-{month:02}-28", **fields)


@pytest.fixture
def northgate(scored):
    """Three quarters of one partner: 75, then 50, then 45 in the one that is looked at."""
    template, partner = make_template(), make_partner("Northgate")
    common = {"template": template, "partner": partner}
    first = scored([4, 4, 4], [4, 4, 4], cycle=quarter(1), **common)
    second = scored([3, 3, 3], [3, 3, 3], cycle=quarter(2), **common)
    return first, second, scored([2, 2, 4], [2, 2, 4], **common)


def heading(text: str) -> str:
    return re.search(r"<h1>(.*?)</h1>", text)[1]


def choices(text: str) -> list[str]:
    """The cycles offered, in order; the one compared with now bears a star."""
    found = re.findall(r'<a href="\?[^"]*against=\d+[^"]*"( aria-current="true")?><span>(2025 Q\d)', text)
    return [f"{name}{'*' if current else ''}" for current, name in found]


def test_without_a_choice_it_is_the_cycle_before_and_the_others_are_offered(northgate, look):
    text = look(northgate[2])
    assert heading(text) == "Northgate scores 45.0 of 100: Weak, 5.0 lower than in 2025 Q2."
    assert "Compare cycles" in text
    assert choices(text) == ["2025 Q2*", "2025 Q1"]


def test_every_difference_says_against_which_cycle_it_is(northgate, look):
    first, second, now = northgate
    text = look(now, f"?against={first.cycle_id}")
    assert heading(text) == "Northgate scores 45.0 of 100: Weak, 30.0 lower than in 2025 Q1."
    assert "Most of the fall since 2025 Q1 comes from “Service”." in text
    assert "What moved it since 2025 Q1" in text
    assert '<th scope="col" class="n">Since 2025 Q1</th>' in text
    assert "<dt>Since 2025 Q1</dt>" in text
    assert choices(text) == ["2025 Q2", "2025 Q1*"]
    assert f"than in {second.cycle}" not in text
    assert f"Since {second.cycle}" not in text
    assert REFUSED not in text


def test_opening_a_row_keeps_the_choice_and_choosing_keeps_the_open_rows(northgate, look):
    first, _, now = northgate
    text = look(now, f"?against={first.cycle_id}&open=all")
    toggles = re.findall(r'class="tog" href="(.*?)"', text)
    assert toggles
    assert all(f"against={first.cycle_id}" in address for address in toggles)
    assert f'href="?against={first.cycle_id}#where"' in text
    assert re.search(r'<a href="\?against=\d+&amp;open=all"', text)


def test_another_template_is_said_and_rows_of_the_same_name_are_compared(scored, look):
    partner = make_partner("Northgate")
    then, now = make_template(name="Old"), make_template(name="New")
    first = scored([4, 4, 4], [4, 4, 4], partner=partner, template=then, cycle=quarter(1))
    scored([3, 3, 3], [3, 3, 3], partner=partner, template=now, cycle=quarter(2))
    text = look(
        scored([2, 2, 4], [2, 2, 4], partner=partner, template=now), f"?against={first.cycle_id}&open=all"
    )
    assert (
        "2025 Q1 was scored with Old, version 1, this with New, version 1: the difference is not like for like, "
        "and categories and criteria are compared by name."
    ) in text
    assert '2025 Q1<span class="sub">another template' in text
    assert "What moved it" not in text
    assert text.count(">−50.0</td>") == 3  # a category and its two criteria


@pytest.mark.parametrize("against", ["abc", "0", "-1", "9" * 30, "9" * 17, "1.0", "١", "1&against=x"])
def test_nonsense_is_answered_in_words_and_compared_as_ever(northgate, look, against):
    text = look(northgate[2], f"?against={against}")
    assert REFUSED in text
    assert "This is compared with 2025 Q2." in text
    assert heading(text).endswith("5.0 lower than in 2025 Q2.")


def test_an_empty_choice_is_none(northgate, look):
    assert REFUSED not in look(northgate[2], "?against=")


def test_only_earlier_closed_cycles_with_a_score_can_be_chosen(northgate, scored, look):
    first, second, now = northgate
    common = {"template": now.template, "partner": now.partner}
    without = scored(cycle=quarter(3), **common)
    elsewhere = scored([5, 5, 5], [5, 5, 5], cycle=quarter(4), template=now.template)
    assert choices(look(now)) == ["2025 Q2*", "2025 Q1"]
    for card in (without, elsewhere, now):
        assert REFUSED in look(now, f"?against={card.cycle_id}")
    assert REFUSED in look(second, f"?against={now.cycle_id}")
    Cycle.objects.filter(pk=first.cycle_id).update(state=Cycle.OPEN)
    text = look(now, f"?against={first.cycle_id}")
    assert REFUSED in text
    assert "30.0 lower" not in text
    assert choices(text) == []


def test_a_first_score_has_nothing_to_be_compared_with(scored, look):
    text = look(scored([4, 4, 4], [4, 4, 4]))
    assert "Compare cycles" not in text
    assert "This is compared with" not in look(scored([4, 4, 4]), "?against=1")


def test_a_rater_compares_only_with_scores_that_they_submitted_for(northgate, scored, look, rater):
    first, second, now = northgate
    for card in (first, now):
        rate(make_assessment(card, rater=rater, submitted=True), 2, 2, 2)
        recompute_now([card.pk])
    hidden = Score.objects.get(scorecard=second).overall
    text = look(now, f"?against={second.cycle_id}", rater)
    assert REFUSED in text
    assert "This is compared with 2025 Q1." in text
    assert f"from {hidden:.1f}" not in text
    assert "since 2025 Q2" not in text
    assert heading(look(now, user=rater)).endswith("than in 2025 Q1.")


def test_who_still_has_to_submit_sees_no_difference_to_any_cycle(northgate, client, rater):
    first, _, now = northgate
    rate(make_assessment(first, rater=rater, submitted=True), 2, 2, 2)
    make_assessment(now, rater=rater)
    client.force_login(rater)
    address = reverse("scorecard_detail", args=[now.pk])
    for query in ("", f"?against={first.cycle_id}"):
        response = client.get(address + query)
        assert response.status_code == 403
        assert "Compare cycles" not in response.content.decode()


def test_behind_a_wall_there_is_nothing_to_compare(northgate, client, stranger, unit):
    first, _, now = northgate
    now.partner.unit = unit
    now.partner.save(update_fields=["unit"])
    client.force_login(stranger)
    address = reverse("scorecard_detail", args=[now.pk])
    assert client.get(f"{address}?against={first.cycle_id}").status_code == 404


def test_a_choice_costs_no_statement_more(northgate, client, procurement, statements):
    first, _, now = northgate
    client.force_login(procurement)
    address = now.get_absolute_url()
    as_ever = statements(client, address)
    assert statements(client, f"{address}?against={first.cycle_id}") == as_ever


def test_another_version_of_the_same_template_is_called_by_its_number(scored, look):
    partner = make_partner("Northgate")
    then, now = make_template(name="Vendors", state="retired"), make_template(name="Vendors", number=2)
    scored([4, 4, 4], [4, 4, 4], partner=partner, template=then, cycle=quarter(1))
    scored([4, 4, 4], [4, 4, 4], partner=partner, template=now, cycle=quarter(2))
    text = look(scored([4, 4, 4], [4, 4, 4], partner=partner, template=now))
    assert '2025 Q1<span class="sub">version 1</span>' in text
    assert "2025 Q2</span>" in text
