"""Entries from files: what comes in, what changes nothing, what is refused and why."""

import csv
from datetime import UTC, date, datetime
from io import BytesIO, StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from openpyxl import Workbook

from evidence.kinds import ENTERED
from evidence.models import (
    Benchmark,
    Commitment,
    Disclosure,
    Engagement,
    Incident,
    Programme,
    Promise,
    Request,
)
from partners.models import PartnerAlias
from partners.names import name_key
from tests.evidence.test_entries import TYPED
from tests.factories import make_partner, make_unit, make_user
from tests.partners.register_files import text

pytestmark = pytest.mark.django_db
TICKETS = [
    ["Ticket", "Vendor", "Summary", "Created", "Closed", "Kind", "Asked by", "Outcome"],
    ["T-1", "Northgate Cloud Ltd.", "Fix the export", "31.01.2026", "03.02.2026", "fix", "us", "delivered"],
    ["T-2", "NORTHGATE CLOUD", "A plan", "13.02.2026", "", "information", "us", ""],
]  # fmt: skip


@pytest.fixture
def partner():
    return make_partner("Northgate Cloud", unit=make_unit(), name_key=name_key("Northgate Cloud"))


@pytest.fixture
def procurement(client, partner):
    person = make_user("procurement", partner.unit)
    client.force_login(person)
    return person


def upload(client, slug, rows, partner=None, name="file.csv", content=None):
    address = reverse("entry_import", args=[slug]) + (f"?partner={partner.pk}" if partner else "")
    file = SimpleUploadedFile(name, content if content is not None else text(*rows))
    return address, client.post(address, {"file": file})


def bring_in(client, slug, rows, partner=None, **kwargs):
    address, page = upload(client, slug, rows, partner, **kwargs)
    assert page.status_code == 200, page.context["plan"] and page.context["plan"].problems
    assert client.post(address, {"sealed": page.context["plan"].sealed}).status_code == 302
    return page.context["plan"]


def reasons(page):
    return [(found.line, found.column, found.reason) for found in page.context["plan"].problems]


def test_a_ticket_export_comes_in_and_the_same_file_changes_nothing(client, partner, procurement):
    plan = bring_in(client, "request", TICKETS)
    assert (plan.new, plan.updated) == (2, 0)
    first, second = Request.objects.order_by("reference")
    assert (first.asked_on, first.answered_on, first.outcome) == (
        date(2026, 1, 31),
        date(2026, 2, 3),
        "delivered",
    )
    assert (second.partner, second.author, second.outcome) == (partner, procurement, "")
    _, page = upload(client, "request", TICKETS)
    assert "The file changes nothing" in page.content.decode()


def test_an_edited_file_changes_entries_by_their_reference(client, partner, procurement):
    bring_in(client, "request", TICKETS)
    answered = [TICKETS[0], TICKETS[1], [*TICKETS[2][:4], "20.02.2026", *TICKETS[2][5:7], "declined"]]
    plan = bring_in(client, "request", answered)
    assert (plan.new, plan.updated, plan.unchanged) == (0, 1, 1)
    row = Request.objects.get(reference="T-2")
    assert (row.answered_on, row.version) == (date(2026, 2, 20), 2)


def test_without_references_day_and_text_tell_entries_apart(client, partner, procurement):
    rows = [["what", "asked on", "kind", "asked by", "note"], ["A plan", "2026-02-13", "fix", "us", ""]]
    bring_in(client, "request", rows, partner)
    rows[1][4] = "Asked twice"
    assert bring_in(client, "request", rows, partner).updated == 1
    assert Request.objects.get().note == "Asked twice"


def test_what_a_file_does_not_name_stays_as_it_is(client, partner, procurement):
    bring_in(client, "request", TICKETS)
    Request.objects.filter(reference="T-1").update(note="Typed by hand")
    rows = [["reference", "partner", "what"], ["T-1", "Northgate Cloud", "Fix the whole export"]]
    bring_in(client, "request", rows)
    row = Request.objects.get(reference="T-1")
    assert (row.what, row.note, row.outcome) == ("Fix the whole export", "Typed by hand", "delivered")


def test_bad_rows_are_named_and_keep_the_file_out(client, partner, procurement):
    rows = [
        *TICKETS,
        ["T-3", "Northgate Cloud", "Late", "2026-02-30", "", "fix", "us", ""],
        ["T-4", "Somebody else", "Whose?", "13.02.2026", "", "fix", "us", ""],
        ["T-5", "Northgate Cloud", "Odd", "13.02.2026", "", "bribe", "us", ""],
        ["T-6", "Northgate Cloud", "Early", "13.02.2026", "01.02.2026", "fix", "us", "delivered"],
        ["T-2", "Northgate Cloud", "Again", "13.02.2026", "", "fix", "us", ""],
        ["T-7", "", "Nobody", "13.02.2026", "", "fix", "us", ""],
    ]
    _, page = upload(client, "request", rows)
    assert page.status_code == 400
    found = {line: (column, reason) for line, column, reason in reasons(page)}
    assert found[4][0] == "Created"
    assert found[5] == ("Vendor", "“Somebody else” is no partner that you can see")
    assert found[6][0] == "Kind"
    assert "is none of: Sales support" in found[6][1]
    assert found[7] == ("Closed", "It cannot be answered before it was asked.")
    assert "says the same as line 3" in found[8][1]
    assert found[9] == ("Vendor", "names no partner")
    assert not Request.objects.exists()


