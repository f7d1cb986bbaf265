"""Packs as PDF: made by a worker, taken up again, fetched from nowhere, one file of several parts."""

import os
import socket
import threading
from datetime import timedelta
from io import BytesIO

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from governance.models import AgendaItem, Meeting, Pack
from governance.packs import document, press
from governance.packs.document import Issue, margins_css
from governance.packs.quarter import Quarter
from governance.services import packs
from governance.services.packs import ATTEMPTS, CLAIM, NO_PANGO, ask_for_pack, make_waiting_packs
from scorecards.models import Comment, Scorecard
from scorecards.services.recompute import recompute_now
from tests.factories import (
    make_assessment,
    make_contract,
    make_cycle,
    make_forum,
    make_meeting,
    make_partner,
    make_promise,
    make_request,
    make_scorecard,
    make_template,
    make_user,
    rate,
)

TODAY = timezone.localdate()
LAST = Quarter.of(TODAY).before
A4, LETTER = (595, 842), (612, 792)  # points
needs_pango = pytest.mark.skipif(
    not (packs.can_print() or os.environ.get("CI")), reason="pango is not on this machine"
)


def text_of(pack):
    return [" ".join(page.extract_text().split()) for page in reader_of(pack).pages]


def reader_of(pack):
    return PdfReader(BytesIO(pack.pdf.content))


def made(issue, paper="A4"):
    pack = ask_for_pack(issue, paper=paper)
    assert make_waiting_packs() == 1
    return Pack.objects.get(pk=pack.pk)


@pytest.fixture
def listening():
    """An address that counts who connects."""
    server = socket.create_server(("127.0.0.1", 0))
    came = []

    def wait():
        while True:
            try:
                came.append(server.accept())
            except OSError:
                return

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}", came
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)
    for caller, _ in came:
        caller.close()


def hostile(site, canary):
    """Thirty ways to make a renderer ask for something."""
    file = f"file://{canary}"
    markup = [
        "<img src='{}'>", '"><img src={}>', "<link rel=stylesheet href='{}'>", "<link rel=attachment href='{}'>",
        "<a rel=attachment href='{}'>a</a>", "<object data='{}'></object>", "<embed src='{}'>", "<iframe src='{}'></iframe>",
        "<style>@import url({});</style>", "</style><style>*{{background:url({})}}</style>", "<svg><image href='{}'/></svg>",
        "<svg><use href='{}#a'/></svg>", "<p style='background:url({})'>", "<script src='{}'></script>", "<base href='{}/'><img src=a>",
        "<!DOCTYPE x [<!ENTITY e SYSTEM '{}'>]>&e;", "<?xml-stylesheet href='{}'?>", "<input type=image src='{}'>",
        "'; background: url({}); '", '"; }} @import url({}); @page {{ content: "', "\\22 ; }} * {{ background: url({}) }}", "url({})",
        "data:text/html,<img src='{}'>", "<picture><source srcset='{}'></picture>", "<video poster='{}'></video>",
        "<meta http-equiv=refresh content='0;url={}'>", "<body background='{}'>", "<table background='{}'>",
        "{{% include '{}' %}}{{{{ {} }}}}", "]]><img src='{}'><![CDATA[",
    ]  # fmt: skip
    assert len(markup) == 30
    return [one.format(*[file if place % 2 else f"{site}/{place}"] * 2) for place, one in enumerate(markup)]


