"""Calendars at a secret address: who may read them, what a client makes of them."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from governance import feeds
from governance.models import CalendarFeed
from governance.services.decisions import record_decision
from governance.services.feeds import make_feed
from partners.models import Contract
from partners.services.deadlines import keep_terms, set_deadlines
from tests.factories import make_contract, make_partner, make_unit, make_user
from tests.governance.conftest import TODAY

pytestmark = pytest.mark.django_db


def save(contract):
    """As every way of writing a contract does."""
    set_deadlines([contract])
    contract.save()
    keep_terms([contract])


def contract_of(**fields):
    contract = make_contract(
        **{"ends": TODAY() + timedelta(days=200), "notice_period": 60, "partner": make_partner(), **fields}
    )
    save(contract)
    return contract


def address(user, kind="portfolio") -> str:
    return reverse("calendar_feed", args=[make_feed(user, kind=kind)])


def events(path, **headers) -> dict[str, dict]:
    """What a client without cookies reads, by UID."""
    answer = Client().get(path, **headers)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/calendar")
    assert not answer.cookies
    for line in answer.content.split(b"\r\n"):
        assert len(line) <= 75
    return {str(event["UID"]): event for event in Calendar.from_ical(answer.content).walk("VEVENT")}


def test_a_contract_has_its_notice_deadline_and_its_end_as_whole_days(executive):
    contract = contract_of()
    found = events(address(executive))
    stem = f"contract-{contract.pk}-{contract.ends:%Y%m%d}"
    assert set(found) == {f"{stem}-deadline@testserver", f"{stem}-end@testserver"}
    deadline = found[f"{stem}-deadline@testserver"]
    assert deadline["DTSTART"].dt == contract.notice_deadline
    assert type(deadline["DTSTART"].dt) is date
    assert deadline["DTEND"].dt == contract.notice_deadline + timedelta(days=1)
    assert deadline["SUMMARY"] == f"Notice deadline: {contract.partner}, {contract}"
    assert str(deadline["URL"]) == f"http://testserver{reverse('brief', args=[contract.pk])}"
    assert found[f"{stem}-end@testserver"]["DTSTART"].dt == contract.ends


def test_a_deadline_that_moves_keeps_its_uid_and_counts_up(executive):
    contract, path = contract_of(), address(executive)
    before = events(path)
    contract.notice_period = 90
    save(contract)
    after = events(path)
    uid = next(uid for uid in before if "deadline" in uid)
    assert set(before) == set(after)
    assert after[uid]["DTSTART"].dt == contract.notice_deadline < before[uid]["DTSTART"].dt
    assert after[uid]["SEQUENCE"] > before[uid]["SEQUENCE"]
    assert after[uid]["LAST-MODIFIED"].dt >= before[uid]["LAST-MODIFIED"].dt
    assert after[uid]["DTSTAMP"].dt == after[uid]["LAST-MODIFIED"].dt


def test_an_end_that_moves_cancels_what_was_there(executive):
    contract, path = contract_of(), address(executive)
    before = events(path)
    contract.ends += timedelta(days=100)
    save(contract)
    after = events(path)
    assert len(after) == 4
    for uid, event in after.items():
        assert event["STATUS"] == ("CANCELLED" if uid in before else "CONFIRMED")
    assert all(after[uid]["DTSTART"].dt == before[uid]["DTSTART"].dt for uid in before)
    assert all(after[uid]["SEQUENCE"] > before[uid]["SEQUENCE"] for uid in before)
    contract.ends -= timedelta(days=100)
    save(contract)
    back = events(path)
    assert [back[uid]["STATUS"] for uid in before] == ["CONFIRMED", "CONFIRMED"], (
        "moved back, they stand again"
    )


def test_a_term_that_renewed_itself_stays_until_it_is_long_past(executive):
    contract = contract_of(ends=TODAY() + timedelta(days=40), auto_renews=True, renewal_months=12)
    assert contract.renewed_until
    found = events(address(executive))
    first = [event for uid, event in found.items() if f"{contract.ends:%Y%m%d}" in uid]
    assert len(found) == 4
    assert {event["STATUS"] for event in found.values()} == {"CONFIRMED"}
    assert {str(event["SUMMARY"]).partition(":")[0] for event in first} == {
        "Renews itself",
        "Notice deadline",
    }


def test_a_renewal_that_an_edit_undid_before_its_day_is_told_as_cancelled(executive):
    contract = contract_of(ends=TODAY() + timedelta(days=40), auto_renews=True, renewal_months=12)
    path, first = address(executive), contract.ends
    contract.ends += timedelta(days=300)
    save(contract)
    assert not contract.renewed_until
    stands = {uid for uid, event in events(path).items() if event["STATUS"] == "CONFIRMED"}
    assert {uid.split("-")[2] for uid in stands} == {f"{contract.ends:%Y%m%d}"}
    assert any(f"{first:%Y%m%d}" in uid for uid in events(path)), "those who saw it are told"


def test_an_extension_cancels_the_end_before_it(executive):
    contract, path = contract_of(term="option", renewal_months=12), address(executive)
    before = events(path)
    contract.extended = 1
    save(contract)
    after = events(path)
    assert len(after) == 4
    assert {after[uid]["STATUS"] for uid in before} == {"CANCELLED"}


def test_a_decision_shows_and_counts_up(executive, procurement):
    contract, path = contract_of(), address(executive)
    before = events(path)
    record_decision(contract, outcome="leave", reasons="Dear.", snapshot={}, by=executive)
    after = events(path)
    uid = next(uid for uid in before if "deadline" in uid)
    assert after[uid]["SUMMARY"].startswith("Decided: leave.")
    assert after[uid]["SEQUENCE"] > before[uid]["SEQUENCE"]


def test_signs_and_long_names_survive(executive):
    name = "Comma, semicolon; back\\slash “quote” \u00e9" + "\u00fc" * 90 + "\U0001f4a9"
    contract_of(partner=make_partner(name), title="Two\nlines, \x07BEGIN:VEVENT\r\nEND:VCALENDAR")
    found = events(address(executive))
    assert len(found) == 2
    assert all(name in str(event["SUMMARY"]) for event in found.values())
    assert not any("\x07" in str(event["SUMMARY"]) for event in found.values())


def test_ones_own_feed_holds_what_one_owns(executive):
    mine = contract_of(owner=executive)
    through_partner = contract_of(partner=make_partner(owner=executive))
    contract_of()
    numbers = {uid.split("-")[1] for uid in events(address(executive, "own"))}
    assert numbers == {str(mine.pk), str(through_partner.pk)}


def test_a_feed_stays_inside_its_owners_walls(unit):
    foreign = make_unit("Elsewhere")
    contract_of(partner=make_partner("Hidden", unit=foreign), unit=foreign)
    seen = contract_of(partner=make_partner("Ours", unit=unit), unit=unit)
    person = make_user("executive", unit)
    path = address(person)
    assert {uid.split("-")[1] for uid in events(path)} == {str(seen.pk)}
    person.units.clear()
    assert events(path) == {}


def test_a_feed_ends_with_its_owners_permission_account_or_address(executive, client):
    path = address(executive)
    anonymous = Client()
    assert anonymous.get(path).status_code == 200
    for change, undo in (
        ({"role": "rater"}, {"role": "executive"}),
        ({"is_active": False}, {"is_active": True}),
    ):
        type(executive).objects.filter(pk=executive.pk).update(**change)
        answer = anonymous.get(path)
        assert answer.status_code == 404
        assert "Location" not in answer.headers
        type(executive).objects.filter(pk=executive.pk).update(**undo)
    client.force_login(executive)
    client.post(reverse("calendar_revoke"), {"kind": "portfolio"})
    assert anonymous.get(path).status_code == 404
    assert anonymous.get(reverse("calendar_feed", args=["x" * 43])).status_code == 404


def test_a_new_address_ends_the_one_before_and_only_its_digest_is_kept(executive, client):
    old = address(executive)
    client.force_login(executive)
    asked = client.get(reverse("calendar_renew"), {"kind": "portfolio"}).content.decode()
    assert "leads nowhere from then on" in asked
    assert Client().get(old).status_code == 200, "a question changes nothing"
    page = client.post(reverse("calendar_renew"), {"kind": "portfolio"}, follow=True).content.decode()
    new = page.split('readonly value="http://testserver')[1].split('"')[0]
    assert Client().get(new).status_code == 200
    assert Client().get(old).status_code == 404
    assert new not in client.get(reverse("calendar")).content.decode(), "it is shown once"
    assert CalendarFeed.objects.get().digest not in new


def test_only_reading_is_answered(executive):
    path = address(executive)
    assert Client().head(path).status_code == 200
    for method in ("post", "put", "delete"):
        assert getattr(Client(), method)(path).status_code == 405


def test_a_client_that_has_it_already_is_told_so_until_something_changes(executive):
    contract = contract_of()
    path = address(executive)
    etag = Client().get(path)["ETag"]
    assert Client().get(path, HTTP_IF_NONE_MATCH=etag).status_code == 304
    Contract.objects.filter(pk=contract.pk).update(title="Another")
    answer = Client().get(path, HTTP_IF_NONE_MATCH=etag)
    assert answer.status_code == 200
    assert answer["ETag"] != etag


def test_a_rater_may_have_a_calendar_of_ones_own_only(client, rater):
    client.force_login(rater)
    assert [row["kind"] for row in client.get(reverse("calendar")).context["rows"]] == ["own"]
    client.post(reverse("calendar_renew"), {"kind": "portfolio"})
    client.post(reverse("calendar_renew"), {"kind": "nonsense"})
    assert not CalendarFeed.objects.exists()
    contract = contract_of(owner=rater)
    record_decision(
        contract, outcome="leave", reasons="x", snapshot={}, by=make_user("executive", all_units=True)
    )
    found = events(address(rater, "own"))
    assert len(found) == 2
    assert "Decided" not in str(found), "who may not see decisions does not hear of them"


def test_nobody_touches_the_feeds_of_others(client, executive, procurement):
    path = address(executive)
    client.force_login(procurement)
    client.post(reverse("calendar_revoke"), {"kind": "portfolio"})
    client.post(reverse("calendar_renew"), {"kind": "portfolio"})
    assert Client().get(path).status_code == 200
    assert CalendarFeed.objects.visible_to(procurement).count() == 1


def test_a_feed_asks_as_often_for_many_contracts_as_for_few(executive, statements):
    contract_of()
    path = address(executive)
    few = statements(Client(), path)
    for number in range(15):
        contract = contract_of()
        contract.ends += timedelta(days=number)
        contract.save()
    assert statements(Client(), path) == few


@given(st.text(st.sampled_from("ab;,^\\\n\u00e4\u20ac\U0001f6a2"), max_size=400))
def test_long_lines_are_folded_and_read_again_whatever_stands_in_them(text):
    [line] = feeds._text("SUMMARY", text)
    pieces = line.encode().split(b"\r\n ")
    assert all(len(piece) <= 74 and piece.decode() for piece in pieces if len(pieces) > 1)
    assert not any(piece.endswith(b"\\") and set(piece) - set(b"\\^") for piece in pieces[:-1])
    whole = f"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{line}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    [event] = Calendar.from_ical(whole).walk("VEVENT")
    assert str(event["SUMMARY"]) == text