def test_a_stale_preview_is_shown_again_and_somebody_elses_refused(client, partner, procurement):
    bring_in(client, "request", TICKETS)
    changed = [TICKETS[0], [*TICKETS[1][:2], "Fix it now", *TICKETS[1][3:]]]
    address, page = upload(client, "request", changed)
    sealed = page.context["plan"].sealed
    Request.objects.filter(reference="T-1").update(version=2)
    again = client.post(address, {"sealed": sealed})
    assert again.status_code == 200
    assert "Look once more" in again.content.decode()
    other = Client()
    other.force_login(make_user("procurement", partner.unit))
    assert "not yours" in other.post(address, {"sealed": sealed}).content.decode()
    assert not Request.objects.filter(what="Fix it now").exists()


def test_a_rater_does_not_change_what_others_entered(client, partner, procurement):
    bring_in(client, "request", TICKETS)
    rater = Client()
    rater.force_login(make_user("rater", partner.unit))
    changed = [TICKETS[0], [*TICKETS[1][:2], "Fix it now", *TICKETS[1][3:]]]
    _, page = upload(rater, "request", changed)
    assert "not yours to change" in reasons(page)[0][2]


def test_partners_of_another_unit_are_none_that_one_sees(client, partner):
    client.force_login(make_user("procurement", make_unit()))
    _, page = upload(client, "request", TICKETS)
    assert {reason for _, _, reason in reasons(page)} == {
        "“Northgate Cloud Ltd.” is no partner that you can see", "“NORTHGATE CLOUD” is no partner that you can see",
    }  # fmt: skip


def test_another_spelling_of_a_partner_finds_it(client, partner, procurement):
    PartnerAlias.objects.create(partner=partner, name="NGC")
    bring_in(client, "disclosure", [["partner", "what", "shared on", "shared by", "kind"], ["ngc", "Plan", "2026-02-13", "them", "short-term plan"]])  # fmt: skip
    assert Disclosure.objects.get().partner == partner


def book(rows):
    workbook = Workbook()
    for row in rows:
        workbook.active.append(row)
    held = BytesIO()
    workbook.save(held)
    return held.getvalue()


def test_incidents_keep_the_hour_from_a_spreadsheet_and_from_text(client, partner, procurement, settings):
    settings.TIME_ZONE = "Europe/Berlin"
    rows = [
        ["Key", "Title", "Created", "Resolved", "Priority", "Kind", "To be fixed within, hours"],
        ["I-1", "All down", datetime.fromisoformat("2026-02-13T22:45"), datetime.fromisoformat("2026-02-14T03:05"), "severe", "incident", 4.5],
        ["I-2", "Slow", "2026-02-13 22:45", "14.02.2026, 3:05 PM", "Major", "Incident", "8"],
    ]  # fmt: skip
    bring_in(client, "incident", rows, partner, name="tickets.xlsx", content=book(rows))
    first, second = Incident.objects.order_by("reference")
    assert (first.fixed_at - first.opened_at).total_seconds() == (4 * 60 + 20) * 60
    assert (second.fixed_at - second.opened_at).total_seconds() == (16 * 60 + 20) * 60
    assert str(first.fix_within) == "4.50"
    assert first.opened_at.astimezone(UTC).date() in (date(2026, 2, 13), date(2026, 2, 14))


@pytest.mark.parametrize("slug", list(TYPED))
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_what_is_exported_comes_in_again_and_changes_nothing(client, partner, procurement, slug, form):
    client.post(
        reverse("entry_new", args=[partner.pk, slug]), TYPED[slug] | {"note": "=1+1", "reference": "R-1"}
    )
    answer = client.get(reverse("entry_export", args=[slug, form]))
    assert answer.status_code == 200
    content = b"".join(answer) if answer.streaming else answer.content
    _, page = upload(client, slug, [], name=f"file.{form}", content=content)
    assert reasons(page) == []
    assert "The file changes nothing" in page.content.decode(), page.context["plan"].rows
    ENTERED[slug].model.objects.all().delete()
    _, page = upload(client, slug, [], name=f"file.{form}", content=content)
    assert page.context["plan"].new == 1


def test_a_programme_comes_in_with_what_it_brought_and_took(client, partner, procurement):
    rows = [
        ["year", "level", "currency", "demos: received", "training: cost"],
        ["2025", "Gold", "EUR", "1200", "80.5"],
    ]
    bring_in(client, "programme", rows, partner)
    row = Programme.objects.get()
    assert row.author == procurement
    assert (row.benefits.get().received, str(row.obligations.get().cost)) == (1200, "80.50")


