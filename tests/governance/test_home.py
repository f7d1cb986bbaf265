"""The start page: what waits for each role, and what changed since they were here last."""

from datetime import UTC, datetime, timedelta

import time_machine
from django.urls import reverse
from django.utils import timezone

from accounts.models import Heartbeat, OutgoingMail, User
from governance.news import news
from partners.models import RegisterImport
from scorecards.models import Cycle
from tests.factories import (
    make_assessment,
    make_contract,
    make_cycle,
    make_partner,
    make_scorecard,
    make_template,
    make_user,
)
from tests.governance.conftest import TODAY, scored


def heading(client, user) -> str:
    client.force_login(user)
    text = client.get(reverse("home")).content.decode()
    return text.split("<h1>")[1].split("</h1>")[0]


def seen(user, **ago):
    User.objects.filter(pk=user.pk).update(last_seen=timezone.now() - timedelta(**ago))
    user.refresh_from_db()


def page_news(client, user):
    client.force_login(user)
    return client.get(reverse("home")).context["news"]


def test_a_rater_reads_how_many_partners_are_left_and_until_when(client, rater):
    cycle = make_cycle(due=TODAY() + timedelta(days=3))
    for _ in range(2):
        make_assessment(make_scorecard(cycle=cycle), rater)
    assert heading(client, rater).startswith("2 partners left to score by ")
    assert heading(client, rater).endswith("in 3 days.")


def test_what_a_later_cycle_asks_is_not_said_to_be_due_now(client, rater):
    soon, later = (make_cycle(due=TODAY() + timedelta(days=days)) for days in (3, 90))
    for cycle in (soon, later, later):
        make_assessment(make_scorecard(cycle=cycle), rater)
    assert heading(client, rater).startswith("1 partner left to score by ")
    assert heading(client, rater).endswith("in 3 days; 2 have more time.")


def test_a_rater_reads_that_marks_are_overdue(client, rater):
    make_assessment(make_scorecard(cycle=make_cycle(due=TODAY() - timedelta(days=2))), rater)
    assert heading(client, rater) == "1 partner still to score: it was due 2 days ago."


def test_only_what_is_overdue_is_said_to_be_overdue(client, rater):
    cycles = (make_cycle(due=TODAY() + timedelta(days=days)) for days in (-5, -2, 0, 90))
    for cycle in cycles:
        make_assessment(make_scorecard(cycle=cycle), rater)
    assert (
        heading(client, rater) == "2 partners still to score: the first was due 5 days ago; 2 have more time."
    )


def test_procurement_reads_what_is_missing_who_and_when_it_is_due(client, procurement, rater):
    cycle = make_cycle(name="2026 Q4", due=TODAY() + timedelta(days=12))
    make_assessment(make_scorecard(cycle=cycle), rater)
    make_assessment(make_scorecard(cycle=cycle), submitted=True)
    assert heading(client, procurement) == "1 of 2 assessments is missing in 2026 Q4; it is due in 12 days."
    assert "Rafael Rater" in client.get(reverse("home")).content.decode()


def test_procurement_reads_that_a_complete_cycle_can_be_closed(client, procurement):
    make_assessment(make_scorecard(cycle=make_cycle(name="2026 Q4")), submitted=True)
    assert heading(client, procurement) == "All 1 assessment of 2026 Q4 are in: it can be closed."


def test_who_is_missing_stays_inside_the_walls(client, unit):
    inside, outside = make_user("procurement", unit), make_user("procurement")
    partner = make_partner(unit=unit)
    make_assessment(make_scorecard(partner, cycle=make_cycle()), make_user(name="Wanda Within"))
    for person, number in ((inside, 1), (outside, 0)):
        client.force_login(person)
        page = client.get(reverse("home"))
        assert page.content.decode().count("Wanda Within") == number
        assert page.context["open_cycles"][0].asked == number


def test_an_import_that_waits_stands_on_the_page(client, procurement):
    RegisterImport.objects.create(by=procurement, file_name="register.csv", content=b"", state="uploaded")
    client.force_login(procurement)
    assert "waits for your decision" in client.get(reverse("home")).content.decode()


def test_contracts_that_end_soon_are_counted_and_the_first_is_named(client, executive):
    for days in (20, 80, 100):
        make_contract(make_partner(f"Ends in {days}"), ends=TODAY() + timedelta(days=days))
    assert heading(client, executive).startswith("2 contracts end within 90 days, the first on ")
    assert heading(client, executive).endswith("with Ends in 20.")


def test_an_administrator_reads_what_needs_a_person(client, administrator):
    for name in ("worker", "beat"):
        Heartbeat.objects.create(name=name, at=timezone.now())
    make_partner()
    OutgoingMail.objects.create(to="a@example.org", subject="s", text="t", kind="k", state="failed")
    assert heading(client, administrator) == "1 mail needs a decision."
    Heartbeat.objects.filter(name="worker").update(at=timezone.now() - timedelta(hours=1))
    assert heading(client, administrator).startswith("The worker gives no sign of life")


