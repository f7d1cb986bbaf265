"""Templates in Chromium: accessible on every width, what if at once, and a question before anything is lost."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import expect

from scorecards.models import Criterion
from scorecards.services.recompute import recompute_now
from tests.factories import make_assessment, make_cycle, make_scorecard, make_template, make_user, rate

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def lead(context, live_server):
    """Sign a procurement lead into the browser's context."""
    user, client = make_user("procurement", all_units=True), Client()
    client.force_login(user)
    session = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    return user


@pytest.mark.parametrize("width", [1440, 390])
def test_template_pages_are_accessible_and_never_scroll_sideways(page, lead, live_server, width):
    active, draft = make_template(), make_template(state="draft")
    page.set_viewport_size({"width": width, "height": 900})
    for address in (
        "/templates/", f"/templates/{active.pk}/?anchors", f"/templates/{draft.pk}/edit/",
        f"/templates/{active.pk}/what-if/?g{active.categories.first().pk}=x", "/templates/import/",
    ):  # fmt: skip
        page.goto(live_server.url + address)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address
        found = Axe().run(page).response["violations"]
        assert [f"{one['id']}: {one['nodes'][0]['html'][:150]}" for one in found] == [], address


def test_a_weight_that_changes_moves_the_scores_at_once_and_keeps_the_place(page, lead, live_server):
    template = make_template()
    cycle = make_cycle(template, state="closed")
    card = make_scorecard(template=template, cycle=cycle)
    for _ in range(2):
        rate(make_assessment(card, make_user(), submitted=True), 5, 5, 1)
    recompute_now([card.pk])
    page.goto(f"{live_server.url}/templates/{template.pk}/what-if/")
    service, price = template.categories.all()
    page.fill(f"#w-g{service.pk}", "0")
    page.keyboard.press("Tab")
    expect(page.get_by_role("heading", level=1)).to_contain_text("1 its standing")
    expect(page.locator(".moves-table tbody tr").first).to_contain_text("0.0")
    assert page.evaluate("document.activeElement.closest('form').matches('.sides')")
    page.fill(f"#w-g{price.pk}", "1_0")
    page.keyboard.press("Tab")
    expect(page.locator("#compared [role=alert]")).to_contain_text("Price: “1_0” is not a number")
    expect(page.get_by_role("button", name="Save as a new version")).to_have_count(0)


def test_the_editor_asks_before_rows_are_removed(page, lead, live_server):
    draft = make_template(state="draft")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.goto(f"{live_server.url}/templates/{draft.pk}/edit/")
    page.locator(".crit .tick input").first.check()
    page.get_by_role("button", name="Save and go on").click()
    assert asked == ["Remove “On time” from the draft?"]
    assert Criterion.objects.filter(category__template=draft).count() == 3
