"""The whole quarterly loop in Chromium, on a real register: import, open, score, close, export, trend."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import expect

from partners.models import Contract, Partner
from partners.tasks import run_waiting_imports
from scorecards.models import Assessment, Cycle, Score
from scorecards.services.recompute import drain
from scorecards.services.templates import load_builtin
from tests.factories import make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
REGISTER = Path(__file__).parent.parent / "data" / "act_contracts_2025.csv"


def violations(page) -> list[str]:
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found]


def sign_in(context, live_server, user) -> None:
    client = Client()
    client.force_login(user)
    context.clear_cookies()
    context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )


def follow(page, way) -> None:
    """Click what leads to another page, and wait until that page is there."""
    with page.expect_navigation():
        way.click()


def fits(page) -> None:
    """Nothing sticks out sideways, and axe finds nothing."""
    width = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert width[0] <= width[1], page.url
    assert violations(page) == [], page.url


@pytest.mark.long
def test_a_quarter_from_the_register_to_the_trend(page, context, live_server, transactional_db):
    load_builtin()
    analyst = make_user("procurement", name="Petra", all_units=True, rater_role="procurement")
    raters = [make_user("rater", name=name, all_units=True, rater_role="it") for name in ("Ravi", "Ines")]
    page.on("dialog", lambda dialog: dialog.accept())
    go = lambda path: page.goto(live_server.url + path)  # noqa: E731

    sign_in(context, live_server, analyst)
    go("/import/")
    page.set_input_files("input[type=file]", str(REGISTER))
    follow(page, page.get_by_role("button", name="Look at the file"))
    run_waiting_imports()
    page.reload()
    fits(page)
    follow(page, page.get_by_role("button", name="Import", exact=True).first)
    run_waiting_imports()
    page.reload()
    assert Contract.objects.count() >= 1296
    assert Partner.objects.count() > 700

    for quarter in (("2026 Q3", "2026-07-01", "2026-09-30"), ("2026 Q4", "2026-10-01", "2026-12-31")):
        page.set_viewport_size({"width": 1440, "height": 900})
        sign_in(context, live_server, analyst)
        name, starts, ends = quarter
        go("/cycles/new/")
        page.fill("[name=name]", name)
        page.fill("[name=starts]", starts)
        page.fill("[name=ends]", ends)
        page.fill("[name=due]", "2099-12-31")
        follow(page, page.get_by_role("button", name="Start the draft"))
        if name == "2026 Q3":
            page.fill("[name=find]", "data#3")
            follow(page, page.get_by_role("button", name="Find"))
            page.locator("input[name=partner]").first.check()
            follow(page, page.get_by_role("button", name="Add those ticked"))
            follow(page, page.get_by_role("link", name="Go on to the raters"))
            page.locator("[name=rule]").select_option("all")
            follow(page, page.get_by_role("button", name="Show what it would do"))
            page.get_by_role("button", name="Ask them").click()
            expect(page.locator(".messages")).to_contain_text("3 assessments added")
        else:
            expect(page.locator(".messages")).to_contain_text(
                "1 partner and 3 assessments came over from 2026 Q3"
            )
        follow(page, page.get_by_role("link", name="Go on to opening it"))
        page.get_by_role("button", name="Open and invite").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("3 of 3 assessments are missing")

        for person in (analyst, *raters):
            sign_in(context, live_server, person)
            page.set_viewport_size({"width": 390, "height": 844})
            go("/")
            follow(page, page.locator("main table a.btn").first)
            if person is analyst:
                fits(page)
            for mark in "4554" * 5 if name == "2026 Q4" else "3" * 20:
                page.keyboard.press(mark)
                page.keyboard.press("Enter")
            expect(page.locator("#saved")).to_contain_text("Saved")
            follow(page, page.get_by_role("button", name="Submit").first)
            if page.url.endswith("/submit/"):
                follow(page, page.get_by_role("button", name="Submit").first)
            expect(page.locator(".messages")).to_contain_text("Submitted and locked")
        assert Assessment.objects.filter(scorecard__cycle__name=name, submitted_at=None).count() == 0
        drain()
        sign_in(context, live_server, analyst)
        page.set_viewport_size({"width": 1440, "height": 900})
        go(f"/cycles/{Cycle.objects.get(name=name).pk}/")
        follow(page, page.get_by_role("link", name="Close the quarter"))
        page.get_by_role("button", name="Close it").click()
        expect(page.locator(".messages")).to_contain_text("closed")

    last = Score.objects.get(scorecard__cycle__name="2026 Q4")
    assert (last.status, last.raters) == ("final", 3)
    go(f"/scorecards/{last.scorecard_id}/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("higher than in 2026 Q3")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert "Service against agreed levels" in Path(download.value.path()).read_text()
    addresses = [
        "/", "/portfolio/", "/portfolio/categories/", "/partners/", f"/partners/{last.scorecard.partner_id}/",
        f"/partners/{last.scorecard.partner_id}/?tab=contracts", f"/scorecards/{last.scorecard_id}/", "/cycles/",
        f"/cycles/{last.scorecard.cycle_id}/", "/cycles/new/", "/templates/", f"/templates/{last.scorecard.template_id}/",
        f"/templates/{last.scorecard.template_id}/what-if/", "/partners/new/", "/import/",
    ]  # fmt: skip
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 844})
        for address in addresses:
            go(address)
            fits(page)


def test_settings_fit_a_phone_and_axe_finds_nothing(page, context, live_server, transactional_db):
    administrator = make_user("administrator", name="Ada")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(live_server.url + "/accounts/login/")
    fits(page)
    sign_in(context, live_server, administrator)
    for address in ("people/", "people/new/", "units/", "mail/", "audit/"):
        page.goto(f"{live_server.url}/settings/{address}")
        fits(page)