def test_promises_and_commitments_come_in(client, partner, procurement):
    bring_in(client, "promise", [["what", "announced", "due", "how much it matters", "we asked for it"], ["Green power", "2026-01-05", "2026-09-30", "Very much", "yes"]], partner)  # fmt: skip
    assert (Promise.objects.get().matters, Promise.objects.get().asked_by_us) == (3, True)
    bring_in(client, "commitment", [["milestone", "by", "due", "what hangs on it", "amount", "currency"], ["No stop", "Them", "2026-09-30", "A penalty if missed", "12,500.50", "EUR"]], partner)  # fmt: skip
    assert str(Commitment.objects.get().amount) == "12500.50"


@pytest.mark.parametrize(
    "price", ["1,234", "1_000", "٣٤", "1E+3", "sNaN", "NaN", "1E+9999999", "-5", "1.23456", "9" * 30]
)
def test_a_price_that_is_no_plain_number_is_refused_not_guessed(client, partner, procurement, price):
    rows = [["item", "our price", "market median", "currency", "source", "as of"], ["It", price, "100", "EUR", "Offers", "2026-02-13"]]  # fmt: skip
    _, page = upload(client, "benchmark", rows, partner)
    assert page.status_code == 400
    assert reasons(page)[0][1] == "our price"


def test_a_decimal_comma_that_can_mean_nothing_else_is_read(client, partner, procurement):
    rows = [["item", "our price", "market median", "currency", "source", "as of"], ["It", "0,45", "0,4", "EUR", "Offers", "2026-02-13"]]  # fmt: skip
    bring_in(client, "benchmark", rows, partner)
    assert str(Benchmark.objects.get().our_price) == "0.4500"


def test_a_draft_out_of_a_calendar_is_not_changed_by_a_file(client, partner, procurement):
    Engagement.objects.create(partner=partner, day=date(2026, 2, 13), started_by="them", purpose="serves", subject="Review", is_draft=True, author=procurement)  # fmt: skip
    rows = [["day", "started by", "what for", "channel", "subject"], ["2026-02-13", "them", "sells more", "meeting", "Review"]]  # fmt: skip
    assert bring_in(client, "engagement", rows, partner).new == 1
    assert Engagement.objects.filter(is_draft=False).count() == 1


def test_a_file_without_the_columns_it_needs_is_refused(client, partner, procurement):
    for rows in (
        [["colour", "size"], ["red", "1"]],
        [["asked on"], ["2026-01-01"]],
        [["what", "asked on"], ["It", "2026-01-01"]],
    ):
        _, page = upload(client, "request", rows)
        assert page.status_code == 400
        assert "The first line must name" in page.content.decode()


def test_five_thousand_rows_come_in_with_few_statements(
    client, partner, procurement, django_assert_max_num_queries
):
    rows = [
        ["what", "shared on", "shared by", "kind"],
        *(["Plan", f"2026-02-{1 + n % 28:02}", "them", "forecast"] for n in range(3)),
    ]
    _, page = upload(client, "disclosure", rows, partner)
    assert page.status_code == 200
    many = [["reference", *rows[0]], *([f"D-{n}", *rows[1]] for n in range(300))]
    address, page = upload(client, "disclosure", many, partner)
    with django_assert_max_num_queries(330):
        client.post(address, {"sealed": page.context["plan"].sealed})
    assert Disclosure.objects.count() == 300


def test_the_bad_rows_can_be_taken_along_as_a_file_that_is_read_again_once_mended(
    client, partner, procurement
):
    rows = [*TICKETS, ["T-3", "Nobody", "=2+2", "31.02.2026", "", "fix", "us", "perhaps"]]
    address, page = upload(client, "request", rows)
    sealed = page.context["plan"].left_out
    assert f'value="{sealed}"' in page.content.decode()
    answer = client.post(address, {"left_out": sealed})
    assert answer["Content-Disposition"] == 'attachment; filename="Requests rows left out.csv"'
    heading, only = csv.reader(StringIO(answer.content.decode("utf-8-sig")))
    assert heading == ["line", "why", *TICKETS[0]]
    assert only[0] == "4"
    assert only[2:] == ["T-3", "Nobody", "'=2+2", "31.02.2026", "", "fix", "us", "perhaps"]
    for reason in (
        "Vendor: “Nobody” is no partner that you can see",
        "Created: ",
        "Outcome: “perhaps” is none of",
    ):
        assert reason in only[1]
    only[3], only[5], only[9] = "Northgate Cloud", "01.02.2026", ""
    assert bring_in(client, "request", [heading, only]).new == 1
    assert Request.objects.get().what == "=2+2"


def test_the_bad_rows_of_somebody_else_are_not_handed_out(client, partner, procurement):
    address, page = upload(client, "request", [TICKETS[0], ["T-3", "Nobody", "It", "", "", "", "", ""]])
    sealed = page.context["plan"].left_out
    client.force_login(make_user("procurement", partner.unit))
    answer = client.post(address, {"left_out": sealed})
    assert answer.status_code == 400
    assert "The preview is too old or not yours" in answer.content.decode()
