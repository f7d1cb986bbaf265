"""What kind of customer are we? Our side, added up over all partners."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from evidence.ourselves import answer, ourselves
from tests.factories import make_figure, make_partner, make_unit, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def own():
    return make_partner("Us", kind="own")


@pytest.fixture
def person(client):
    someone = make_user("rater", make_unit())
    client.force_login(someone)
    return someone


def figures(partner, kept, late, plans) -> None:
    make_figure(partner, "our_answered_in_time", kept, 4)
    make_figure(partner, "our_meetings_cancelled", late, late)
    make_figure(partner, "our_plan_quarters", plans, 4)
    make_figure(partner, "our_commitments_kept", None, 1)


def test_our_side_is_added_up_over_the_partners_one_sees(client, own, person):
    unit = person.units.get()
    figures(make_partner(unit=unit), "0.75", 2, 0)
    figures(make_partner(unit=unit), "0.25", 3, 2)
    figures(make_partner(unit=make_unit()), "1", 100, 4)
    totals = {total.name: total for total in ourselves(person)}
    assert {name: total.said for name, total in totals.items()} == {
        "our_answered_in_time": "4 of 8", "our_plan_quarters": "1 of 2", "our_meetings_cancelled": "5",
    }  # fmt: skip
    assert totals["our_answered_in_time"].rests_on == "2 partners"
    page = client.get(reverse("evidence", args=[own.pk])).content.decode()
    assert "We answered 4 of 8 requests in time and shared plans with 1 of 2 partners" in page
    assert "Meetings we called off" in page
    other = make_partner(unit=unit)
    assert "As our partners meet us" not in client.get(reverse("evidence", args=[other.pk])).content.decode()


def test_without_figures_the_page_says_what_would_be_here(client, own, person):
    page = client.get(reverse("evidence", args=[own.pk])).content.decode()
    assert "Here stands what kind of customer we are" in page
    assert answer([]) == ""


def test_our_side_takes_one_statement_however_many_partners(person):
    for number in range(3):
        figures(make_partner(f"P{number}", unit=person.units.get()), "0.5", 1, 1)
    with CaptureQueriesContext(connection) as captured:
        assert len(ourselves(person)) == 3
    assert len(captured) == 1
