"""The grid and the scorecard in Chromium: by keyboard, on a phone, with a dropped connection, in two windows."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import expect

from scorecards.models import Assessment, Comment, Rating
from scorecards.services.recompute import recompute_now
from tests.factories import make_assessment, make_scorecard, make_user, rate

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def assessment(transactional_db) -> Assessment:
    card = make_scorecard()
    for _ in range(2):
        make_assessment(card, make_user())
    return make_assessment(card, make_user(name="Rafael Rater"))


@pytest.fixture
def sign_in(live_server):
    """Give a browser context the session of a person."""

    def go(context, user):
        client = Client()
        client.force_login(user)
        context.add_cookies(
            [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
        )

    return go


@pytest.fixture
def grid(page, context, sign_in, assessment, live_server):
    """The grid, open in a window."""
    sign_in(context, assessment.rater)
    page.goto(f"{live_server.url}/assessments/{assessment.pk}/")
    return page


def marks() -> list[int | None]:
    return list(Rating.objects.order_by("criterion_id").values_list("value", flat=True))


def violations(page) -> list[str]:
    return [f"{v['id']}: {v['nodes'][0]['html'][:150]}" for v in Axe().run(page).response["violations"]]


def test_a_rater_scores_with_the_keyboard_alone(grid, assessment):
    grid.keyboard.press("4")
    expect(grid.locator("#saved")).to_have_text(re.compile(r"Saved \d\d:\d\d"))
    grid.keyboard.press("Enter")
    expect(grid.locator(".cr").first).to_have_class(re.compile("folded"))
    grid.keyboard.press("ArrowRight")
    grid.keyboard.press("Enter")
    grid.keyboard.press("j")
    grid.keyboard.press("n")
    grid.keyboard.press("c")
    grid.keyboard.type("Not ours to judge, n 4 j.")
    grid.keyboard.press("Escape")
    expect(grid.locator("#done")).to_have_text("3")
    expect(grid.locator("#saved")).to_have_text(re.compile("Saved"))
    grid.wait_for_function("!document.querySelector('#saved').textContent.includes('Saving')")
    grid.keyboard.press("Enter")
    expect(grid.get_by_role("button", name="Submit and lock")).to_be_focused()
    grid.keyboard.press("Enter")
    expect(grid.get_by_role("heading", level=1)).to_contain_text("You answered 3 of 3")
    assert marks() == [4, 2, None]
    assert Comment.objects.get().text == "Not ours to judge, n 4 j."


def test_a_dropped_connection_is_said_and_nothing_is_lost(grid, context):
    grid.keyboard.press("4")
    expect(grid.locator("#saved")).to_have_text(re.compile("^Saved"))
    context.set_offline(True)
    grid.keyboard.press("j")
    grid.keyboard.press("3")
    grid.keyboard.press("j")
    grid.keyboard.press("2")
    expect(grid.locator("#saved")).to_have_text("Not saved: 2 marks waiting, trying again")
    assert marks() == [4]
    context.set_offline(False)
    expect(grid.locator("#saved")).to_have_text(re.compile("^Saved"), timeout=20000)
    assert marks() == [4, 3, 2]


def test_two_windows_show_both_marks_and_let_the_person_choose(grid, context, assessment):
    other = context.new_page()
    other.goto(grid.url)
    grid.keyboard.press("4")
    expect(grid.locator("#saved")).to_have_text(re.compile("^Saved"))
    other.bring_to_front()
    other.keyboard.press("2")
    expect(other.locator(".msg").first).to_contain_text("In another window you chose 4; here you chose 2.")
    assert marks() == [4]
    other.get_by_role("button", name="Use the 2 here").click()
    expect(other.locator("#saved")).to_have_text(re.compile("^Saved"))
    assert marks() == [2]


def test_a_window_left_open_after_submitting_takes_no_more_marks_and_says_so(
    grid, context, live_server, assessment
):
    other = context.new_page()
    other.goto(f"{live_server.url}/assessments/{assessment.pk}/submit/")
    with other.expect_navigation():
        other.get_by_role("button", name="Submit without them").click()
    grid.bring_to_front()
    grid.keyboard.press("4")
    expect(grid.locator("#saved")).to_have_text(re.compile("^Not saved. You submitted this on"))
    expect(grid.locator(".cr input[type=radio]").first).to_be_disabled()
    assert marks() == []
    grid.get_by_role("link", name="Load it again").click()
    expect(grid.get_by_role("heading", level=1)).to_contain_text("You answered 0 of 3")


def test_what_is_refused_is_said_beside_its_criterion(grid):
    grid.locator("textarea").first.fill("ab\u202ecd")
    expect(grid.locator(".msg").first).to_contain_text("reverse the reading direction")
    assert not Comment.objects.exists()


def test_leaving_to_submit_takes_along_what_was_just_typed(grid):
    grid.keyboard.press("4")
    grid.locator("textarea").last.fill("Typed a moment before.")
    grid.get_by_role("button", name="Submit and lock").click()
    expect(grid.get_by_role("heading", level=1)).to_contain_text("2 of 3 criteria are still open")
    assert Comment.objects.get().text == "Typed a moment before."
    assert marks() == [4]


def test_an_anonymous_comment_is_marked_so_and_found_again(grid):
    grid.locator("textarea").first.fill("Nobody knows.")
    grid.locator("input[name^=anonymous]").first.check()
    expect(grid.locator("#saved")).to_have_text(re.compile("^Saved"))
    grid.wait_for_timeout(1200)
    assert Comment.objects.get().assessment_id is None
    grid.reload()
    expect(grid.locator("textarea").first).to_have_value("Nobody knows.")
    expect(grid.locator("input[name^=anonymous]").first).to_be_checked()


def test_without_scripts_the_same_page_is_a_form(browser, live_server, sign_in, assessment):
    context = browser.new_context(java_script_enabled=False)
    sign_in(context, assessment.rater)
    page = context.new_page()
    page.goto(f"{live_server.url}/assessments/{assessment.pk}/")
    page.locator(".cr").nth(0).locator("input[value='4']").check(force=True)
    page.locator(".cr").nth(2).locator("input[value=na]").check(force=True)
    page.get_by_role("button", name="Save what I chose so far").first.click()
    expect(page.locator(".messages")).to_contain_text("Saved at")
    assert marks() == [4, None]
    context.close()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_grid_and_scorecard_are_accessible_and_never_scroll_sideways(
    browser, live_server, sign_in, assessment, width, scheme
):
    card = assessment.scorecard
    for other in card.assessments.exclude(pk=assessment.pk):
        rate(other, 4, 5, 2)
    card.assessments.exclude(pk=assessment.pk).update(submitted_at="2026-11-20T09:00Z")
    rate(assessment, 4)
    recompute_now([card.pk])
    lead = make_user("procurement", all_units=True)
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    for user, address in (
        (assessment.rater, f"/assessments/{assessment.pk}/"),
        (assessment.rater, f"/assessments/{assessment.pk}/submit/"),
        (lead, f"/scorecards/{card.pk}/?open=all"),
    ):
        sign_in(context, user)
        page.goto(live_server.url + address)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address
        assert violations(page) == [], address
    context.close()
