"""Two people in one meeting, each in a browser of their own: no word is lost."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from governance.models import AgendaItem
from tests.browser.test_quarterly_loop import fits, follow, sign_in
from tests.factories import make_forum, make_meeting, make_member, make_partner, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SAID = "What was said on {}"


@pytest.fixture
def room(browser, live_server):
    """A meeting with two items, open in the browsers of the lead and of a member."""
    lead = make_user("governance", name="Lena Lead", all_units=True)
    member = make_user("rater", name="Max Member", all_units=True)
    forum = make_forum(make_partner("Northgate"), chair=lead)
    make_member(forum, member)
    meeting = make_meeting(forum, timezone.localdate() - timedelta(days=1))
    for place, title in enumerate(("Prices", "Service")):
        AgendaItem.objects.create(meeting=meeting, title=title, position=place)
    contexts = [browser.new_context(), browser.new_context()]
    pages = []
    for context, user in zip(contexts, (lead, member), strict=True):
        sign_in(context, live_server, user)
        pages.append(context.new_page())
        pages[-1].goto(live_server.url + meeting.get_absolute_url())
    yield meeting, *pages
    for context in contexts:
        context.close()


def minutes(title: str) -> str:
    return AgendaItem.objects.get(title=title).minutes


def saved(page) -> None:
    expect(page.locator("#saved")).to_contain_text("Saved")


def test_two_who_type_at_once_lose_no_word(room):
    _, lead, member = room
    # Different items: neither notices the other.
    lead.get_by_label(SAID.format("Prices")).fill("They offer 4 %.")
    member.get_by_label(SAID.format("Service")).fill("Two outages.")
    saved(lead)
    saved(member)
    assert (minutes("Prices"), minutes("Service")) == ("They offer 4 %.", "Two outages.")
    # The same item: the member's page has not seen what the lead wrote.
    member.get_by_label(SAID.format("Prices")).fill("Until January.")
    expect(member.get_by_text("Lena Lead wrote this meanwhile:")).to_be_visible()
    expect(member.locator("blockquote")).to_have_text("They offer 4 %.")
    assert minutes("Prices") == "They offer 4 %."
    member.get_by_label(SAID.format("Prices")).press("End")
    member.get_by_label(SAID.format("Prices")).press_sequentially(" Or March.")  # while both texts are shown
    member.get_by_role("button", name="Keep both").click()
    saved(member)
    assert minutes("Prices") == "They offer 4 %.\nUntil January. Or March."
    # The lead goes on in the old text: what both have stands once.
    lead.get_by_label(SAID.format("Prices")).press("End")
    lead.get_by_label(SAID.format("Prices")).press_sequentially(" In writing.")
    expect(lead.get_by_text("Max Member wrote this meanwhile:")).to_be_visible()
    lead.get_by_role("button", name="Keep both").click()
    saved(lead)
    assert minutes("Prices") == "They offer 4 %.\nUntil January. Or March.\nIn writing."


def test_what_was_refused_is_saved_once_it_is_mended(room):
    _, lead, _ = room
    box = lead.get_by_label(SAID.format("Prices"))
    box.fill("x" * 20_001)
    expect(lead.get_by_text("20,000 are kept")).to_be_visible()
    box.fill("Short.")
    saved(lead)
    expect(lead.get_by_text("20,000 are kept")).to_be_hidden()
    assert minutes("Prices") == "Short."


def test_fast_typing_while_a_save_is_under_way_is_saved_too(room):
    _, lead, _ = room
    box = lead.get_by_label(SAID.format("Service"))
    box.press_sequentially("One sentence. " * 12, delay=25)
    box.blur()
    saved(lead)
    lead.wait_for_function("() => document.getElementById('saved').textContent.startsWith('Saved')")
    expect(box).to_have_value("One sentence. " * 12)
    lead.reload()
    expect(lead.get_by_label(SAID.format("Service"))).to_have_value(("One sentence. " * 12).strip())


def test_a_meeting_is_run_from_a_phone(room):
    _, lead, _ = room
    lead.set_viewport_size({"width": 390, "height": 844})
    lead.on("dialog", lambda dialog: dialog.accept())
    fits(lead)
    follow(lead, lead.get_by_role("button", name="It takes place"))
    lead.get_by_label(SAID.format("Prices")).fill("Agreed.")
    saved(lead)
    first = lead.locator("section.item").first
    first.get_by_text("Decide", exact=True).click()
    first.get_by_label("Decided").fill("Down by 4 %")
    follow(lead, first.get_by_role("button", name="Add").first)
    follow(lead, lead.get_by_role("button", name="Was there Max Member"))
    fits(lead)
    follow(lead, lead.get_by_role("button", name="Approve the minutes"))
    expect(lead.get_by_text("minutes approved")).to_be_visible()
    expect(lead.get_by_text("Down by 4 %")).to_be_visible()
    fits(lead)


def test_without_scripts_each_item_has_its_button(browser, room, live_server):
    meeting, _, _ = room
    plain = browser.new_context(java_script_enabled=False)
    sign_in(plain, live_server, meeting.forum.chair)
    page = plain.new_page()
    page.goto(live_server.url + meeting.get_absolute_url())
    page.get_by_label(SAID.format("Prices")).fill("By button.")
    follow(page, page.locator("section.item").first.get_by_role("button", name="Save").first)
    assert minutes("Prices") == "By button."
    plain.close()
