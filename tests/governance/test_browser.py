"""The portfolio in Chromium: sorted from the keyboard, and short on a phone."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_quarterly_loop import fits, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def portfolio(page, context, live_server, executive, quarters):
    sign_in(context, live_server, executive)
    page.goto(f"{live_server.url}/portfolio/")
    return page


def heights(page, rows: str) -> list[float]:
    return [row.bounding_box()["height"] for row in page.locator(rows).all()]


def test_a_heading_sorts_the_table_from_the_keyboard(portfolio):
    heading = portfolio.get_by_role("columnheader", name="Score and standing")
    heading.get_by_role("link").focus()
    portfolio.keyboard.press("Enter")
    expect(heading).to_have_attribute("aria-sort", "descending")
    expect(portfolio.locator(".pf tbody th[scope=row]")).to_have_text(["Steady", "Falling", "We"])


def test_on_a_phone_a_partner_takes_a_few_lines_and_a_list_sorts_the_table(portfolio):
    portfolio.set_viewport_size({"width": 390, "height": 844})
    portfolio.get_by_label("Sorted by").select_option("score")
    expect(portfolio.locator(".pf tbody th[scope=row]")).to_have_text(["Falling", "Steady", "We"])
    assert max(heights(portfolio, ".pf tbody tr:not(.apart)")) <= 160
    fits(portfolio)
    portfolio.get_by_role("link", name="Partners by category").click()
    assert max(heights(portfolio, ".heat tbody tr")) <= 60
    fits(portfolio)
