"""Weights by comparing pairs: answered by several, combined, warned about, and written into the draft."""

from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from scorecards.models import Category, Criterion, PairAnswers, Template
from scorecards.services.pairs import Compared, key, use_weights
from scorecards.services.templates import weight_problems
from tests.factories import make_template, make_user

pytestmark = pytest.mark.django_db
LEADER = {
    ("Experience", "Education"): 4, ("Experience", "Charisma"): 3, ("Experience", "Age"): 7,
    ("Education", "Charisma"): -3, ("Education", "Age"): 3, ("Charisma", "Age"): 5,
}  # fmt: skip


@pytest.fixture
def draft():
    names = ("Experience", "Education", "Charisma", "Age")
    return make_template({(name, 25): [("Only", 100)] for name in names}, state="draft")


def sent(draft, said, category=None):
    """What a browser sends of answers by names."""
    return {
        key(one, other): said.get((one.name, other.name), "")
        for one, other in Compared(draft, category).pairs
    }


def answer(client, person, draft, said):
    client.force_login(person)
    return client.post(reverse("template_pairs", args=[draft.pk]), sent(draft, said))


def use(client, draft, shown, of=""):
    return client.post(
        reverse("template_pairs_use", args=[draft.pk]), {"shown": shown, "of": of}, follow=True
    )


def text(response) -> str:
    return " ".join(response.content.decode().split())


def page(client, draft, **query):
    return client.get(reverse("template_pairs", args=[draft.pk]), query)


def test_the_choice_of_a_leader_becomes_weights_that_add_up_to_exactly_100(client, procurement, draft):
    assert answer(client, procurement, draft, LEADER).status_code == 302
    shown = page(client, draft)
    assert "Compared in pairs, “Experience” weighs most: 54.76 of 100." in text(shown)
    assert "The answers fit together: the consistency ratio is 0.04" in text(shown)
    response = use(client, draft, " ".join(map(str, shown.context["compared"].weights)))
    assert "those of the answers now" in text(response)
    weights = dict(draft.categories.values_list("name", "weight"))
    assert weights == {
        "Experience": Decimal("54.76"), "Education": Decimal("12.66"), "Charisma": Decimal("26.99"), "Age": Decimal("5.59")
    }  # fmt: skip
    assert weight_problems(draft) == []


def test_answers_are_kept_per_person_shown_again_and_in_the_history(client, procurement, draft):
    answer(client, procurement, draft, LEADER)
    answer(client, procurement, draft, {**LEADER, ("Charisma", "Age"): 6})
    kept = PairAnswers.objects.get()
    assert kept.person == procurement
    assert sorted(kept.answers.values()) == [-3, 3, 3, 4, 6, 7]
    form = page(client, draft).context["form"]
    assert form.initial == kept.answers
    entry = AuditEntry.objects.filter(table_name="scorecards_pairanswers", action="update").get()
    assert sorted(entry.before["answers"].values()) == [-3, 3, 3, 4, 5, 7]


def test_several_people_are_combined_and_one_with_pairs_left_does_not_count(
    client, procurement, executive, draft
):
    answer(client, procurement, draft, LEADER)
    opposite = {pair: -n if abs(n) > 1 else n for pair, n in LEADER.items()}
    answer(client, executive, draft, opposite)
    answer(client, make_user("governance"), draft, {("Experience", "Age"): 9})
    found = Compared(draft, None)
    assert found.complete == 2
    assert found.weights == [Decimal(25)] * 4
    assert [(said.answered, said.found is None) for said in found.people].count((1, True)) == 1
    assert "5 of 6 left" in text(page(client, draft))
    assert "Counts once every pair is answered." in text(page(client, draft))


def test_answers_that_contradict_each_other_name_the_three_that_fit_least(client, procurement, draft):
    said = {**LEADER, ("Experience", "Age"): -9}
    answer(client, procurement, draft, said)
    shown = text(page(client, draft))
    assert "The answers contradict each other" in shown
    assert (
        "“Experience” weighs 3 times “Charisma” and that 5 times “Age”, so “Experience” would weigh 15 times “Age”; "
        "but “Age” was said to weigh 9 times “Experience”."
    ) in shown


def test_weights_nobody_looked_at_are_never_written(client, procurement, executive, draft):
    answer(client, procurement, draft, LEADER)
    shown = " ".join(map(str, Compared(draft, None).weights))
    answer(client, executive, draft, dict.fromkeys(LEADER, 1))
    client.force_login(procurement)
    response = use(client, draft, shown)
    assert "Answers came in meanwhile and moved the weights" in text(response)
    assert set(draft.categories.values_list("weight", flat=True)) == {Decimal(25)}


