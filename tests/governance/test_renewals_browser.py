"""Renewals in Chromium: labels that stand clear, a list on a phone, axe, two papers, a calendar to copy."""

from io import BytesIO

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

from accounts.models import BusinessUnit, User
from governance.demo.load import load_demo
from partners.models import Contract
from tests.browser.test_quarterly_loop import fits, follow, sign_in, violations

pytestmark = [pytest.mark.long, pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# Of every label on the line that is shown: the ground its name and what stands under it cover.
LABELS = """() => [...document.querySelectorAll('.line svg')].filter(svg => svg.getBoundingClientRect().width).flatMap(
    svg => [...svg.querySelectorAll('text.t1, text.t3, circle')].map(one => {
        const box = one.getBoundingClientRect();
        return [one.tagName + ' ' + one.textContent, box.left, box.top, box.right, box.bottom];
    }))"""


@pytest.fixture
def demo(page, context, live_server):
    load_demo()
    sign_in(context, live_server, User.objects.get(email__startswith="clara"))
    page.goto(f"{live_server.url}/renewals/")
    return page


def nothing_on_the_line_covers_a_label(demo, live_server):
    for width in (1440, 1024):
        demo.set_viewport_size({"width": width, "height": 900})
        found = demo.evaluate(LABELS)
        labels = [one for one in found if one[0].startswith("text")]
        assert len(labels) > 24, "names, what stands under them, and the months"
        for place, (what, left, top, right, bottom) in enumerate(labels):
            for other, a, b, c, d in [
                *labels[:place],
                *(one for one in found if one[0].startswith("circle")),
            ]:
                covers = left < c - 1 and a < right - 1 and top < d - 1 and b < bottom - 1
                assert not covers, (width, what, other)
        fits(demo)


def pages_fit_a_phone_and_axe_finds_nothing(demo, live_server):
    some = "&".join(f"partner={one.partner_id}" for one in Contract.objects.order_by("pk")[:3])
    unit = BusinessUnit.objects.order_by("pk")[0].pk
    addresses = (
        "/renewals/", "/renewals/?group=later", f"/renewals/compare/?{some}", "/calendar/",
        "/calendar/revoke/?kind=own", f"/renewals/?segment=transactional&unit={unit}",
    )  # fmt: skip
    for width, scheme in ((390, "light"), (1440, "dark"), (1440, "light")):
        demo.set_viewport_size({"width": width, "height": 900})
        demo.emulate_media(color_scheme=scheme)
        for address in addresses:
            demo.goto(live_server.url + address)
            assert violations(demo) == [], (address, width, scheme)
            fits(demo)


def partners_are_ticked_and_compared_from_the_keyboard(demo, live_server):
    for name in ("Northgate Cloud", "Halden Software"):
        demo.get_by_label(f"Compare {name}").first.focus()
        demo.keyboard.press("Space")
    demo.get_by_role("button", name="Compare the ticked partners").focus()
    demo.keyboard.press("Enter")
    expect(demo.locator("h1")).to_contain_text("stands highest")


def on_either_paper_headings_repeat_and_buttons_are_left_out(demo, live_server):
    for paper in ("A4", "Letter"):
        pages = [
            " ".join(sheet.extract_text().split())
            for sheet in PdfReader(BytesIO(demo.pdf(format=paper))).pages
        ]
        assert len(pages) == 2, paper
        assert all("If nobody acts" in text for text in pages), paper
        assert "Record decision" not in " ".join(pages), "no buttons on paper"
        for name in ("Thornbury Licences", "Oriel Telecom"):
            assert name in " ".join(pages)


def an_address_is_made_shown_once_and_revoked_after_a_question(demo, live_server):
    demo.goto(f"{live_server.url}/calendar/")
    demo.get_by_role("button", name="Make an address").last.click()
    address = demo.get_by_label("Copy this address").input_value()
    assert demo.request.get(address).status == 200
    demo.reload()
    assert address not in demo.content()
    demo.get_by_role("link", name="Revoke").click()
    follow(demo, demo.get_by_role("button", name="Revoke it"))
    assert demo.request.get(address).status == 404


def no_width_between_a_phone_and_a_desk_scrolls_sideways(demo, live_server):
    first, other = Contract.objects.order_by("pk")[:2]
    addresses = (
        "/renewals/", "/contracts/", "/partners/", f"/partners/{first.partner_id}/?tab=contracts", "/portfolio/",
        f"/contracts/{first.pk}/", f"/contracts/{other.pk}/brief/", "/decisions/",
    )  # fmt: skip
    for address in addresses:
        demo.goto(live_server.url + address)
        for width in (320, 600, 641, 700, 744, 768, 820, 900, 1024, 1180):
            demo.set_viewport_size({"width": width, "height": 900})
            assert demo.evaluate("document.documentElement.scrollWidth") <= width, (address, width)


def test_renewals_hold_in_chromium(demo, live_server):
    """One demo for all of them: loading it takes longer than looking at it."""
    for look in (
        nothing_on_the_line_covers_a_label, pages_fit_a_phone_and_axe_finds_nothing,
        partners_are_ticked_and_compared_from_the_keyboard, on_either_paper_headings_repeat_and_buttons_are_left_out,
        no_width_between_a_phone_and_a_desk_scrolls_sideways, an_address_is_made_shown_once_and_revoked_after_a_question,
    ):  # fmt: skip
        demo.set_viewport_size({"width": 1280, "height": 720})
        demo.emulate_media(color_scheme="light")
        demo.goto(f"{live_server.url}/renewals/")
        look(demo, live_server)
