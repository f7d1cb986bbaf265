"""The stored notice deadline: one answer, whichever way a contract came in, and said where people look."""

from datetime import UTC, date, datetime
from importlib import import_module

import pytest
import time_machine
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from accounts.models import AuditEntry
from partners.models import EVERGREEN, Contract
from partners.services.deadlines import recompute_deadlines, set_deadlines
from partners.services.merge import merge_partners
from partners.tasks import recompute_deadlines as told_by_the_timer
from partners.terms import renewed
from tests.factories import make_contract, make_partner
from tests.partners.register_files import REAL, text
from tests.partners.test_register_import import bring_in

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 22, 11, tzinfo=UTC)  # a Sunday
TYPED = {"title": "Hosting", "term": "fixed", "notice_unit": "months", "currency": "EUR"}


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


def add(client, **changes):
    address = reverse("contract_create", args=[make_partner().pk])
    return client.post(address, TYPED | changes)


def stored() -> tuple[date | None, date | None]:
    contract = Contract.objects.get()
    return contract.notice_deadline, contract.renewed_until


def page_of(client, contract) -> str:
    return " ".join(client.get(contract.get_absolute_url()).content.decode().split())


def make(**fields) -> Contract:
    contract = make_contract(**fields)
    set_deadlines([contract])
    contract.save()
    return contract


def test_saving_a_contract_stores_its_deadline_and_the_pages_say_it(analyst):
    add(analyst, starts="2024-03-01", ends="2027-02-28", notice_period="3", country="de")
    contract = Contract.objects.get()
    assert (contract.country, contract.notice_deadline) == (
        "DE",
        date(2026, 11, 27),
    )  # the 28th is a Saturday
    page = page_of(analyst, contract)
    assert "notice deadline in 5 days" in page
    assert "27 Nov 2026, in 5 days" in page
    assert "28 Nov 2026 is a weekend or public holiday" in page
    assert "national holidays count as closed" in page
    for tab in ("contracts", "scorecard"):
        page = analyst.get(f"{contract.partner.get_absolute_url()}?tab={tab}").content.decode()
        assert "27 Nov 2026" in page, tab
    export = analyst.get(reverse("partner_export")).content.decode()
    assert "next notice deadline" in export
    assert "2027-02-28,2026-11-27" in export


def test_a_deadline_follows_each_edit(analyst):
    add(analyst, ends="2027-02-28", notice_period="3")
    edit = reverse("contract_edit", args=[Contract.objects.get().pk])
    for version, (changes, deadline) in enumerate(
        [
            ({"ends": "2027-12-31", "notice_period": "3"}, date(2027, 9, 30)),
            ({"ends": "2027-12-31", "notice_period": "6", "notice_unit": "weeks"}, date(2027, 11, 19)),
            ({"ends": "2027-12-31", "notice_period": "0", "country": "DE"}, date(2027, 12, 31)),
            ({"ends": "2027-12-25", "notice_period": "0", "country": "DE"}, date(2027, 12, 24)),
            ({"ends": "2027-12-31"}, None),
            ({"notice_period": "3"}, None),
        ],
        1,
    ):
        assert analyst.post(edit, TYPED | changes | {"version": version}).status_code == 302
        assert stored() == (deadline, None), changes


def test_a_late_save_of_a_contract_changes_no_deadline(analyst):
    add(analyst, ends="2027-12-31", notice_period="3")
    edit = reverse("contract_edit", args=[Contract.objects.get().pk])
    assert analyst.post(edit, TYPED | {"ends": "2028-12-31", "version": 7}).status_code == 409
    assert stored() == (date(2027, 9, 30), None)


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"starts": "2027-01-01", "ends": "2026-12-31", "notice_period": "1"}, "ends", "ends before it starts"),
        ({"starts": "2027-01-01", "ends": "2027-06-30", "notice_period": "7"}, "notice_period", "longer than the whole"),
        ({"notice_period": "121"}, "notice_period", "ten years at most, that is 120 months"),
        ({"notice_period": "999999999", "notice_unit": "days"}, "notice_period", "ten years at most"),
        ({"term": "evergreen", "ends": "2027-06-30"}, "ends", "has no end"),
        ({"term": "evergreen", "auto_renews": "on", "renewal_months": "12"}, "auto_renews", "nothing to renew"),
        ({"term": "option", "auto_renews": "on", "renewal_months": "12"}, "auto_renews", "not both"),
    ],
)  # fmt: skip
def test_terms_that_cannot_be_are_said_beside_their_field(analyst, changes, field, said):
    answer = add(analyst, **changes)
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [field]
    assert said in answer.context["form"].errors[field][0]
    assert not Contract.objects.exists()