@needs_pango
def test_nothing_leaves_and_no_file_is_read_whatever_people_typed(procurement, listening, tmp_path):
    site, came = listening
    canary = tmp_path / "canary.txt"
    canary.write_text("CANARYINAFILE")
    words = hostile(site, canary)
    partner = make_partner(words[0], kind="vendor")
    forum = make_forum(partner)
    meeting = make_meeting(forum, TODAY - timedelta(days=3), state="held")
    template = make_template()
    cycle = make_cycle(template, state="closed", starts=LAST.first, ends=LAST.last)
    card = make_scorecard(partner, template, cycle)
    seen = make_assessment(card, make_user(), submitted=True)
    rate(seen, 4, 4, 4)
    recompute_now([card.pk])
    for text in words:
        make_request(partner, LAST.first + timedelta(days=3), what=text)
        make_promise(partner, LAST.first, TODAY + timedelta(days=9), what=text)
        make_contract(partner, title=text, ends=TODAY + timedelta(days=9))
        AgendaItem.objects.create(meeting=meeting, title=text[:300], minutes=text)
    Meeting.objects.filter(pk=meeting.pk).update(approved_at=timezone.now())
    Comment.objects.create(scorecard=card, assessment=seen, text="\n".join(words))
    for issue in (
        Issue(procurement, LAST, TODAY, partner),
        Issue(procurement, LAST, TODAY, partner, for_partner=True),
    ):
        pack = made(issue)
        assert pack.state == Pack.DONE, pack.failure
        text = " ".join(text_of(pack))
        assert "CANARYINAFILE" not in text
        assert b"CANARYINAFILE" not in pack.pdf.content
        assert "iframe" in text  # as words
        assert "/EmbeddedFiles" not in str(reader_of(pack).trailer["/Root"])
    assert came == []


@needs_pango
def test_the_press_fetches_nothing_even_where_markup_asks_for_it(listening, tmp_path):
    site, came = listening
    canary = tmp_path / "canary.svg"
    canary.write_text('<svg xmlns="http://www.w3.org/2000/svg"><text y="9">CANARYINAFILE</text></svg>')
    html = (
        f"<html lang=en><title>t</title><link rel=stylesheet href='{site}/a.css'><style>@import url({site}/b.css);"
        f"p{{background:url(file://{canary})}}</style><p>Text<img alt=a src='{site}/c.png'><img alt=b src='file://{canary}'>"
        f"<link rel=attachment href='file://{canary}'><svg><title>s</title><image href='{site}/d.png'/></svg>"
    )
    to = str(tmp_path / "it.pdf")
    assert press.print_part(html, sheets=[f"@import url({site}/e.css);"], margins="", charts="", to=to) == 1
    reader = PdfReader(to)
    assert "Text" in reader.pages[0].extract_text()
    assert "CANARY" not in reader.pages[0].extract_text()
    assert came == []


@pytest.fixture
def portfolio(procurement):
    template = make_template()
    cycle = make_cycle(template, state="closed", starts=LAST.first, ends=LAST.last)
    partners = [make_partner(f"Partner {place:02}", kind="vendor") for place in range(6)]
    for partner in partners:
        rate(make_assessment(make_scorecard(partner, template, cycle), submitted=True), 4, 3, 5)
        make_request(partner, LAST.first, what="Something")
    recompute_now(Scorecard.objects.values_list("pk", flat=True))
    return partners


@needs_pango
def test_a_pack_of_the_portfolio_is_one_tagged_file_however_many_parts_it_was_printed_in(
    portfolio, procurement
):
    assert len(portfolio) > document.PARTNERS_A_PART
    pack = made(Issue(procurement, LAST, TODAY), paper="letter")
    assert pack.parts.count() == 3
    reader, pages = reader_of(pack), text_of(pack)
    assert len(pages) == pack.pages
    for number, text in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in text
        assert "Confidential: for internal use" in text
        assert str(LAST) in text
    assert {tuple(map(round, page.mediabox[2:])) for page in reader.pages} == {LETTER}
    for partner in portfolio:
        begins = [place for place, text in enumerate(pages) if f"{LAST} {partner} {partner} " in text]
        assert len(begins) == 1, partner
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    tags = root["/StructTreeRoot"]
    numbers = tags["/ParentTree"]["/Nums"][::2]
    assert numbers == [page["/StructParents"] for page in reader.pages] == list(range(len(pages)))
    titles = [one["/Title"] for one in reader.outline if not isinstance(one, list)]
    assert titles == ["The portfolio", *map(str, portfolio)]


@needs_pango
def test_the_copy_for_the_partner_says_nothing_of_others_in_the_pdf_either(portfolio, procurement):
    partner, other = portfolio[:2]
    make_request(partner, LAST.first, what=f"As {other.name.upper()} has it", note="CANARY-NOTE")
    pack = made(Issue(procurement, LAST, TODAY, partner, for_partner=True))
    text = " ".join(text_of(pack))
    assert "As [another] has it" in text
    for canary in (*map(str, portfolio[1:]), "CANARY", "rank", "internal use", str(procurement)):
        assert canary.casefold() not in text.casefold(), canary


