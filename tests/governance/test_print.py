"""Printed from the browser, on A4 and Letter: headings repeated, few pages, a foot on each."""

from io import BytesIO

import pytest
from django.urls import reverse
from pypdf import PdfReader

from accounts.models import User
from governance.demo.load import load_demo
from partners.models import Contract, Partner
from scorecards.models import Cycle, Scorecard
from tests.browser.test_quarterly_loop import sign_in
from tests.governance.fullest import fullest_contract

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
A4, LETTER = (595, 842), (612, 792)  # points


@pytest.fixture
def printed(page, context, live_server):
    """Print an address as the browser would and return the text of each page."""
    load_demo()
    sign_in(context, live_server, User.objects.get(email__startswith="petra"))

    def go(address: str, paper: str) -> list[str]:
        page.goto(live_server.url + address)
        reader = PdfReader(BytesIO(page.pdf(format=paper, prefer_css_page_size=False)))
        for sheet in reader.pages:
            size = (round(float(sheet.mediabox.width)), round(float(sheet.mediabox.height)))
            assert max(abs(a - b) for a, b in zip(size, A4 if paper == "A4" else LETTER, strict=True)) <= 1
        return [" ".join(sheet.extract_text().split()) for sheet in reader.pages]

    return go


def test_on_either_paper_headings_repeat_and_every_sheet_is_numbered(printed):
    closed = Cycle.objects.filter(state=Cycle.CLOSED).order_by("-ends")[0]
    card = Scorecard.objects.filter(cycle=closed, partner__kind="vendor").order_by("partner__name")[0]
    names = list(Partner.objects.filter(kind="vendor", admission="admitted").values_list("name", flat=True))
    for paper in ("A4", "Letter"):
        for address, most, heading in (
            (f"/scorecards/{card.pk}/", 3, "Category and criterion"),
            (f"/cycles/{closed.pk}/", 3, "Marks given"),
            ("/portfolio/", 2, "Score and standing"),
            ("/portfolio/categories/", 1, "Overall"),
            (f"/partners/{card.partner_id}/", 2, ""),
        ):
            pages = printed(address, paper)
            assert 1 <= len(pages) <= most, (address, paper, len(pages))
            for number, text in enumerate(pages, 1):
                assert f"Page {number} of {len(pages)}" in text, (address, paper)
                assert "VendorHub · confidential" in text, (address, paper)
            assert all(heading in text for text in pages[1:2]), (address, paper)
            if address in ("/portfolio/", f"/cycles/{closed.pk}/"):
                assert [name for name in names if name not in " ".join(pages)] == [], (address, paper)


def test_a_brief_is_one_sheet_with_its_form_and_one_of_sources_however_much_it_has_to_say(printed):
    fullest = fullest_contract()
    usual = Contract.objects.filter(partner__name="Northgate Cloud").first()
    for contract in (usual, fullest):
        for paper in ("A4", "Letter"):
            pages = printed(reverse("brief", args=[contract.pk]), paper)
            assert len(pages) == 2, (contract.pk, paper)
            for words in ("Questions to put to them", "Name and signature", "Decision brief"):
                assert words in pages[0], (contract.pk, paper, words)
            assert "Where this comes from" in pages[1]
            assert "Where this comes from" not in pages[0]