def test_a_notice_period_as_long_as_the_term_is_taken(analyst):
    add(analyst, starts="2027-01-01", ends="2027-12-31", notice_period="12")
    assert stored() == (date(2026, 12, 31), None)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ends": "2027-12-31"}, "no notice period entered"),
        ({"ends": "", "notice_period": "3"}, "No end is recorded"),
        ({"term": "evergreen", "notice_period": "3"}, "Notice can be given on any day and ends it 3 months later."),
        ({"term": "evergreen"}, "No notice period is entered."),
        ({"term": "option", "ends": "2027-12-31", "notice_period": "3", "renewal_months": "12"}, "whether to extend it by 12 months is ours to say. The notice deadline is 30 Sep 2027"),
        ({"ends": "2026-12-31", "notice_period": "2"}, "The notice deadline was 30 Oct 2026, 23 days ago."),
        ({"ends": "2027-12-31", "notice_period": "3", "auto_renews": "on", "renewal_months": "12"}, "Unless notice is given by 30 Sep 2027, in 312 days, it renews itself on 31 Dec 2027 by 12 months."),
        ({"ends": "2027-12-31", "notice_period": "3", "time_zone": "Pacific/Kiritimati"}, "30 Sep 2027, in 311 days"),
    ],
)  # fmt: skip
def test_the_page_says_what_the_terms_mean(analyst, changes, said):
    assert add(analyst, **changes).status_code == 302
    assert said in page_of(analyst, Contract.objects.get())


def test_a_country_nobody_knows_counts_weekends_and_says_so(analyst):
    contract = make(country="XX", ends=date(2027, 1, 2), notice_period=0)
    assert contract.notice_deadline == date(2027, 1, 1)
    assert "XX: no public holidays known, only weekends count" in page_of(analyst, contract)


# --- renewing ------------------------------------------------------------------------------------------------
def test_a_deadline_nobody_used_renews_the_term_loudly_and_leaves_its_history(analyst, clock):
    add(
        analyst, starts="2024-01-01", ends="2026-12-31", notice_period="1", auto_renews="on", renewal_months="12"
    )  # fmt: skip
    contract = Contract.objects.get()
    assert stored() == (date(2026, 11, 30), None)
    clock.move_to(datetime(2026, 11, 30, 22, 59, tzinfo=UTC))
    assert told_by_the_timer() == 0  # the last minute of the deadline in Berlin
    clock.move_to(datetime(2026, 11, 30, 23, 1, tzinfo=UTC))
    assert told_by_the_timer() == 1
    assert stored() == (date(2027, 11, 30), date(2027, 12, 31))
    page = page_of(analyst, contract)
    assert "The notice deadline passed: the term to 31 Dec 2026 goes on until 31 Dec 2027." in page
    assert "It has renewed itself" not in page
    entry = AuditEntry.objects.filter(table_name="partners_contract", action="update").first()
    assert entry.before == {"notice_deadline": "2026-11-30", "renewed_until": None}
    clock.move_to(datetime(2030, 6, 1, tzinfo=UTC))
    assert told_by_the_timer() == 1
    contract.refresh_from_db()
    assert contract.ends == date(2026, 12, 31)  # the original end stays
    assert contract.version == 1  # and no open form is stale
    assert contract.renewed_until == date(2030, 12, 31)
    assert "renewed itself 4 times; its first term ran to 31 Dec 2026" in renewed(contract)