def test_nothing_waiting_is_said(client, rater):
    assert heading(client, rater) == "Nothing waits for you today."


def test_the_news_tell_what_was_closed_since_the_last_visit(client, executive, quarters):
    seen(executive, days=2)
    told = page_news(client, executive)
    assert [cycle.name for cycle in told.closed] == ["Q2", "Q1"]
    assert (told.rose, told.fell, told.standings) == (0, 1, 1)
    assert [(row.partner.name, row.was_standing, row.score.standing) for row in told.moves] == [
        ("Falling", "B", "E")
    ]
    assert "1 score moved by a point or more in Q2, and one took a new standing." in heading(
        client, executive
    )


def test_the_news_call_a_standing_what_the_template_of_its_time_calls_it(client, executive):
    partner, versions = make_partner("Falling"), (make_template(), make_template())
    for number, (template, mark) in enumerate(zip(versions, (4, 1), strict=True), 1):
        template.bands.filter(letter="B").update(name=f"Trusted {number}")
        template.bands.filter(letter="E").update(name=f"On watch {number}")
        starts, ends = TODAY() - timedelta(days=200), TODAY() - timedelta(days=100 - number)
        cycle = make_cycle(template, name=f"Q{number}", starts=starts, ends=ends)
        scored(partner, template, cycle, mark, mark, mark)
        Cycle.objects.filter(pk=cycle.pk).update(state=Cycle.CLOSED, closed_at=timezone.now())
    client.force_login(executive)
    text = client.get(reverse("home")).content.decode()
    assert "new standing, was B Trusted 1" in text
    assert '<span class="band E"><b>E</b>On watch 2</span>' in text


def test_nothing_is_told_when_nothing_changed(client, executive, quarters):
    Cycle.objects.update(
        closed_at=timezone.now() - timedelta(days=5), opened_at=timezone.now() - timedelta(days=50)
    )
    for partner in quarters:
        partner.created_at = timezone.now() - timedelta(days=60)
        partner.save()
    seen(executive, days=2)
    told = page_news(client, executive)
    assert not told.is_any
    assert not told.moves
    assert "No cycle was opened or closed" in client.get(reverse("home")).content.decode()


NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_the_news_stay_for_the_day_and_are_gone_the_next(client, executive):
    cycle = make_cycle(state="closed")
    Cycle.objects.filter(pk=cycle.pk).update(closed_at=NOON - timedelta(days=1))
    User.objects.filter(pk=executive.pk).update(last_seen=NOON - timedelta(days=3))
    for hours, told in ((0, [cycle.pk]), (2, [cycle.pk]), (24, [])):
        with time_machine.travel(NOON + timedelta(hours=hours), tick=False):
            assert [row.pk for row in page_news(client, executive).closed] == told


def test_a_visit_is_written_at_most_once_an_hour(client, executive):
    for minutes, written in ((0, 0), (50, 0), (61, 61)):
        with time_machine.travel(NOON + timedelta(minutes=minutes), tick=False):
            page_news(client, executive)
            executive.refresh_from_db()
            assert executive.last_seen == NOON + timedelta(minutes=written)


def test_a_first_visitor_reads_where_the_last_closed_cycle_left_things(client, executive, quarters):
    told = page_news(client, executive)
    assert told.since is None
    assert told.cycle.name == "Q2"
    assert "Where Q2 left things" in client.get(reverse("home")).content.decode()


def test_the_news_tell_no_score_from_behind_a_wall(unit, quarters):
    quarters[0].unit = unit
    quarters[0].save()
    since = timezone.now() - timedelta(days=2)
    assert news(make_user("executive", unit), since).fell == 1
    told = news(make_user("executive"), since)
    assert told.fell == 0
    assert not told.moves


def test_the_news_tell_no_score_of_a_cycle_that_is_open(executive, quarters):
    template = quarters[0].scorecards.first().template
    scored(quarters[0], template, make_cycle(template, name="Open", ends=TODAY()), 5, 5, 5)
    for since in (None, timezone.now() - timedelta(days=2)):
        told = news(executive, since)
        assert told.cycle.name == "Q2"
        assert told.rose == 0


def test_the_menu_of_a_phone_holds_every_place_and_marks_the_present_one(client, administrator):
    make_template()
    client.force_login(administrator)
    text = client.get(reverse("people")).content.decode()
    menu = text.split('<div class="menu">')[1].split("</details>")[0]
    for place in ("Home", "Portfolio", "Partners", "Cycles", "Templates", "Settings"):
        assert f">{place}</a>" in menu
    assert f'href="{reverse("settings")}" aria-current="page">Settings' in menu
