"""Quarterly packs: what is in them, for whom, and who may open them."""

from datetime import date, timedelta

import pytest
import tinycss2
from django.urls import reverse
from django.utils import timezone

from governance.models import Action, AgendaItem, Decision, Meeting, Pack
from governance.packs.document import Issue, margins_css
from governance.packs.quarter import Quarter, choices
from governance.services.packs import ask_for_pack
from partners.models import APART_KINDS, Partner
from scorecards.models import Comment, Criterion
from scorecards.services.recompute import recompute_now
from tests.factories import (
    make_assessment,
    make_benchmark,
    make_commitment,
    make_contract,
    make_cycle,
    make_forum,
    make_incident,
    make_meeting,
    make_partner,
    make_promise,
    make_request,
    make_scorecard,
    make_template,
    make_unit,
    make_user,
    rate,
)

TODAY = timezone.localdate()
LAST = Quarter.of(TODAY).before


def scored(partner, cycle, template, *raters):
    card = make_scorecard(partner, template, cycle)
    for place, rater in enumerate(raters):
        rate(make_assessment(card, rater, submitted=True), 4 - place % 2, 3, 5)
    recompute_now([card.pk])
    return card


@pytest.fixture
def world(procurement, unit):
    """A partner with something of everything in the quarter that ended last, and two peers."""
    template = make_template()
    cycle = make_cycle(template, name="Quarter", state="closed", starts=LAST.first, ends=LAST.last)
    raters = [make_user("rater", unit, name=f"Rosalind Canary{place}") for place in range(5)]
    partner = make_partner("Acme Cloud", unit=unit, kind="vendor", notes="CANARY-NOTE-ON-THE-PARTNER")
    peers = [make_partner(f"Zebra Peer{place}", unit=unit, kind="vendor") for place in range(4)]
    for one in (partner, *peers):
        card = scored(one, cycle, template, *raters)
    about = Partner.objects.get(pk=partner.pk)
    card = about.scorecards.get()
    Comment.objects.create(scorecard=card, assessment=card.assessments.first(), text="CANARY-COMMENT")
    day = LAST.first + timedelta(days=20)
    make_request(partner, day, what="Wants what Zebra Peer1 has", note="CANARY-NOTE-ON-A-REQUEST")
    make_promise(partner, day, TODAY + timedelta(days=20), what="Faster disks")
    make_incident(
        partner, timezone.now() - timedelta(days=60), what="Slow disks", note="CANARY-NOTE-ON-AN-INCIDENT"
    )
    make_commitment(partner, day, what="Credits", consequence="penalty", amount=500, currency="EUR")
    make_benchmark(partner, day, item="Disks", source="Offer of Zebra Peer2")
    other = make_unit("CANARY-UNIT")
    contract = make_contract(
        partner, unit=unit, title="Disks", ends=TODAY + timedelta(days=40), annual_value=9000
    )
    make_contract(
        partner, unit=other, title="CANARY-CONTRACT-OF-ANOTHER-UNIT", ends=TODAY + timedelta(days=40)
    )
    Decision.objects.create(contract=contract, outcome="renew", reasons="CANARY-REASON", by=procurement)
    forum = make_forum(partner)
    meeting = make_meeting(forum, TODAY - timedelta(days=5), state="held")
    AgendaItem.objects.create(
        meeting=meeting, title="Disks", minutes="They said Tuesday", internal_note="CANARY-NOTE-ON-AN-ITEM"
    )
    dropped = {"is_dropped": True, "drop_reason": "CANARY-REASON-DROPPED"}
    AgendaItem.objects.create(meeting=meeting, title="CANARY-DROPPED", minutes="CANARY-DROPPED", **dropped)
    Meeting.objects.filter(pk=meeting.pk).update(approved_at=timezone.now())
    draft = make_meeting(forum, TODAY - timedelta(days=1), state="held")
    AgendaItem.objects.create(meeting=draft, title="Draft", minutes="CANARY-MINUTES-NOT-APPROVED")
    make_meeting(forum, TODAY + timedelta(days=9))
    Action.objects.create(
        forum=forum,
        meeting=meeting,
        what="Send the plan",
        due_on=TODAY + timedelta(days=3),
        owner=procurement,
    )
    Action.objects.create(forum=forum, meeting=draft, what="CANARY-ACTION-OF-A-DRAFT", due_on=TODAY)
    return about