def test_a_deadline_ends_with_its_day_where_the_contract_is(clock):
    common = {"ends": date(2026, 11, 23), "notice_period": 0, "auto_renews": True, "renewal_months": 12}
    for zone in ("Pacific/Kiritimati", "", "Etc/GMT+12"):
        make(title=zone, time_zone=zone, **common)
    counts = []
    for hour in range(48):
        clock.move_to(datetime(2026, 11, 23, tzinfo=UTC).replace(day=23 + hour // 24, hour=hour % 24))
        recompute_deadlines()
        counts.append(Contract.objects.exclude(renewed_until=None).count())
    assert [counts.index(number) for number in (1, 2, 3)] == [10, 23, 36]


def test_a_contract_that_has_renewed_itself_runs_and_ends_with_its_new_term(analyst):
    old = date(2026, 10, 31)
    contract = make(
        ends=old, notice_period=1, notice_unit="months", auto_renews=True, renewal_months=3, annual_value=7
    )
    gone = make(ends=date(2026, 10, 1), partner=contract.partner)
    other = make(ends=date(2027, 1, 15), annual_value=7)
    assert not contract.has_ended
    assert gone.has_ended
    assert set(Contract.objects.running()) == {contract, other}
    assert list(Contract.objects.current_first()) == [other, contract, gone]
    assert contract.term_ends == date(2027, 1, 31)
    assert "2027-01-31,2026-12-31" in analyst.get(reverse("partner_export")).content.decode()
    assert "31 Jan 2027" in analyst.get(reverse("home")).content.decode()


# --- every way in --------------------------------------------------------------------------------------------
def test_a_register_brings_deadlines_with_new_and_changed_contracts():
    headings = ["Supplier", "Contract no", "Title", "End", "Notice period"]
    lines = [["Alder", f"C-{n}", f"Hosting {n}", "2027-12-31", "3 months"] for n in range(3)]
    bring_in(text(headings, *lines))
    assert set(Contract.objects.values_list("notice_deadline", flat=True)) == {date(2027, 9, 30)}
    lines[1][3], lines[2][4] = "2028-12-31", "1 month"
    report, _ = bring_in(text(headings, *lines))
    assert report["updated"]["contracts"] == 2
    found = list(Contract.objects.order_by("pk").values_list("notice_deadline", flat=True))
    assert found == [date(2027, 9, 30), date(2028, 9, 29), date(2027, 11, 30)]
    assert recompute_deadlines() == 0


def test_a_register_that_knows_an_end_makes_an_evergreen_contract_fixed():
    headings = ["Supplier", "Contract no", "Title", "End"]
    bring_in(text(headings, ["Alder", "C-1", "Hosting", ""]))
    Contract.objects.update(term=EVERGREEN, notice_period=3, notice_unit="months")
    report, _ = bring_in(text(headings, ["Alder", "C-1", "Hosting", "2027-12-31"]))
    assert report["updated"]["contracts"] == 1
    contract = Contract.objects.get()
    assert (contract.term, contract.notice_deadline) == ("fixed", date(2027, 9, 30))


def test_what_an_older_version_writes_meanwhile_is_taken_and_mended():
    """An upgrade migrates first: the version before knows none of the new columns."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO partners_contract (partner_id, reference, reference_suffix, title, ends, notice_period,"
            " notice_unit, auto_renews, currency, link, version)"
            " VALUES (%s, '', '', 'Hosting', '2027-12-31', 3, 'months', false, 'EUR', '', 1)",
            [make_partner().pk],
        )
    assert recompute_deadlines() == 1
    assert stored() == (date(2027, 9, 30), None)


def test_an_evergreen_contract_cannot_have_an_end():
    with pytest.raises(IntegrityError, match="evergreen_has_no_end"), transaction.atomic():
        make_contract(term=EVERGREEN)


def test_the_real_register_given_notice_periods_by_rule_has_a_deadline_for_each_end():
    bring_in(REAL.read_bytes(), constants={"currency": "AUD"})
    assert not Contract.objects.exclude(notice_deadline=None).exists()  # it knows no notice periods
    Contract.objects.update(notice_period=90, country="AU", time_zone="Australia/Sydney")
    assert recompute_deadlines() == Contract.objects.exclude(ends=None).count() > 1_200
    for ends, deadline in Contract.objects.exclude(ends=None).values_list("ends", "notice_deadline"):
        assert 90 <= (ends - deadline).days <= 96
        assert deadline.weekday() < 5
    assert recompute_deadlines() == 0


def test_a_merge_keeps_deadlines(procurement):
    loser, winner = make_partner("Alder"), make_partner("Birch")
    contract = make(partner=loser, ends=date(2027, 12, 31), notice_period=3, notice_unit="months")
    merge_partners(loser, winner, by=procurement, versions=(1, 1))
    contract.refresh_from_db()
    assert (contract.partner, contract.notice_deadline) == (winner, date(2027, 9, 30))


def test_a_new_holiday_calendar_is_followed_when_told_to(capsys):
    right = make(country="DE", ends=date(2027, 1, 1), notice_period=0)
    wrong = make(country="DE", ends=date(2027, 1, 1), notice_period=0)
    Contract.objects.filter(pk=wrong.pk).update(notice_deadline=date(2027, 1, 1))  # when it was no holiday
    call_command("recompute_deadlines")
    call_command("recompute_deadlines")
    assert capsys.readouterr().out.split("\n")[:2] == ["1 changed", "0 changed"]
    assert set(Contract.objects.values_list("notice_deadline", flat=True)) == {right.notice_deadline}


def test_the_upgrade_fills_what_the_service_would():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_date")
        today = cursor.fetchone()[0]
    ends = [
        today,
        date(2026, 1, 31),
        date(2024, 2, 29),
        date(2026, 4, 30),
        date(2026, 12, 31),
        date(2031, 5, 15),
        date(1999, 9, 9),
        None,
    ]
    rows = [
        Contract(
            partner=make_partner(), title="Old", ends=end, notice_period=number, notice_unit=unit,
            auto_renews=bool(months), renewal_months=months,
        )
        for end in ends
        for number, unit in [(None, "days"), (0, "days"), (45, "days"), (6, "weeks"), (1, "months"), (7, "months")]
        for months in (None, 1, 6, 12, 36)
    ]  # fmt: skip
    Contract.objects.bulk_create(rows)
    with time_machine.travel(datetime(today.year, today.month, today.day, 11, tzinfo=UTC), tick=False):
        with connection.cursor() as cursor:
            cursor.execute(import_module("partners.migrations.0007_notice_deadlines").FILL)
        assert Contract.objects.exclude(notice_deadline=None).count() == 7 * 5 * 5
        assert Contract.objects.exclude(renewed_until=None).count() > 60
        assert recompute_deadlines() == 0
