"""How far a cycle is: coverage, who is missing and since when; filters, order, size. No mark and no score."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import OutgoingMail
from scorecards.models import Cycle, Scorecard
from scorecards.services import cycles as service
from scorecards.services.recompute import drain, request_recompute
from tests.factories import (
    make_assessment,
    make_cycle,
    make_partner,
    make_scorecard,
    make_template,
    make_user,
    rate,
)


@pytest.fixture
def template(db):
    return make_template()  # three criteria


@pytest.fixture
def cycle(template):
    return make_cycle(template, name="2026 Q4", opened_at=timezone.now() - timedelta(days=12))


@pytest.fixture
def card(cycle, template):
    return lambda name="": make_scorecard(make_partner(name), template, cycle)


@pytest.fixture
def shown(client, procurement, cycle):
    """The cycle's page, as text, with these parameters."""
    client.force_login(procurement)
    return lambda **wanted: client.get(cycle.get_absolute_url(), wanted).content.decode()


def words(page: str) -> str:
    """What a person reads of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).replace("&#8239;", " ").split())


def partners(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="/scorecards/[^>]*>([^<]*)</a>', page)


def test_coverage_is_the_share_of_asked_marks_given_by_partner_and_in_all(shown, card):
    alder, birch = card("Alder"), card("Birch")
    rate(make_assessment(alder, submitted=True), 4, "n/a", None)
    rate(make_assessment(alder), 1)
    make_assessment(birch)
    read = shown(marks="")
    assert "3 of 9 marks are given, 33 %." in words(read)
    assert 'aria-label="3 of 6 marks given"></progress><b>50&#8239;%' in read
    assert 'aria-label="0 of 3 marks given"></progress><b>0&#8239;%' in read


def test_the_marks_are_counted_after_the_page_is_there_and_the_answer_asks_for_nothing_more(
    client, procurement, card, cycle
):
    rate(make_assessment(card()), 4)
    client.force_login(procurement)
    page = client.get(cycle.get_absolute_url()).content.decode()
    (address,) = re.findall('hx-get="([^"]*)"', page)
    answer = client.get(address, headers={"hx-request": "true"}).content.decode()
    assert "1 of 3 marks are given" in words(answer)
    assert "hx-get" not in answer
    assert "<html" not in answer


def test_a_criterion_that_a_role_is_not_asked_is_not_missing(shown, card, template):
    template.categories.first().criteria.update(roles=["it"])
    rate(make_assessment(card(), rater_role="business", submitted=True), None, None, 4)
    assert "1 of 1 marks are given, 100 %." in words(shown(marks=""))


def test_each_rater_shows_how_many_marks_they_have_begun_with(shown, card):
    alder = card("Alder")
    rate(make_assessment(alder, make_user(name="Bea Begun")), 4, 4)
    make_assessment(alder, make_user(name="Nora Notyet"))
    rate(make_assessment(alder, make_user(name="Ida In"), submitted=True), 4, 4, 4)
    read = words(shown())
    assert "Bea Begun 2 of 3 marks , begun" in read
    assert "Nora Notyet , not begun" in read
    assert "Ida In , submitted" in read


def test_no_mark_score_or_direction_is_on_the_page(shown, card, template, client, procurement):
    for name in ("Alder", "Birch"):
        alder = card(name)
        for _ in range(2):
            rate(make_assessment(alder, submitted=True), 5, 4, 3)
    request_recompute(Scorecard.objects.all())
    drain()
    make_assessment(alder, procurement)
    for read in (shown(), shown(by="raters"), client.get(reverse("cycle_list")).content.decode()):
        for secret in ("75.0", "75 %", "Good", "Strong", "Fair", "class=\"band", "<svg", "final", "rank"):  # fmt: skip
            assert secret not in read


def test_who_is_missing_says_since_when_and_how_often_they_were_reminded(shown, card, cycle, procurement):
    late, done = make_user(name="Lena Late"), make_user(name="Dora Done")
    make_assessment(card(), late)
    make_assessment(card(), late, submitted=True)
    make_assessment(card(), done, submitted=True)
    assert "Lena Late 1 of 2 left asked 12 days ago, not reminded yet" in words(shown())
    service.nudge(cycle, by=procurement)
    for days in (5, 3):
        OutgoingMail.objects.filter(kind="nudge", created_at__date=timezone.localdate()).update(
            created_at=timezone.now() - timedelta(days=days), key=f"nudge:{cycle.pk}:{late.pk}:{days}"
        )
        service.nudge(cycle, by=procurement)
    read = words(shown())
    assert "Lena Late 1 of 2 left asked 12 days ago, 3 reminders, the last today" in read
    assert "Dora Done" not in read.split("Who is missing")[1]


def test_more_people_than_fit_beside_the_table_are_counted_and_listed(shown, card):
    alder = card()
    for _ in range(11):
        make_assessment(alder)
    assert "All 11 who are missing" in words(shown())
    assert shown(by="raters").count("0 of 1 in") == 11


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        ({"show": "missing"}, ["Alder", "Birch"]),
        ({"show": "in"}, ["Cedar"]),
        ({"show": "nobody"}, ["Doum"]),
        ({"find": "BIRHC"}, ["Birch"]),
        ({"find": "zzz"}, []),
        ({"rater": "Rafael"}, ["Alder", "Cedar"]),
        ({"rater": "Rafael", "show": "missing"}, ["Alder"]),
        ({"show": "nonsense", "rater": "x", "sort": "colour"}, ["Alder", "Birch", "Cedar", "Doum"]),
        ({"rater": "9" * 30}, ["Alder", "Birch", "Cedar", "Doum"]),
        ({"sort": "-partner"}, ["Doum", "Cedar", "Birch", "Alder"]),
        ({"sort": "-left"}, ["Birch", "Alder", "Cedar", "Doum"]),
        ({"sort": "-marks"}, ["Cedar", "Alder", "Birch", "Doum"]),
        ({"sort": "marks"}, ["Doum", "Birch", "Alder", "Cedar"]),
    ],
)
def test_the_page_shows_what_its_address_asks_for(shown, card, rater, wanted, left):
    cards = {name: card(name) for name in ("Alder", "Birch", "Cedar", "Doum")}
    rate(make_assessment(cards["Alder"], rater), 3)
    for _ in range(2):
        make_assessment(cards["Birch"])
    rate(make_assessment(cards["Cedar"], rater, submitted=True), 3, 3, 3)
    wanted = {name: str(rater.pk) if value == "Rafael" else value for name, value in wanted.items()}
    assert partners(shown(**wanted)) == left


def test_an_analyst_of_one_unit_counts_what_they_see(client, stranger, unit, cycle, template):
    make_assessment(make_scorecard(make_partner("Foreign", unit=unit), template, cycle))
    mine = make_scorecard(make_partner("Mine", unit=stranger.units.get()), template, cycle)
    make_assessment(mine, submitted=True)
    client.force_login(stranger)
    read = words(client.get(cycle.get_absolute_url()).content.decode())
    assert "all 1 assessments are in" in read
    assert "Foreign" not in read


@pytest.mark.parametrize(
    "address", ["", "?by=raters", "?sort=-marks&show=missing&find=partner", "raters/", "raters/?rule=all&rater_roles=it",
                "partners/", "partners/?in", "close/"],
)  # fmt: skip
def test_pages_ask_the_database_as_often_for_many_as_for_few(
    client, procurement, cycle, card, address, statements
):
    client.force_login(procurement)
    people = [make_user("rater", rater_role="it") for _ in range(3)]
    page = f"{cycle.get_absolute_url()}{address}"

    def add(number: int) -> None:
        for _ in range(number):
            one = card()
            make_partner()
            for person in people:
                rate(make_assessment(one, person), 4)

    add(2)
    statements(client, page)
    few = statements(client, page)
    add(20)
    assert statements(client, page) == few


def test_the_list_of_cycles_stays_readable_and_quick_with_forty(client, procurement, template):
    client.force_login(procurement)

    def statements() -> tuple[int, str]:
        with CaptureQueriesContext(connection) as captured:
            response = client.get(reverse("cycle_list"))
        return len(captured), response.content.decode()

    def add(number: int, **fields) -> None:
        for _ in range(number):
            make_assessment(
                make_scorecard(make_partner(), template, make_cycle(template, **fields)), submitted=True
            )

    add(2, state="closed")
    statements()
    few, _ = statements()
    add(38, state="closed")
    many, read = statements()
    assert many == few
    assert read.count('<th scope="row">') == 20
    assert "Page 1 of 2" in read


def test_the_list_says_what_is_missing_and_when_it_is_due(client, procurement, template, card, cycle):
    Cycle.objects.update(due=timezone.localdate() - timedelta(days=3))
    make_assessment(card())
    client.force_login(procurement)
    read = words(client.get(reverse("cycle_list")).content.decode())
    assert "2026 Q4 was due 3 days ago: 1 of 1 assessments is missing." in read
    assert "0 of 1" in read
