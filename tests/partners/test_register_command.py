"""`import_register`: the form of its report, its exit codes and its arguments."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout

import pytest
from django.core.management import call_command
from django.db import transaction

from partners.models import Contract, Partner
from partners.services.merge import merge_partners
from tests.factories import make_partner, make_user
from tests.partners.register_files import REAL, ROW, hostile_files, register, row, text
from tests.sessions import in_another_session, wait_until_somebody_waits

pytestmark = pytest.mark.django_db
KEYS = {"read", "created", "updated", "unchanged", "rejected", "problems", "notes"}


def run(tmp_path, content: bytes | None, *arguments: str, name: str = "register.csv") -> tuple[dict, int]:
    """The last line of the output as JSON, and the exit code."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    out, code = io.StringIO(), 0
    with redirect_stdout(out):
        try:
            call_command("import_register", str(path), "--json", *arguments, stdout=out)
        except SystemExit as left:
            code = left.code
    return json.loads(out.getvalue().strip().splitlines()[-1]), code


def test_the_report_has_exactly_the_agreed_form(tmp_path):
    report, code = run(tmp_path, register(ROW, row(no="C-2", end="soon")))
    assert set(report) == KEYS
    assert report["created"] == {"partners": 1, "contracts": 1}
    assert report["updated"] == report["unchanged"] == {"partners": 0, "contracts": 0}
    assert (report["read"], report["rejected"], code) == (2, 1, 0)
    assert report["problems"] == [
        {"line": 3, "column": "End", "reason": "“soon” is no date; write it as 2026-12-31"}
    ]
    assert all(isinstance(note, str) for note in report["notes"])


def test_a_dry_run_says_the_same_and_writes_nothing(tmp_path):
    planned, code = run(tmp_path, register(ROW), "--dry-run")
    assert (Contract.objects.count(), Partner.objects.count(), code) == (0, 0, 0)
    done, _ = run(tmp_path, register(ROW))
    assert planned == done


def test_the_real_register_through_the_command(tmp_path):
    report, code = run(tmp_path, REAL.read_bytes(), "--map", "currency==AUD", "--dry-run")
    assert (report["read"], report["rejected"], code) == (1296, 0, 0)


def test_columns_can_be_mapped_left_out_and_given_a_value(tmp_path):
    content = text(["Alias", "Firm", "What", "Amount"], ["a1", "Alder", "x", "5"])
    report, _ = run(
        tmp_path,
        content,
        "--map",
        "partner=FIRM",
        "--map",
        "title=C",
        "--map",
        "total_value=",
        "--map",
        "currency==CHF",
    )
    assert report["problems"] == []
    contract = Contract.objects.get()
    assert (contract.partner.name, contract.title, contract.total_value, contract.currency) == (
        "Alder",
        "x",
        None,
        "CHF",
    )


def test_a_unit_and_the_order_of_dates_can_be_given(tmp_path):
    run(tmp_path, register(row(start="", end="03/04/2027")), "--unit", "Retail", "--dates", "mdy")
    contract = Contract.objects.get()
    assert (contract.unit.name, contract.ends.isoformat()) == ("Retail", "2027-03-04")


@pytest.mark.parametrize("case", ["bomb", "laughs", "password", "empty", "pdf"])
def test_a_refused_file_is_a_report_too_and_exits_with_an_error(tmp_path, case):
    name, content, reason = hostile_files()[case]
    report, code = run(tmp_path, content, name=name)
    assert set(report) == KEYS
    assert code != 0
    assert reason in report["problems"][0]["reason"]


def test_it_exits_with_an_error_when_nothing_could_be_used(tmp_path):
    assert run(tmp_path, register(row(end="soon")))[1] != 0
    assert run(tmp_path, text(["Colour", "Size"], ["1", "2"]))[1] != 0
    assert run(tmp_path, None, name="missing.csv")[1] != 0


def test_a_wrong_argument_is_named(tmp_path):
    for wrong in ("colour=Title", "partner"):
        report, code = run(tmp_path, register(ROW), "--map", wrong)
        assert (code != 0, "FIELD=COLUMN" in report["problems"][0]["reason"]) == (True, True)
    report, code = run(tmp_path, register(ROW), "--map", "title=Nothing")
    assert (code != 0, "no column “Nothing”" in report["problems"][0]["reason"]) == (True, True)
    report, code = run(tmp_path, register(ROW), "--map", "currency==XXX")
    assert code != 0


def test_without_json_it_speaks_in_lines(tmp_path, capsys):
    path = tmp_path / "register.csv"
    path.write_bytes(register(ROW, row(no="C-2", end="soon")))
    call_command("import_register", str(path))
    printed = capsys.readouterr().out
    assert "line 3, End: “soon” is no date" in printed
    assert "created: 1 partners, 1 contracts" in printed


@pytest.mark.django_db(transaction=True)
def test_a_partner_that_is_merged_away_while_it_is_written_is_said_and_the_next_run_succeeds(tmp_path):
    run(tmp_path, register(ROW))
    loser, winner = Partner.objects.get(), make_partner("Winner")
    by = make_user("administrator")
    with ThreadPoolExecutor() as others:
        with transaction.atomic():
            merge_partners(loser, winner, by=by, versions=(loser.version, winner.version))
            content = register(ROW, row(no="C-2"))
            importing = others.submit(in_another_session, lambda: run(tmp_path, content))
            wait_until_somebody_waits()
        ((report, code),) = importing.result(timeout=20)
    assert code != 0
    assert "merged or removed meanwhile, so nothing was written" in report["problems"][0]["reason"]
    assert Contract.objects.get().partner == winner
    assert run(tmp_path, register(ROW, row(no="C-2")))[1] == 0
    assert set(Contract.objects.values_list("partner", flat=True)) == {winner.pk}