def test_an_editor_that_was_open_meanwhile_is_told_of_the_new_weights(client, procurement, draft):
    answer(client, procurement, draft, LEADER)
    use_weights(draft, category=None, shown=list(map(str, Compared(draft, None).weights)))
    response = client.post(reverse("template_edit", args=[draft.pk]), {"version": draft.version})
    assert response.status_code == 409


def test_the_criteria_of_one_category_are_compared_among_themselves(client, procurement):
    draft = make_template({("Service", 60): [("On time", 50), ("Quality", 50)], ("Price", 40): [("Fair", 100)]}, state="draft")  # fmt: skip
    service, price = draft.categories.all()
    client.force_login(procurement)
    address = f"{reverse('template_pairs', args=[draft.pk])}?of={service.pk}"
    response = client.post(address, sent(draft, {("On time", "Quality"): 3}, service))
    assert response["Location"] == address
    use(client, draft, "75.00 25.00", of=service.pk)
    assert dict(Criterion.objects.filter(category=service).values_list("name", "weight")) == {
        "On time": 75,
        "Quality": 25,
    }
    assert dict(draft.categories.values_list("name", "weight")) == {"Service": 60, "Price": 40}
    assert "there is only one, which weighs everything" in text(page(client, draft, of=price.pk))


@pytest.mark.parametrize("value", ["10", "0", "-1", "1/3", "NaN", "many", "2.5"])
def test_an_answer_off_the_scale_is_refused_and_nothing_is_saved(client, procurement, draft, value):
    response = answer(client, procurement, draft, {**LEADER, ("Experience", "Age"): value})
    assert response.status_code == 400
    assert "Choose one of the answers in the list." in text(response)
    assert "Nothing was saved" in text(response)
    assert not PairAnswers.objects.exists()
    assert response.context["form"].data[next(iter(response.context["form"].fields))] == "4"


def test_a_version_in_use_takes_no_answers_and_no_weights(client, procurement, draft):
    answer(client, procurement, draft, LEADER)
    Template.objects.filter(pk=draft.pk).update(state=Template.ACTIVE)
    shown = page(client, draft)
    assert "make a new version to compare anew" in text(shown)
    assert "Use these weights" not in text(shown)
    answer(client, procurement, draft, {})
    assert len(PairAnswers.objects.get().answers) == 6
    use(client, draft, " ".join(map(str, shown.context["compared"].weights)))
    assert set(draft.categories.values_list("weight", flat=True)) == {Decimal(25)}


def test_an_executive_answers_and_does_not_write_weights(client, executive, draft):
    answer(client, executive, draft, LEADER)
    assert "Use these weights" not in text(page(client, draft))
    assert client.post(reverse("template_pairs_use", args=[draft.pk])).status_code == 403


def test_what_is_taken_out_of_the_draft_takes_its_pairs_along(client, procurement, draft):
    answer(client, procurement, draft, LEADER)
    Category.objects.get(name="Age").delete()
    found = Compared(draft, None)
    assert [row.name for row in found.rows] == ["Experience", "Education", "Charisma"]
    assert found.complete == 1
    assert sum(found.weights) == 100


def test_a_pair_that_changed_places_keeps_its_answer(client, procurement, draft):
    answer(client, procurement, draft, LEADER)
    before = dict(
        zip((row.name for row in Compared(draft, None).rows), Compared(draft, None).weights, strict=True)
    )
    for place, category in enumerate(reversed(draft.categories.all())):
        Category.objects.filter(pk=category.pk).update(position=place)
    after = Compared(draft, None)
    assert dict(zip((row.name for row in after.rows), after.weights, strict=True)) == before


def test_more_than_fifteen_are_too_many(client, procurement):
    draft = make_template({(f"Category {n}", 1): [("Only", 100)] for n in range(16)}, state="draft")
    client.force_login(procurement)
    assert "More than 15 are too many to compare in pairs" in text(page(client, draft))


def test_a_category_of_another_template_is_no_page(client, procurement, draft):
    other = make_template().categories.first()
    client.force_login(procurement)
    assert page(client, draft, of=other.pk).status_code == 404
    assert page(client, draft, of="x").status_code == 404


def test_the_page_costs_as_many_statements_for_many_people_as_for_few(client, procurement, draft, statements):
    answer(client, procurement, draft, LEADER)
    few = statements(client, reverse("template_pairs", args=[draft.pk]))
    for _ in range(6):
        PairAnswers.objects.create(
            template=draft, person=make_user("executive"), answers=PairAnswers.objects.first().answers
        )
    assert statements(client, reverse("template_pairs", args=[draft.pk])) == few