CANARIES = ("CANARY", "Zebra", "Rosalind", "rank ", "market median", "Petra Procurement")


def html_of(partner, user, *, for_partner=False):
    return Issue(user, LAST, TODAY, partner, for_partner).pages(0, [partner.pk])


def test_a_pack_tells_of_scores_facts_promises_money_both_sides_actions_and_what_comes(world, procurement):
    html = html_of(world, procurement)
    for words in (
        "Scorecard, Quarter", "Appendix: the arithmetic of Acme Cloud", "What happened", "Promises", "Money", "Actions and decisions",
        "What comes until", "They said Tuesday", "Send the plan", "CANARY-REASON", "CANARY-COMMENT", "CANARY-MINUTES-NOT-APPROVED",
        "rank 1 of 5", "Contract term ends", "Tactical forum: How it goes",
    ):  # fmt: skip
        assert words in html, words
    for canary in ("Rosalind", "CANARY-NOTE", "CANARY-DROPPED", "href=", "<a "):
        assert canary not in html, canary


def test_the_copy_for_the_partner_says_nothing_of_others_of_raters_or_of_what_is_internal(world, procurement):
    told = html_of(world, procurement, for_partner=True)
    for words in (
        "Scorecard, Quarter",
        "Faster disks",
        "Slow disks",
        "They said Tuesday",
        "Send the plan",
        "Disks",
        "Tactical forum",
    ):
        assert words in told, words
    assert [canary for canary in CANARIES if canary.casefold() in told.casefold()] == []
    assert "Wants what [another] has" in told
    assert "The 5 marks" not in told
    assert "The 5 marks" in html_of(world, procurement)


def test_what_a_criterion_is_measured_by_is_not_told_to_the_partner(procurement):
    partner, template = make_partner("Acme", kind="vendor"), make_template()
    measured = Criterion.objects.filter(category__template=template, name="Fair")
    measured.update(kind="measured", metric="benchmark_position", floor="0.2", target="0")
    scored(
        partner,
        make_cycle(template, state="closed", starts=LAST.first, ends=LAST.last),
        template,
        make_user(),
        make_user(),
    )
    assert "Its line" in html_of(partner, procurement)
    assert "Its line" not in html_of(partner, procurement, for_partner=True)


def test_packs_stay_behind_the_walls_of_everything_they_tell_of(world, procurement, unit, stranger):
    inside = make_user("executive", unit)
    wide = ask_for_pack(Issue(procurement, LAST, TODAY, world), paper="A4")
    narrow = ask_for_pack(Issue(inside, LAST, TODAY, world), paper="A4")
    assert set(Pack.objects.visible_to(procurement)) == {wide, narrow}
    assert set(Pack.objects.visible_to(inside)) == {narrow}  # the other tells of another unit's contract
    assert not Pack.objects.visible_to(stranger).exists()
    assert not Pack.objects.visible_to(make_user("rater", unit)).exists()
    assert "CANARY-CONTRACT" not in html_of(world, inside)


def test_a_pack_of_the_portfolio_is_its_makers_and_of_who_sees_everything(world, procurement, unit):
    maker, colleague = make_user("executive", unit), make_user("executive", unit)
    foreign = make_partner("Foreign Co", unit=make_unit("Elsewhere"), kind="vendor")
    pack = ask_for_pack(Issue(maker, LAST, TODAY), paper="A4")
    assert set(Pack.objects.visible_to(maker)) == set(Pack.objects.visible_to(procurement)) == {pack}
    assert not Pack.objects.visible_to(colleague).exists()
    maker.units.clear()
    assert not Pack.objects.visible_to(maker).exists()
    members = [pk for part in Issue(colleague, LAST, TODAY).parts() for pk in part]
    assert world.pk in members
    assert foreign.pk not in members


