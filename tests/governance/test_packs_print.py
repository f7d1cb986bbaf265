"""The same pack printed by a browser and by a worker, on A4 and on Letter: alike, nothing cut, no row split."""

import os
import re
from datetime import timedelta
from io import BytesIO

import pytest
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from accounts.models import User
from governance.demo.load import load_demo
from governance.models import Pack
from governance.packs.document import Issue
from governance.packs.quarter import Quarter
from governance.services.packs import ask_for_pack, can_print, make_waiting_packs
from partners.models import Partner
from tests.browser.test_quarterly_loop import sign_in
from tests.factories import make_request

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not (can_print() or os.environ.get("CI")), reason="pango is not on this machine"),
]
MARGIN = 16 / 25.4 * 72  # points, left and right
ROWS = 60


@pytest.fixture
def procurement(context, live_server):
    load_demo()
    Pack.objects.all().delete()
    user = User.objects.get(email__startswith="petra")
    sign_in(context, live_server, user)
    return user


def read(data):
    """Each page as words in order, and where the leftmost and the rightmost of them begin."""
    pages = []
    for sheet in PdfReader(BytesIO(data)).pages:
        found = []

        def visit(text, cm, tm, font, size, found=found):
            if text.strip():
                found.append(cm[0] * tm[4] + cm[2] * tm[5] + cm[4])

        words = " ".join(sheet.extract_text(visitor_text=visit).split())
        pages.append((words, min(found), max(found), float(sheet.mediabox.width)))
    return pages


def letters(number):
    """A number as letters: a browser's PDF does not say which digits its tabular figures are."""
    return "ABCDEFGHIJ"[number // 10] + "ABCDEFGHIJ"[number % 10]


def printed(page, live_server, address, paper):
    page.goto(live_server.url + address)
    return read(page.pdf(format=paper, prefer_css_page_size=False))


def made(issue, paper):
    pack = ask_for_pack(issue, paper="A4" if paper == "A4" else "letter")
    make_waiting_packs()
    pack = Pack.objects.get(pk=pack.pk)
    assert pack.state == Pack.DONE, pack.failure
    return pack


def test_browser_and_worker_print_alike_on_either_paper(page, live_server, procurement):
    today = timezone.localdate()
    quarter = Quarter.of(today).before
    partner = Partner.objects.get(name="Northgate Cloud")
    long = "of many words that take more than one line of their column, whichever paper they are printed on"
    for place in range(ROWS):
        make_request(
            partner,
            quarter.first + timedelta(days=place),
            what=f"Begin{letters(place)} {long} End{letters(place)}",
        )
    for paper in ("A4", "Letter"):
        pack = made(Issue(procurement, quarter, today, partner), paper)
        by_worker = read(pack.pdf.content)
        by_browser = printed(page, live_server, reverse("pack_pages", args=[pack.pk]), paper)
        assert abs(len(by_worker) - len(by_browser)) <= max(len(by_worker), len(by_browser)) / 20, paper
        for sheets in (by_worker, by_browser):
            for number, (words, left, right, width) in enumerate(sheets, 1):
                assert f"Page {number} of {len(sheets)}" in words, (paper, number)
                assert "Confidential: for internal use" in words
                assert "Quarterly pack: Northgate Cloud" in words
                assert str(quarter) in words
                if sheets is by_browser:  # a worker's drawings have places of their own
                    assert left >= MARGIN - 2, (paper, number)
                    assert right <= width - MARGIN, (paper, number)
            rows = [words for words, *_ in sheets if "Begin" in words]
            assert len(rows) > 1
            assert all("What became of it" in words for words in rows)  # headings repeat
            begun = [re.findall(r"Begin([A-J]{2})", words) for words in rows]
            ended = [re.findall(r"End([A-J]{2})", words) for words in rows]
            assert begun == ended  # a row begins and ends on one page
            assert sum(map(len, begun)) > ROWS / 2  # the newest of the quarter


def test_nothing_is_wider_than_the_paper(page, live_server, procurement):
    partner = Partner.objects.get(name="Northgate Cloud")
    Partner.objects.filter(pk=partner.pk).update(name="Northgate" + "x" * 90)
    page.emulate_media(media="print")
    for width in (673, 695):  # pixels between the margins of A4 and of Letter
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(live_server.url + reverse("partner_pack", args=[partner.pk]))
        wide = page.evaluate(
            "() => [...document.querySelectorAll('.sheet *:not(svg *)')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
            ".map(e => e.outerHTML.slice(0, 90))"
        )
        assert wide == []


def test_a_partner_begins_on_a_new_page_and_its_summary_is_one(page, live_server, procurement):
    for paper in ("A4", "Letter"):
        sheets = printed(page, live_server, reverse("portfolio_pack"), paper)
        for name in ("Northgate Cloud", "Brightwater Integration"):
            summaries = [
                place for place, (words, *_) in enumerate(sheets) if name in words and "Segment" in words
            ]
            assert len(summaries) == 1, (paper, name)
            assert "Scorecard" in sheets[summaries[0] + 1][0][:120], (paper, name)


def test_a_pack_is_asked_for_watched_and_downloaded(page, live_server, procurement):
    partner = Partner.objects.get(name="Northgate Cloud")
    page.goto(live_server.url + partner.get_absolute_url())
    page.get_by_role("link", name="Quarterly pack").click()
    page.get_by_label("For whom").select_option("partner")
    page.get_by_role("button", name="Make the pack").click()
    page.get_by_role("heading", name="waits for a worker").wait_for()
    make_waiting_packs()
    with page.expect_download() as coming:
        page.get_by_role("link", name="Download the PDF").click()  # the page has noticed by itself
    assert coming.value.suggested_filename.endswith("Northgate Cloud, for the partner.pdf")
    assert coming.value.path().read_bytes().startswith(b"%PDF")
