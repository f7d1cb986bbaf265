"""The pages of costs in Chromium: nothing sticks out on a phone, axe finds nothing, a line is added without a mouse."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from partners.models import CostLine, Rate
from tests.browser.test_quarterly_loop import fits, follow, sign_in
from tests.factories import make_contract, make_partner, make_user
from tests.partners.register_files import text

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_costs_are_typed_imported_and_shown_on_a_phone(
    page, context, live_server, transactional_db, scheme, tmp_path
):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 844})
    partner = make_partner("A partner of a rather long name, Limited")
    contract = make_contract(
        partner, starts=date(2025, 6, 1), ends=date(2048, 5, 31), annual_value=Decimal(9_999_999)
    )
    CostLine.objects.create(
        contract=contract, kind="effort", note="x" * 120, amount=12_345_678, currency="JPY"
    )
    Rate.objects.create(reporting="EUR", currency="USD", units=Decimal("1.0842"), valid_from=date(2026, 1, 1))
    sign_in(context, live_server, make_user("administrator", name="Ada"))
    page.goto(live_server.url + contract.get_absolute_url())
    fits(page)
    follow(page, page.get_by_role("link", name="Cost lines"))
    fits(page)
    page.get_by_label("Amount").fill("-5")
    page.keyboard.press("Enter")
    expect(page.get_by_text("An amount cannot be negative.")).to_be_visible()
    fits(page)
    page.get_by_label("Amount").fill("1,200,000.50")
    page.keyboard.press("Enter")
    expect(page.get_by_text("“Licences” is saved.")).to_be_visible()
    fits(page)
    follow(page, page.get_by_role("link", name="Import"))
    fits(page)
    file = tmp_path / "costs.csv"
    file.write_bytes(text(["kind", "amount", "how often"], ["exit", "5", "once"], ["service", "7", ""]))
    page.get_by_label("CSV or XLSX file").set_input_files(file)
    follow(page, page.get_by_role("button", name="Look at the file"))
    fits(page)
    page.get_by_role("button", name="Write 2 lines").click()
    expect(page.get_by_text("2 cost lines added, 0 changed.")).to_be_visible()
    for address in (reverse("currencies"), reverse("rate_edit", args=[Rate.objects.get().pk]), reverse("costs_import"),
                    f"{partner.get_absolute_url()}?tab=contracts"):  # fmt: skip
        page.goto(live_server.url + address)
        fits(page)
