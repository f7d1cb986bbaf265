"""What is asked before a step that cannot be taken back, and what refuses it. All of it works without JavaScript."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import OutgoingMail
from scorecards.models import Comment, Cycle, CycleTemplate, Rating, Scorecard, Template
from tests.factories import (
    make_assessment,
    make_cycle,
    make_partner,
    make_scorecard,
    make_template,
    make_unit,
    make_user,
    rate,
)


@pytest.fixture
def template(db):
    return make_template()


@pytest.fixture
def draft(template):
    return make_cycle(template, name="2026 Q4", state="draft", due=timezone.localdate() + timedelta(days=10))


@pytest.fixture
def cycle(template):
    return make_cycle(template, name="2026 Q4")


@pytest.fixture
def petra(client, procurement):
    client.force_login(procurement)
    return client


def text(response) -> str:
    return response.content.decode()


def state(cycle: Cycle) -> str:
    return Cycle.objects.get(pk=cycle.pk).state


def fact(page: str, label: str) -> str:
    return page.split(f"<dt>{label}</dt><dd>")[1].split("</dd>")[0]


def test_closing_with_something_missing_says_who_and_what_and_closes_only_when_agreed(petra, cycle, template):
    late = make_user(name="Lena Late")
    for name in ("Alder", "Birch", "Cedar"):
        card = make_scorecard(make_partner(name), template, cycle)
        make_assessment(card, late)
        if name != "Cedar":
            rate(make_assessment(card, submitted=True), 4, 4, 4)
        if name == "Alder":
            rate(make_assessment(card, submitted=True), 5, 5, 5)
    address = reverse("cycle_close", args=[cycle.pk])
    for response in (petra.get(address), petra.post(address), petra.post(address, {"agreed": "2"})):
        page = text(response)
        assert "Close 2026 Q4 with 3 assessments missing?" in page
        assert "Lena Late</th>" in page
        assert "Alder, Birch and Cedar" in page
        assert fact(page, "Assessments in") == "3 of 6"
        assert fact(page, "Scorecards that become final") == "1"
        assert fact(page, "Scorecards that stay provisional") == "1"
        assert fact(page, "Scorecards without a score") == "1"
        assert state(cycle) == Cycle.OPEN
    petra.post(address, {"agreed": "3"})
    assert state(cycle) == Cycle.CLOSED


def test_closing_with_nothing_missing_takes_one_press(petra, cycle, template):
    make_assessment(make_scorecard(make_partner(), template, cycle), submitted=True)
    assert "Close 2026 Q4?" in text(petra.get(reverse("cycle_close", args=[cycle.pk])))
    petra.post(reverse("cycle_close", args=[cycle.pk]))
    assert state(cycle) == Cycle.CLOSED


@pytest.mark.parametrize("agreed", ["x", "-1", "9" * 40, "1e9", "٣", ""])
def test_agreeing_to_what_is_no_number_closes_nothing(petra, cycle, template, agreed):
    make_assessment(make_scorecard(make_partner(), template, cycle))
    response = petra.post(reverse("cycle_close", args=[cycle.pk]), {"agreed": agreed})
    assert response.status_code == 200
    assert state(cycle) == Cycle.OPEN


def test_an_analyst_of_one_unit_is_told_how_many_are_missing_elsewhere_but_not_where(
    client, stranger, unit, cycle, template
):
    make_assessment(make_scorecard(make_partner("Foreign", unit=unit), template, cycle))
    client.force_login(stranger)
    page = text(client.get(reverse("cycle_close", args=[cycle.pk])))
    assert "1 assessment missing on partners of other business units." in page
    assert "Foreign" not in page


def test_opening_says_how_much_is_asked_and_which_scorecards_cannot_become_final(petra, draft, template):
    for name, raters in (("Alone", 1), ("Enough", 2)):
        card = make_scorecard(make_partner(name), template, draft)
        for _ in range(raters):
            make_assessment(card)
    make_assessment(card, make_user(is_active=False))
    address = reverse("cycle_open", args=[draft.pk])
    page = text(petra.get(address))
    assert "Open 2026 Q4 and invite 3 raters?" in page
    numbers = {
        label: fact(page, label) for label in ("Partners", "Raters", "Assessments asked for", "Invitations")
    }
    assert list(numbers.values()) == ["2", "4", "4", "3"]
    assert "1 scorecard can only become provisional, never final, with so few raters: Alone." in page
    assert "1 rater cannot sign in" in page
    assert state(draft) == Cycle.DRAFT
    petra.post(address)
    assert state(draft) == Cycle.OPEN
    assert OutgoingMail.objects.filter(kind="invitation").count() == 3


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("nobody", "Nobody is asked to rate Alone."),
        ("retired", "is no longer active. Choose another template for partners of kind Vendor."),
        ("late", "has passed. Choose a later one."),
        ("empty", "Choose at least one partner."),
    ],
)
def test_a_cycle_that_cannot_be_opened_says_why_and_where_to_mend_it(petra, draft, template, what, sentence):
    if what != "empty":
        card = make_scorecard(make_partner("Alone"), template, draft)
        if what != "nobody":
            make_assessment(card)
    if what == "retired":
        Template.objects.update(state=Template.RETIRED)
    if what == "late":
        Cycle.objects.update(due=timezone.localdate() - timedelta(days=1))
    address = reverse("cycle_open", args=[draft.pk])
    for response, status in ((petra.get(address), 200), (petra.post(address), 400)):
        assert response.status_code == status
        assert sentence in text(response)
        assert "Open and invite" not in text(response)
    assert state(draft) == Cycle.DRAFT
    assert not OutgoingMail.objects.exists()


def test_a_partner_with_marks_is_removed_only_when_their_number_was_agreed_to(petra, cycle, template):
    card = make_scorecard(make_partner("Northgate"), template, cycle)
    rate(make_assessment(card), 4, 4)
    rate(make_assessment(card, submitted=True), 5)
    Comment.objects.create(scorecard=card, text="Good people.")
    address = reverse("cycle_remove_scorecard", args=[cycle.pk, card.pk])
    page = text(petra.post(address))
    assert "Take Northgate out of 2026 Q4?" in page
    assert (fact(page, "Marks that are lost"), fact(page, "People who gave them")) == ("3", "2")
    assert 'name="agreed" value="4"' in page
    petra.post(address, {"agreed": "3"})
    assert Rating.objects.count() == 3
    petra.post(address, {"agreed": "4"})
    assert not Scorecard.objects.exists()
    assert not Comment.objects.exists()


def test_a_partner_nobody_marked_is_removed_at_once(petra, draft, template):
    card = make_scorecard(make_partner("Northgate"), template, draft)
    make_assessment(card)
    response = petra.post(reverse("cycle_remove_scorecard", args=[draft.pk, card.pk]), follow=True)
    assert "Northgate is no longer in 2026 Q4." in text(response)
    assert not Scorecard.objects.exists()


def test_a_closed_cycle_loses_nobody(petra, cycle, template):
    assessment = make_assessment(make_scorecard(make_partner(), template, cycle))
    Cycle.objects.update(state=Cycle.CLOSED)
    for name, pk in (("scorecard", assessment.scorecard_id), ("rater", assessment.pk)):
        petra.post(reverse(f"cycle_remove_{name}", args=[cycle.pk, pk]), {"agreed": "99"})
    assert Scorecard.objects.get().assessments.get() == assessment


def test_another_active_template_is_chosen_for_a_kind_while_the_cycle_is_a_draft(petra, draft, template):
    other, card = make_template(name="Other"), make_scorecard(make_partner(), template, draft)
    address = reverse("cycle_template", args=[draft.pk])
    assert "Other, version 1" in text(petra.get(draft.get_absolute_url()))
    petra.post(address, {"kind": "vendor", "template": other.pk})
    card.refresh_from_db()
    assert card.template == other
    petra.post(address, {"kind": "own", "template": other.pk})
    assert CycleTemplate.objects.get(cycle=draft, kind="own").template == other


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ("retired", "This template is no longer active."),
        ("huge", "This template is no longer active."),
        ("nothing", "Choose a template."),
        ("kind", "Select a valid choice"),
        ("open", "is open now, so nothing was changed"),
        ("marked", "marked partners of this kind already"),
    ],
)
def test_a_template_that_cannot_be_chosen_is_refused_in_words(petra, draft, template, case, sentence):
    card = make_scorecard(make_partner(), template, draft)
    other = make_template(state="retired" if case == "retired" else "active")
    data = {"kind": "vendor", "template": other.pk}
    if case == "open":
        Cycle.objects.update(state=Cycle.OPEN)
    elif case == "marked":
        rate(make_assessment(card), 4)
    elif case in ("huge", "nothing", "kind"):
        data |= {"huge": {"template": "9" * 40}, "nothing": {"template": ""}, "kind": {"kind": "cloud"}}[case]
    response = petra.post(reverse("cycle_template", args=[draft.pk]), data, follow=True)
    assert sentence in text(response)
    card.refresh_from_db()
    assert card.template == template


def test_the_due_date_is_moved_and_those_missing_are_told(petra, cycle, template):
    late, done = make_user(name="Lena Late"), make_user()
    card = make_scorecard(make_partner("Northgate"), template, cycle)
    make_assessment(card, late)
    make_assessment(card, done, submitted=True)
    day = timezone.localdate() + timedelta(days=100)
    petra.post(reverse("cycle_extend", args=[cycle.pk]), {"due": f"{day}"})
    assert Cycle.objects.get().due == day
    mail = OutgoingMail.objects.get()
    assert mail.to == late.email
    assert f"now due on {day:%A}, {day.day} {day:%B %Y}" in mail.text


@pytest.mark.parametrize(
    ("day", "sentence"),
    [("yesterday", "This day has passed"), ("same", "due on that day already"), ("0001-01-01", "not between 1950"),
     ("", "This field is required"), ("31.12.2026", "This is not a date"), ("2026-02-30", "This is not a date")],
)  # fmt: skip
def test_a_due_date_that_makes_no_sense_is_refused_beside_the_field(petra, template, day, sentence):
    due = timezone.localdate() + timedelta(days=3)
    cycle = make_cycle(template, due=due)
    make_scorecard(make_partner(), template, cycle)
    typed = {"yesterday": timezone.localdate() - timedelta(days=1), "same": due}.get(day, day)
    response = petra.post(reverse("cycle_extend", args=[cycle.pk]), {"due": f"{typed}"})
    assert response.status_code == 400
    assert sentence in text(response)
    assert "autofocus" in text(response), "the page opens where something is wrong"
    assert f'value="{typed}"' in text(response) or not typed
    assert Cycle.objects.get().due == due


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [("x" * 2001, "2,001 characters long, 1 too many"), ("  ", "Say why"), ("a\u202eb", "invisible signs")],
)
def test_a_reason_that_cannot_be_kept_is_refused_whole_with_the_text_still_there(
    client, administrator, template, reason, sentence
):
    cycle = make_cycle(template, state="closed")
    client.force_login(administrator)
    assert "At most 2,000 characters" in text(client.get(cycle.get_absolute_url()))
    response = client.post(reverse("cycle_reopen", args=[cycle.pk]), {"reason": reason})
    assert response.status_code == 400
    assert sentence in text(response)
    assert reason in text(response)
    assert state(cycle) == Cycle.CLOSED


def test_a_reason_of_exactly_the_limit_is_kept_whole(client, administrator, template):
    cycle = make_cycle(template, state="closed")
    client.force_login(administrator)
    client.post(reverse("cycle_reopen", args=[cycle.pk]), {"reason": "x\r\n" + "x" * 1998})
    assert len(Cycle.objects.get().reopen_reason) == 2000


def test_partners_of_another_unit_are_neither_added_nor_removed(client, stranger, draft, template, unit):
    card = make_scorecard(make_partner("Foreign", unit=unit), template, draft)
    other = make_partner("Foreign too", unit=unit)
    mine = make_partner("Mine", unit=stranger.units.get())
    client.force_login(stranger)
    response = client.post(
        reverse("cycle_partners", args=[draft.pk]), {"partner": [mine.pk, other.pk]}, follow=True
    )
    assert "no longer in this list" in text(response)
    assert f'value="{mine.pk}" checked' in text(response), "the ticks stay"
    assert client.post(reverse("cycle_remove_scorecard", args=[draft.pk, card.pk])).status_code == 404
    assert Scorecard.objects.get() == card


@pytest.mark.parametrize("numbers", [["9" * 40], ["0"], ["x", "1"], []])
def test_ticks_that_are_no_partners_add_nothing(petra, draft, numbers):
    response = petra.post(reverse("cycle_partners", args=[draft.pk]), {"partner": numbers}, follow=True)
    assert ("no longer in this list" if numbers else "Tick at least one partner") in text(response)
    assert not Scorecard.objects.exists()


@pytest.mark.parametrize("query", ["unit=999", f"unit={'9' * 40}", "kind=cloud", f"find={'x' * 201}"])
def test_a_filter_that_cannot_be_read_lists_nothing_and_adds_nothing(petra, draft, query):
    make_partner("Northgate")
    make_unit()
    address = f"{reverse('cycle_partners', args=[draft.pk])}?{query}"
    page = text(petra.get(address))
    assert "Northgate" not in page
    assert "Nothing is listed while the filter cannot be read." in page
    petra.post(address, {"every": ""})
    assert not Scorecard.objects.exists()


def test_a_partner_archived_meanwhile_is_named_at_opening_and_can_be_removed(petra, draft, template):
    card = make_scorecard(make_partner("Gone", archived_at=timezone.now()), template, draft)
    make_assessment(card)
    assert "1 scorecard of a partner archived meanwhile: Gone." in text(
        petra.get(reverse("cycle_open", args=[draft.pk]))
    )
    address = reverse("cycle_remove_scorecard", args=[draft.pk, card.pk])
    assert address in text(petra.get(f"{reverse('cycle_partners', args=[draft.pk])}?in"))
    response = petra.post(address)
    assert response["Location"].endswith("/partners/?in")


def test_whoever_ticks_some_stays_to_tick_more_and_whoever_takes_all_goes_on(petra, draft, template):
    first, *_ = [make_partner(f"Partner {number}") for number in range(3)]
    address = reverse("cycle_partners", args=[draft.pk])
    narrowed = f"{address}?find=partner"
    response = petra.post(narrowed, {"partner": [first.pk]})
    assert response.url == narrowed
    assert "1 partner added." in text(petra.get(response.url))
    assert petra.post(narrowed, {"every": ""}).url == reverse("cycle_raters", args=[draft.pk])
    assert Scorecard.objects.count() == 3