def test_the_portfolio_holds_our_own_organisations_scorecard(world, procurement):
    own = make_partner("Our House", kind="own")
    template = make_template(kind="own")
    cycle = make_cycle(template, name="Ours", state="closed", starts=LAST.first, ends=LAST.last)
    scored(own, cycle, template, make_user(), make_user(), make_user())
    issue = Issue(procurement, LAST, TODAY)
    front = issue.pages(0, issue.parts()[0])
    assert "Our House stands" in front or "Our House is" in front
    assert "Appendix: the arithmetic of Our House" in front
    assert "Zebra Peer3" in front
    assert own.pk not in [pk for part in issue.parts() for pk in part]
    assert own.kind in APART_KINDS


def test_a_score_of_a_cycle_that_is_open_or_closed_later_is_not_in_it(world, procurement):
    earlier = Issue(procurement, LAST.before, TODAY, world).pages(0, [world.pk])
    assert f"No cycle is closed by the end of {LAST.before}." in earlier
    assert "Scorecard, Quarter" not in earlier


def test_a_preview_costs_as_many_statements_however_much_happened(world, procurement, client, statements):
    client.force_login(procurement)
    address = reverse("partner_pack", args=[world.pk])
    few = statements(client, address)
    for place in range(30):
        make_request(world, LAST.first + timedelta(days=place), what=f"More {place}")
        make_contract(world, title=f"More {place}", ends=TODAY + timedelta(days=50))
        meeting = make_meeting(make_forum(world, ended_on=TODAY), TODAY - timedelta(days=2), state="held")
        AgendaItem.objects.create(meeting=meeting, title=f"More {place}", minutes="m")
    assert statements(client, address) == few


def test_pressing_twice_makes_one_pack_and_its_page_says_how_far_it_is(world, procurement, client):
    client.force_login(procurement)
    address = reverse("partner_pack", args=[world.pk])
    choice = {"quarter": LAST.slug, "audience": "partner", "paper": "letter"}
    first, second = client.post(address, choice), client.post(address, choice)
    assert first["Location"] == second["Location"]
    pack = Pack.objects.get()
    assert (pack.state, pack.audience, pack.paper, pack.of_quarter) == ("queued", "partner", "letter", LAST)
    page = client.get(first["Location"]).content.decode()
    assert "waits for a worker" in page
    assert 'hx-trigger="every 1s"' in page


@pytest.mark.parametrize(
    "wrong", [{"quarter": "1999-9"}, {"audience": "press"}, {"paper": "A0"}, {"quarter": "\x00"}]
)
def test_a_choice_there_is_not_makes_nothing_and_is_named(world, procurement, client, wrong):
    client.force_login(procurement)
    answer = client.post(reverse("partner_pack", args=[world.pk]), wrong)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()
    assert not Pack.objects.exists()


def test_quarters_begin_and_end_where_the_calendar_says():
    quarter = Quarter.of(date(2026, 11, 23))
    assert (quarter.first, quarter.last, str(quarter)) == (date(2026, 10, 1), date(2026, 12, 31), "Q4 2026")
    assert Quarter.read("2026-3", date(2026, 11, 23)).first == date(2026, 7, 1)
    for odd in ("", "2027-1", "2026-5", "abcd-1", "٢٠٢٦-1", "2026-3-1"):
        assert Quarter.read(odd, date(2026, 11, 23)) == quarter.before
    assert choices(date(2026, 11, 23))[-1] == Quarter(date(2025, 1, 1))


def test_words_in_the_margins_cannot_end_their_string():
    css = margins_css(title='"; } body { display: none } /*', quarter="\\", secret="a\nb</style>")
    assert "display: none" not in css
    assert [rule.type for rule in tinycss2.parse_stylesheet(css)] == ["at-rule"]


def test_margins_are_answered_as_a_style_sheet(procurement, client):
    client.force_login(procurement)
    answer = client.get(reverse("pack_margins"), {"title": "Quarterly pack: Acme & Co"})
    assert answer["Content-Type"] == "text/css; charset=utf-8"
    assert "Quarterly pack\\3a  Acme \\26  Co" in answer.content.decode()