def test_what_a_killed_worker_has_written_is_not_written_again(portfolio, procurement):
    pack = ask_for_pack(Issue(procurement, LAST, TODAY), paper="A4")
    packs._begin(pack)
    first = pack.parts.get(place=1)
    first.html = "<p>Written by the one that was killed</p>"
    first.save()
    make_waiting_packs()
    pack.refresh_from_db()
    assert pack.state == Pack.DONE
    assert pack.attempts == 2
    assert pack.done == pack.of
    assert pack.parts.get(place=1).html == first.html
    assert not pack.parts.filter(html="").exists()


def test_a_pack_another_worker_holds_is_left_alone_until_that_one_is_gone(procurement):
    pack = ask_for_pack(Issue(procurement, LAST, TODAY, make_partner()), paper="A4")
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [CLAIM, pack.pk])
    assert make_waiting_packs() == 0
    other.close()
    assert make_waiting_packs() == 1
    assert Pack.objects.get().state == Pack.DONE


def test_a_pack_that_stops_its_worker_again_and_again_fails_and_can_be_asked_for_anew(procurement, client):
    pack = ask_for_pack(Issue(procurement, LAST, TODAY, make_partner()), paper="A4")
    Pack.objects.update(state=Pack.WORKING, attempts=ATTEMPTS)
    make_waiting_packs()
    client.force_login(procurement)
    assert "could not be finished" in client.get(pack.get_absolute_url()).content.decode()
    client.post(pack.get_absolute_url())
    make_waiting_packs()
    assert Pack.objects.get().state == Pack.DONE


def test_nobody_who_may_no_longer_make_packs_gets_one(procurement):
    ask_for_pack(Issue(procurement, LAST, TODAY, make_partner()), paper="A4")
    procurement.role = "rater"
    procurement.save()
    make_waiting_packs()
    pack = Pack.objects.get()
    assert (pack.state, pack.failure) == (Pack.FAILED, packs.NOT_ANY_MORE)


def test_without_pango_a_pack_is_kept_all_the_same_and_its_pages_say_how_to_print_it(
    procurement, client, monkeypatch
):
    monkeypatch.setattr(packs, "PANGO", ("no-such-library",))
    packs.can_print.cache_clear()
    try:
        partner = make_partner("Acme")
        client.force_login(procurement)
        assert NO_PANGO in client.get(reverse("partner_pack", args=[partner.pk])).content.decode()
        pack = made(Issue(procurement, LAST, TODAY, partner))
        page = client.get(pack.get_absolute_url()).content.decode()
        assert NO_PANGO in page
        assert "Download the PDF" not in page
        assert "Acme" in client.get(reverse("pack_pages", args=[pack.pk])).content.decode()
        assert client.get(reverse("pack_pdf", args=[pack.pk])).status_code == 404
    finally:
        packs.can_print.cache_clear()


@needs_pango
def test_a_pack_stays_as_it_was_issued(procurement, client):
    partner = make_partner("Acme before", kind="vendor")
    pack = made(Issue(procurement, LAST, TODAY, partner))
    partner.name = "Acme renamed"
    partner.save()
    client.force_login(procurement)
    pages = client.get(reverse("pack_pages", args=[pack.pk])).content.decode()
    assert "<h2>Acme before</h2>" in pages
    answer = client.get(reverse("pack_pdf", args=[pack.pk]))
    assert b"".join(answer.streaming_content).startswith(b"%PDF-1.7")
    assert "attachment" in answer["Content-Disposition"]
    assert {tuple(map(round, page.mediabox[2:])) for page in reader_of(pack).pages} == {A4}


def test_margins_of_a_part_say_where_it_stands_in_the_whole():
    css = margins_css(title="T", quarter="Q", secret="S", total=812, first=40, paper="letter")
    assert '" of 812"' in css
    assert "counter-reset: page 40" in css
    assert "size: letter" in css
