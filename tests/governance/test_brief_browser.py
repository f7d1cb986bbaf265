"""The brief and its decision in Chromium: no side-scroll, axe finds nothing, a decision is taken without a mouse."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from governance.models import Decision
from tests.browser.test_quarterly_loop import fits, follow, sign_in
from tests.governance.fullest import fullest_contract

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 1024), ("light", 1440)])
def test_a_decision_is_taken_from_the_keyboard_and_read_again(
    page, context, live_server, executive, quarters, scheme, width
):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    sign_in(context, live_server, executive)
    contract = quarters[0].contracts.get()
    page.goto(live_server.url + reverse("brief", args=[contract.pk]))
    fits(page)
    page.get_by_label("Leave").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Record decision").press("Enter")
    expect(page.get_by_text("Say why: next time")).to_be_visible()
    fits(page)
    page.get_by_label("Reasons, kept with this brief").fill("Too dear.")
    page.get_by_role("button", name="Record decision").press("Enter")
    expect(page.get_by_text("Recorded: leave")).to_be_visible()
    fits(page)
    page.get_by_label("What came of it").fill("They left us in peace.")
    page.get_by_role("button", name="Keep it").press("Enter")
    expect(page.get_by_text("They left us in peace.").first).to_be_visible()
    follow(page, page.get_by_role("link", name="Decisions", exact=True))
    fits(page)
    assert Decision.objects.get().snapshot["score"]["overall"] == "25.0"


@pytest.mark.parametrize("width", [390, 1024])
def test_the_longest_brief_fits_a_phone(page, context, live_server, executive, width):
    contract = fullest_contract()
    page.set_viewport_size({"width": width, "height": 844})
    sign_in(context, live_server, executive)
    for address in (reverse("brief", args=[contract.pk]), contract.decisions.first().get_absolute_url(), reverse("decision_list"), contract.get_absolute_url(),
                    reverse("admission", args=[contract.partner_id])):  # fmt: skip
        page.goto(live_server.url + address)
        fits(page)
