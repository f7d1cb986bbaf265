"""The import in the browser: look, correct, decide, confirm, watch, result."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from partners.models import Contract, Partner, PartnerAlias, RegisterImport
from partners.register.forms import proposal_key
from partners.register.upload import LimitedUploadHandler
from partners.services.register import run_waiting_imports
from tests.factories import make_partner, make_unit, make_user
from tests.partners.register_files import (
    HEADINGS,
    REAL,
    ROW,
    hostile_files,
    register,
    row,
    saved,
    text,
    workbook,
)

pytestmark = pytest.mark.django_db
LIST = "/import/"


def upload(client, content: bytes, name: str = "register.csv", **fields):
    """Upload a register; the answer is the page it leads to."""
    return client.post(LIST, {"file": SimpleUploadedFile(name, content), **fields}, follow=True)


def latest() -> RegisterImport:
    return RegisterImport.objects.latest("pk")


def press(client, button: str, **fields):
    """Press a button on the review page with the form as it stands, and some fields changed."""
    register = latest()
    page = client.get(register.get_absolute_url())
    form = page.context["form"]
    data = {name: form[name].value() or "" for name in form.fields}
    return client.post(register.get_absolute_url(), data | {"do": button} | fields, follow=True)


def test_a_register_is_uploaded_looked_at_confirmed_and_written_by_a_worker(analyst, procurement):
    page = upload(analyst, register(ROW, row(no="C-2", end="soon")))
    assert "1 of 2 rows is left out." in page.text
    assert "“soon” is no date" in page.text
    assert Contract.objects.count() == 0

    page = press(analyst, "confirm")
    assert "wait for a worker" in page.text
    assert Contract.objects.count() == 0

    assert run_waiting_imports() == 1
    page = analyst.get(latest().get_absolute_url())
    assert "1 new contract with 1 new partner came in." in page.text
    assert reverse("partner_detail", args=[Partner.objects.get().pk]) in page.text
    assert run_waiting_imports() == 0
    assert Contract.objects.count() == 1


def test_numbers_of_a_workbook_are_shown_as_people_write_them(analyst):
    upload(analyst, saved(workbook(HEADINGS, [*ROW[:5], 250000])), "register.xlsx")
    assert latest().report["examples"][5] == "250000"


def test_the_real_register_in_the_browser(analyst):
    page = upload(analyst, REAL.read_bytes(), REAL.name)
    assert "All 1,296 rows are understood." in page.text
    assert "EUR is assumed" in page.text
    press(analyst, "same", currency="aud")
    assert "EUR is assumed" not in analyst.get(latest().get_absolute_url()).text
    press(analyst, "confirm")
    run_waiting_imports()
    report = latest().report
    assert report["created"]["partners"] == Partner.objects.count()
    assert not Partner.objects.filter(name="DATA#3 LIMITED").exists()
    assert PartnerAlias.objects.filter(name="DATA#3 LIMITED").exists()
    assert set(Contract.objects.values_list("currency", flat=True)) == {"AUD"}


def test_the_same_file_again_says_that_nothing_would_change(analyst):
    for _ in range(2):
        page = upload(analyst, register(ROW))
        press(analyst, "confirm")
        run_waiting_imports()
    assert "Its one row is here already: nothing would change." in page.text
    assert "Nothing changed" in analyst.get(latest().get_absolute_url()).text


def test_columns_can_be_corrected_and_are_looked_at_again_before_anything_is_written(analyst):
    upload(analyst, text(["Vendor", "Alias", "Title"], ["Alder", "Birch", "x"]))
    page = press(analyst, "confirm", column_partner="Alias")
    assert "Look once more" in page.text
    assert latest().state == RegisterImport.UPLOADED
    assert latest().report["first"][0]["partner"] == "Birch"
    press(analyst, "confirm")
    run_waiting_imports()
    assert Partner.objects.get().name == "Birch"


def test_a_file_whose_partner_column_is_not_found_can_be_corrected(analyst):
    page = upload(analyst, text(["Wer", "Was"], ["Alder", "this"], ["Birch", "that"]))
    assert "No column seems to name the partner." in page.text
    page = press(analyst, "look")
    assert page.status_code == 400
    assert "Choose the column that names the partner" in page.text
    page = press(analyst, "look", column_partner="Wer")
    assert "All 2 rows are understood." in page.text


def test_each_proposal_has_a_choice_and_the_default_is_a_partner_of_its_own(analyst):
    viola = make_partner("Viola Management Inc.", name_key="viola management")
    upload(analyst, register(row(supplier="VIOLA MANAGEMENT INC"), row(supplier="Viola Managment", no="C-2")))
    press(analyst, "confirm", **{proposal_key("VIOLA MANAGEMENT INC"): f"partner:{viola.pk}"})
    run_waiting_imports()
    assert list(viola.contracts.values_list("reference", flat=True)) == ["C-1"]
    assert Partner.objects.count() == 2


def test_a_choice_that_was_never_offered_is_refused(analyst):
    viola = make_partner("Viola Management Inc.", name_key="viola management")
    other = make_partner("Other")
    upload(analyst, register(row(supplier="VIOLA MANAGEMENT INC")))
    page = press(analyst, "confirm", **{proposal_key("VIOLA MANAGEMENT INC"): f"partner:{other.pk}"})
    assert page.status_code == 400
    assert latest().state == RegisterImport.UPLOADED
    assert viola.contracts.count() == other.contracts.count() == 0


@pytest.mark.parametrize("case", [
    "empty", "bomb", "macros", "password", "pdf", "zero bytes", "too large", "endless nothing", "many cells", "a million columns",
])  # fmt: skip
def test_a_hostile_file_is_refused_beside_the_field_and_not_kept(analyst, case):
    name, content, reason = hostile_files()[case]
    page = upload(analyst, content, name)
    assert page.status_code == 400
    assert reason in page.text
    assert not RegisterImport.objects.exists()


def test_an_upload_beyond_the_limit_is_not_kept_but_refused(analyst):
    page = upload(analyst, b"Supplier,Title\n" + b"a,b\n" * 8_000_000)
    assert "The file has more than 20 MB." in page.text
    handler = LimitedUploadHandler()
    assert handler.receive_data_chunk(b"x", 30_000_000) is None
    assert handler.receive_data_chunk(b"x", 1_000) == b"x"


def test_no_file_is_a_sentence(analyst):
    page = analyst.post(LIST, {})
    assert (page.status_code, "Choose a file first." in page.text) == (400, True)


def test_bad_rows_are_downloadable_without_live_formulas(analyst):
    upload(
        analyst, text(["=1+1", *HEADINGS], ["x", *row(no="C-9")], ["x", *row(end="=cmd|calc")]), "=evil.csv"
    )
    download = analyst.get(reverse("import_problems", args=[latest().pk]))
    assert download["Content-Type"].startswith("text/csv")
    lines = download.content.decode("utf-8-sig").splitlines()
    assert lines[0] == "line,column,reason"
    assert lines[1].startswith("3,End,")


def test_markup_in_a_file_is_shown_as_text(analyst):
    page = upload(
        analyst, register(row(supplier="<script>alert(1)</script>", title="<b>x</b>", end="<i>")), "<u>.csv"
    )
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;" in page.text


def test_an_unconfirmed_import_can_be_discarded_and_a_running_one_cannot(analyst):
    upload(analyst, register(ROW))
    press(analyst, "confirm")
    analyst.post(latest().get_absolute_url(), {"do": "discard"})
    assert RegisterImport.objects.count() == 1
    RegisterImport.objects.update(state=RegisterImport.UPLOADED)
    page = analyst.post(latest().get_absolute_url(), {"do": "discard"}, follow=True)
    assert "was discarded" in page.text
    assert not RegisterImport.objects.exists()


def test_confirming_twice_imports_once(analyst):
    upload(analyst, register(ROW))
    press(analyst, "confirm")
    page = analyst.post(latest().get_absolute_url(), {"do": "confirm"}, follow=True)
    assert "already confirmed" in page.text
    run_waiting_imports()
    run_waiting_imports()
    assert Contract.objects.count() == 1


def test_a_file_in_which_nothing_is_usable_cannot_be_confirmed(analyst):
    page = upload(analyst, register(row(end="soon")))
    assert "Its one row cannot come in" in page.text
    assert 'value="confirm"' not in page.text
    press(analyst, "confirm")
    assert latest().state == RegisterImport.UPLOADED


def test_another_sheet_can_be_chosen(analyst):
    book = workbook(HEADINGS, ROW, Other=[["Lieferant", "Titel"], ["Birch", "y"]])
    upload(analyst, saved(book), "a.xlsx")
    page = press(analyst, "look", sheet="Other")
    assert latest().report["places"] == {"partner": "Lieferant", "title": "Titel"}
    assert "Its one row is understood." in page.text


def test_a_large_file_is_looked_at_by_a_worker(analyst, monkeypatch):
    monkeypatch.setattr("partners.services.register.SMALL", 10)
    page = upload(analyst, register(ROW))
    assert "is being read" in page.text
    run_waiting_imports()
    assert "Its one row is understood." in analyst.get(latest().get_absolute_url()).text
    press(analyst, "look", currency="CHF")
    assert latest().state == RegisterImport.READING
    run_waiting_imports()
    press(analyst, "confirm")
    run_waiting_imports()
    assert Contract.objects.get().currency == "CHF"


def test_progress_is_polled_and_the_page_reloads_when_it_is_done(analyst):
    upload(analyst, register(ROW))
    press(analyst, "confirm")
    address = latest().get_absolute_url()
    page = analyst.get(address)
    assert f'hx-get="{address}" hx-trigger="every 1s"' in page.text
    assert "HX-Refresh" not in analyst.get(address, headers={"HX-Request": "true"})
    run_waiting_imports()
    assert analyst.get(address, headers={"HX-Request": "true"})["HX-Refresh"] == "true"


def test_a_failed_import_says_why_and_can_be_taken_up_again(analyst, procurement):
    upload(analyst, register(ROW))
    press(analyst, "confirm")
    procurement.role = "rater"
    procurement.save()
    run_waiting_imports()
    procurement.role = "procurement"
    procurement.save()
    page = analyst.get(latest().get_absolute_url())
    assert "Nothing was written." in page.text
    assert "may no longer import" in page.text
    press(analyst, "again")
    press(analyst, "confirm")
    run_waiting_imports()
    assert Contract.objects.count() == 1


# --- Walls -----------------------------------------------------------------------------------------------
def test_an_import_is_seen_by_whoever_uploaded_it_and_by_people_who_see_all_units(
    client, analyst, stranger, administrator
):
    upload(analyst, register(ROW))
    addresses = [latest().get_absolute_url(), reverse("import_problems", args=[latest().pk])]
    for user, status in ((stranger, 404), (administrator, 200)):
        client.force_login(user)
        assert [client.get(address).status_code for address in addresses] == [status, status]
    client.force_login(stranger)
    assert client.post(addresses[0], {"do": "discard"}).status_code == 404
    assert latest().file_name not in client.get(LIST).text


@pytest.mark.parametrize("role", ["rater", "executive", "governance"])
def test_only_procurement_and_administrators_import(client, unit, role):
    client.force_login(make_user(role, unit))
    assert client.get(LIST).status_code == client.post(LIST, {}).status_code == 403


def test_within_walls_one_unit_is_offered_and_a_foreign_one_refused(client, unit):
    foreign = make_unit("Logistics")
    client.force_login(make_user("procurement", unit))
    page = client.get(LIST)
    assert "Logistics" not in page.text
    assert upload(client, register(ROW), unit=foreign.pk).status_code == 400
    upload(client, register(ROW))
    press(client, "confirm")
    run_waiting_imports()
    assert Contract.objects.get().unit == unit


def test_odd_addresses_are_not_found(analyst):
    for address in ("/import/0/", "/import/99999999999999999999/", "/import/x/"):
        assert analyst.get(address).status_code == 404
    assert analyst.get("/import/?page=-1").status_code == analyst.get("/import/?page=x").status_code == 200


def test_the_list_needs_the_same_statements_for_few_and_many(analyst, statements, procurement):
    upload(analyst, register(ROW))
    few = statements(analyst, LIST)
    RegisterImport.objects.bulk_create(
        [RegisterImport(by=procurement, file_name=f"{n}.csv", content=b"") for n in range(10)]
    )
    assert statements(analyst, LIST) == few
