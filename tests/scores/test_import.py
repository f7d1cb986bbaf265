"""Ratings from files: what is taken, what is refused and why, and the scores that come out again."""

import csv
import json
from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from accounts.models import AuditEntry, User
from partners.models import Partner
from partners.services.merge import merge_partners
from scorecards.models import (
    Assessment,
    Comment,
    Criterion,
    Cycle,
    Rating,
    RecomputeRequest,
    Score,
    Scorecard,
)
from scorecards.services.ratings_import import CannotImport, import_ratings
from tests.factories import (
    make_assessment,
    make_cycle,
    make_partner,
    make_scorecard,
    make_template,
    make_user,
    rate,
)
from tests.sessions import in_another_session, wait_until_somebody_waits

pytestmark = pytest.mark.django_db
HEADER = "partner,kind,rater,role,criterion,rating,comment"


@pytest.fixture
def template():
    return make_template(name="Vendors")


@pytest.fixture
def load(tmp_path, capsys, template):
    """Import these lines (with the usual header) and return the report; `exit_code` holds how it ended."""

    def load(
        *lines: str, create: bool = True, header: str = HEADER, cycle: str = "2026 Q4", encoding="utf-8"
    ) -> dict:
        path = tmp_path / "ratings.csv"
        path.write_bytes("\n".join([header, *lines, ""]).encode(encoding))
        out, load.exit_code = StringIO(), 0
        try:
            call_command(
                "import_ratings", path, cycle=cycle, template=template.name, json=True, create=create, stdout=out,
                stderr=StringIO(),
            )  # fmt: skip
        except SystemExit as stopped:
            load.exit_code = stopped.code
        return json.loads(out.getvalue().splitlines()[-1])

    return load


def export(cycle: str = "2026 Q4") -> list[dict]:
    out = StringIO()
    call_command("export_scores", cycle=cycle, format="json", stdout=out)
    return json.loads(out.getvalue())


def test_ratings_come_in_and_scores_come_out(load):
    report = load(
        "Acorn Ltd,vendor,ann@example.org,it,On time,4,",
        "Acorn Ltd,vendor,ann@example.org,it,Quality,n/a,",
        "Acorn Ltd,vendor,ann@example.org,it,Fair,2,Dear but honest",
        "Acorn Ltd,vendor,Ben Baker,,On time,5,",
        "Acorn Ltd,vendor,Ben Baker,,Quality,,",
        "Acorn Ltd,vendor,Ben Baker,,Fair,1,",
    )
    assert (report["read"], report["rejected"], report["problems"], load.exit_code) == (6, 0, [], 0)
    assert report["created"] == {
        "partners": 1, "raters": 2, "cycles": 1, "scorecards": 1, "assessments": 2, "ratings": 5, "comments": 1,
    }  # fmt: skip
    assert not RecomputeRequest.objects.exists()
    (row,) = export()
    # On time 87.5, quality missing, fair 12.5: service 87.5 × 60 + price 12.5 × 40.
    assert (row["score"], row["coverage"], row["lower"], row["upper"]) == (
        "57.5000",
        "70.0000",
        "31.2500",
        "61.2500",
    )
    assert (row["partner"], row["kind"], row["template"]) == ("Acorn Ltd", "vendor", "Vendors")
    assert (row["status"], row["standing"], row["rank"], row["raters"]) == ("final", "C", 1, 2)
    assert row["categories"] == {"Service": "87.5000", "Price": "12.5000"}
    assert row["criteria"] == {"On time": "87.5000", "Quality": None, "Fair": "12.5000"}
    assert (row["previous"], row["change"], row["capped_by"]) == (None, None, None)
    assert Comment.objects.get().text == "Dear but honest"
    assert set(Assessment.objects.values_list("rater_role", flat=True)) == {"it", "business"}
    cycle = Cycle.objects.get()
    assert (str(cycle.starts), str(cycle.ends), cycle.state) == ("2026-10-01", "2026-12-31", "open")


def test_a_pasted_comment_may_hold_a_space_that_nobody_sees_as_it_may_on_the_page(load):
    assert load("Acorn,,ann@example.org,it,Fair,2,so\u200b so")["rejected"] == 0
    assert Comment.objects.get().text == "so\u200b so"


def test_people_made_by_an_import_cannot_sign_in(load):
    load("Acorn,,ann@example.org,it,Fair,2,", "Acorn,,Ben Baker,it,Fair,2,")
    assert not User.objects.able_to_sign_in().exists()
    assert not any(user.has_usable_password() for user in User.objects.all())


def test_the_same_file_again_changes_nothing_and_an_edited_one_what_was_edited(load):
    lines = ["Acorn,,ann@example.org,it,On time,4,fine", "Acorn,,ann@example.org,it,Fair,2,"]
    load(*lines)
    AuditEntry.objects.all().delete()
    report = load(*lines)
    assert not any([*report["created"].values(), *report["updated"].values()])
    assert (report["unchanged"], load.exit_code) == ({"ratings": 2}, 0)
    assert not AuditEntry.objects.exists()
    report = load("Acorn,,ann@example.org,it,On time,5,better", "Acorn,,ann@example.org,it,Fair,,")
    assert report["updated"] == {"assessments": 0, "ratings": 2, "comments": 1}
    assert list(Rating.objects.values_list("value", flat=True)) == [5]
    assert set(
        AuditEntry.objects.filter(table_name="scorecards_rating").values_list("action", flat=True)
    ) == {
        "update",
        "delete",
    }
    assert Score.objects.get().overall == 100


def test_history_holds_the_marks_of_each_new_assessment_once(load):
    load("Acorn,,ann@example.org,it,On time,4,", "Acorn,,ann@example.org,it,Fair,n/a,")
    on_time, fair = Criterion.objects.get(name="On time"), Criterion.objects.get(name="Fair")
    assert AuditEntry.objects.get(action="submit").after == {
        "marks": {str(on_time.pk): 4, str(fair.pk): "n/a"}
    }
    assert not AuditEntry.objects.filter(table_name="scorecards_rating").exists()


@pytest.mark.parametrize(
    ("rating", "reason"),
    [
        ("6", "6 is not on the scale from 1 to 5."),
        ("0", "0 is not on the scale from 1 to 5."),
        ("-1", "-1 is not on the scale from 1 to 5."),
        ("3.5", "“3.5” is not a whole number on the scale from 1 to 5, nor n/a."),
        ("1_000", "“1_000” is not a whole number on the scale from 1 to 5, nor n/a."),
        ("٣", "“٣” is not a whole number on the scale from 1 to 5, nor n/a."),
        ("NaN", "“NaN” is not a whole number on the scale from 1 to 5, nor n/a."),
        ("Infinity", "“Infinity” is not a whole number on the scale from 1 to 5, nor n/a."),
        ("1e0", "“1e0” is not a whole number on the scale from 1 to 5, nor n/a."),
        ("9" * 5000, f"“{'9' * 20}” is not a whole number on the scale from 1 to 5, nor n/a."),
        ("=1+1", "“=1+1” is not a whole number on the scale from 1 to 5, nor n/a."),
        ("4\0", "This is not a whole number on the scale from 1 to 5, nor n/a."),
    ],
)
def test_a_rating_that_is_none_is_refused_and_the_rest_taken(load, rating, reason):
    report = load("Acorn,,ann@example.org,it,Fair,3,", f"Acorn,,ann@example.org,it,Quality,{rating},")
    assert report["problems"] == [{"line": 3, "column": "rating", "reason": reason}]
    assert (report["rejected"], load.exit_code, Rating.objects.get().value) == (1, 0, 3)


@pytest.mark.parametrize("rating", ["4.0", " 4 ", "4.00"])
def test_a_whole_number_may_be_written_as_spreadsheets_do(load, rating):
    load(f"Acorn,,ann@example.org,it,Fair,{rating},")
    assert Rating.objects.get().value == 4


@pytest.mark.parametrize(
    ("line", "column", "says"),
    [
        (",,ann@example.org,it,Fair,3,", "partner", "The partner is missing."),
        ("Acorn,,,it,Fair,3,", "rater", "The rater is missing."),
        ("Acorn,,ann@example.org,it,,3,", "criterion", "The criterion is missing."),
        ("Acorn,,ann@example.org,it,Speed,3,", "criterion", "“Speed” is not a criterion of Vendors, version 1."),
        ("Acorn,,ann@example.org,cfo,Fair,3,", "role", "“cfo” is not one of business, it, leadership, procurement."),
        ("Acorn,shop,ann@example.org,it,Fair,3,", "kind", "“shop” is not one of operations, own, provider, unit, vendor."),
        ("Acorn,,@@,it,Fair,3,", "rater", "This is not an e-mail address."),
        ("Ac\u202eorn,,ann@example.org,it,Fair,3,", "partner", "This partner holds invisible signs that reverse the reading direction. Type it again instead of pasting it."),
        ("Ac\0orn,,ann@example.org,it,Fair,3,", "partner", "This partner holds signs that cannot be shown. Type it again instead of pasting it."),
        (f"{'A' * 301},,ann@example.org,it,Fair,3,", "partner", "It is longer than 300 characters."),
        (f"Acorn,,ann@example.org,it,Fair,3,{'x' * 5001}", "comment", "It is longer than 5,000 characters."),
        ("Acorn,,ann@example.org,it,Fair,3,,,x", "", "The row has more cells than the first line names columns."),
    ],
)  # fmt: skip
def test_a_bad_row_is_named_with_its_line_and_nothing_is_left_behind(load, line, column, says):
    report = load(line)
    assert report["problems"] == [{"line": 2, "column": column, "reason": says}]
    assert (report["rejected"], load.exit_code) == (1, 1)
    assert not any(report["created"].values())
    assert not any(table.objects.exists() for table in (Partner, User, Cycle, Scorecard))


def test_a_ten_megabyte_cell_costs_its_row_and_no_other(load):
    report = load(
        f'Acorn,,ann@example.org,it,Fair,3,"{"x" * 10_000_000}"', "Acorn,,ann@example.org,it,Quality,4,"
    )
    assert [problem["line"] for problem in report["problems"]] == [2]
    assert Rating.objects.get().value == 4


def test_a_cell_given_twice_is_taken_once_whatever_the_spelling(load):
    report = load(
        "Acorn Ltd,,ann@example.org,it,Fair,3,",
        "acorn ltd,,ANN@example.org,it,fair,5,",
        "Acorn Limited,,ann@example.org,it,Fair,4,",
    )
    assert [(problem["line"], problem["reason"]) for problem in report["problems"]] == [
        (3, "The same cell is already on line 2."),
        (4, "The same cell is already on line 2, under another spelling."),
    ]
    assert report["notes"] == ["“Acorn Limited” was taken for Acorn Ltd."]
    assert Rating.objects.get().value == 3


def test_known_partners_and_people_are_found_and_others_need_create(load):
    partner = make_partner("Birch GmbH", name_key="birch")
    ann = make_user(name="Ann Archer", email="ann@example.org")
    report = load(
        "BIRCH gmbh,,ann archer,it,Fair,3,",
        "Cedar,,Ann Archer,it,Fair,3,",
        "Birch GmbH,,Zoe,it,Fair,3,",
        create=False,
    )
    assert load.exit_code == 1  # and there is no such cycle
    make_cycle(name="2026 Q4")
    report = load(
        "BIRCH gmbh,,ann archer,it,Fair,3,",
        "Cedar,,Ann Archer,it,Fair,3,",
        "Birch GmbH,,Zoe,it,Fair,3,",
        create=False,
    )
    assert [(problem["line"], problem["column"]) for problem in report["problems"]] == [
        (3, "partner"),
        (4, "rater"),
    ]
    assessment = Assessment.objects.get()
    assert (assessment.scorecard.partner, assessment.rater) == (partner, ann)
    assert assessment.submitted_at


def test_two_of_one_name_are_not_guessed_at(load):
    make_user(name="Ann Archer")
    make_user(name="Ann Archer")
    make_partner("Birch", name_key="birch")
    make_partner("Birch Inc.", name_key="birch")
    report = load(
        "Birch Ltd,,ben@example.org,it,Fair,3,",
        "Birch,,Ann Archer,it,Fair,3,",
        "Birch Inc.,,ben@example.org,it,Fair,3,",
    )
    assert [(problem["line"], problem["column"]) for problem in report["problems"]] == [
        (2, "partner"),
        (3, "rater"),
    ]
    assert Scorecard.objects.get().partner.name == "Birch Inc."


def test_a_person_has_one_role_and_only_asked_roles_rate(load):
    Criterion.objects.filter(name="Fair").update(roles=["procurement"])
    report = load(
        "Acorn,,ann@example.org,it,On time,3,",
        "Acorn,,ann@example.org,business,Quality,3,",
        "Acorn,,ann@example.org,it,Fair,3,",
    )
    assert [problem["reason"] for problem in report["problems"]] == [
        "ann@example.org rates Acorn as IT further up; a person has one role.",
        "“Fair” is asked of Procurement, not of IT.",
    ]


def test_an_empty_cell_that_was_not_asked_is_no_problem(load):
    Criterion.objects.filter(name="Fair").update(roles=["procurement"])
    report = load("Acorn,,ann@example.org,it,On time,3,", "Acorn,,ann@example.org,it,Fair,,")
    assert (report["problems"], report["rejected"], Rating.objects.count()) == ([], 0, 1)
    assert load("Acorn,,ann@example.org,it,Fair,,for all I know")["problems"] != []


def test_what_spreadsheets_leave_empty_is_no_problem(load):
    report = load("Acorn,,ann@example.org,it,On time,3,,,", " ,,,,,,", "Acorn,,ann@example.org,it,Fair,4,,,x")
    assert [(problem["line"], report["read"]) for problem in report["problems"]] == [(4, 2)]


def test_joined_letters_and_pictures_of_a_name_are_kept(load):
    """Persian and Hindi join letters by signs of no width, and so do pictures of several parts."""
    names = ["🚀 Räkete 👩‍🚀", "می‌خواهم", "शक्ति‍"]
    report = load(*(f"{name},,ann@example.org,it,Fair,3," for name in names))
    assert report["problems"] == []
    assert {card.partner.name for card in Scorecard.objects.all()} == set(names)


def test_a_closed_cycle_is_refused_with_a_sentence(load, template):
    card = make_scorecard(template=template, cycle=make_cycle(template, state="closed", name="2026 Q4"))
    rate(make_assessment(card, submitted=True), 3, 3, 3)
    report = load(f"{card.partner},,ann@example.org,it,Fair,5,")
    assert report["problems"][0]["reason"] == (
        "2026 Q4 is closed, so its marks cannot change. An administrator can reopen it."
    )
    assert (load.exit_code, User.objects.filter(email="ann@example.org").exists()) == (1, False)


def test_a_partner_scored_with_another_template_is_not_mixed_in(load):
    cycle = make_cycle(name="2026 Q4")
    card = make_scorecard(make_partner("Acorn", name_key="acorn"), make_template(name="Other"), cycle)
    report = load("Acorn,,ann@example.org,it,Fair,5,", "Birch,,ann@example.org,it,Fair,5,")
    assert [problem["reason"] for problem in report["problems"]] == [
        "Acorn is scored with “Other” in 2026 Q4."
    ]
    assert not card.assessments.exists()


def test_a_file_that_is_no_table_is_refused(load):
    report = load("3", header="nonsense")
    assert report["problems"][0]["reason"].startswith(
        "The first line must name the columns; missing: partner"
    )
    assert load.exit_code == 1


def test_semicolons_and_windows_letters_are_read(load):
    report = load("Müller;ann@example.org;Fair;3", header="Partner;Rater;Criterion;Rating", encoding="cp1252")
    assert (Partner.objects.get().name, report["notes"]) == (
        "Müller",
        ["The file is not in UTF-8; it was read as Windows-1252."],
    )


def test_a_table_of_very_many_columns_is_refused_in_a_sentence(load):
    report = load("Acorn", header=",".join([HEADER, *(f"c{number}" for number in range(194))]))
    assert [problem["reason"] for problem in report["problems"]] == [
        "The first line has 201 columns; up to 200 are read."
    ]


def test_what_does_not_exist_is_said(load, template, tmp_path):
    (tmp_path / "f.csv").write_text(HEADER)
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command(
            "import_ratings",
            tmp_path / "f.csv",
            cycle="2026 Q4",
            template="No such",
            json=True,
            stdout=out,
            stderr=StringIO(),
        )
    (problem,) = json.loads(out.getvalue().splitlines()[-1])["problems"]
    assert problem["reason"] == "There is no template “No such”. There is “Vendors”."
    with pytest.raises(CommandError, match="There is no cycle “2030 Q1”"):
        call_command("export_scores", cycle="2030 Q1", format="json")


def test_the_export_neutralises_formulas_and_leaves_gaps_empty(load):
    load("=HYPERLINK(1),,ann@example.org,it,Fair,3,")
    out = StringIO()
    call_command("export_scores", cycle="2026 Q4", format="csv", stdout=out)
    (row,) = csv.DictReader(StringIO(out.getvalue()))
    assert row["partner"] == "'=HYPERLINK(1)"
    assert (row["score"], row["criterion: Fair"], row["criterion: Quality"], row["rank"]) == (
        "50.0000",
        "50.0000",
        "",
        "",
    )


def test_the_json_is_written_as_json_writes_it(load):
    load('"Acorn ""A"", {}\n[]",,ann@example.org,it,Fair,3,', "Ünïted,,ann@example.org,it,On time,3,")
    make_cycle(name="Empty")
    make_scorecard(cycle=make_cycle(name="Bare"), template=make_template({("Unasked", 100): []}))
    for cycle, rows in (("2026 Q4", 2), ("Empty", 0), ("Bare", 1)):
        out = StringIO()
        call_command("export_scores", cycle=cycle, format="json", stdout=out)
        found = json.loads(out.getvalue())
        assert len(found) == rows
        assert out.getvalue() == json.dumps(found, ensure_ascii=False, indent=1) + "\n"


def test_recompute_verifies_changes_nothing_and_mends_open_cycles_only(load):
    load("Acorn,,ann@example.org,it,Fair,3,")
    Score.objects.update(overall=1)
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("recompute", verify=True, stdout=out)
    assert "overall is 1, the marks give 50" in out.getvalue()
    assert Score.objects.get().overall == 1
    Cycle.objects.update(state="closed")
    with pytest.raises(SystemExit):
        call_command("recompute", all=True, stdout=out)
    assert Score.objects.get().overall == 1
    Cycle.objects.update(state="open")
    call_command("recompute", cycle="2026 Q4", stdout=out)
    call_command("recompute", verify=True, stdout=out)
    assert Score.objects.get().overall == 50


@pytest.mark.django_db(transaction=True)
def test_a_partner_merged_away_while_the_file_is_written_refuses_the_file_in_words(template):
    cycle = make_cycle(template, name="2026 Q4")
    held = make_assessment(make_scorecard(make_partner("Alder"), template, cycle), make_user(name="Ann"))
    loser, winner = make_partner("Birch"), make_partner("Cedar")
    lines = [HEADER, "Alder,,Ann,,On time,4,", "Birch,,Ann,,On time,4,"]

    def bring_in() -> str:
        try:
            return str(import_ratings(lines, cycle=cycle.name, template=template.name))
        except CannotImport as refused:
            return str(refused)

    with ThreadPoolExecutor() as others:
        with transaction.atomic():
            Assessment.objects.select_for_update().get(pk=held.pk)
            importing = others.submit(in_another_session, bring_in)
            wait_until_somebody_waits()
            by = make_user("administrator")
            merge_partners(loser, winner, by=by, versions=(loser.version, winner.version))
        (said,) = importing.result(timeout=10)
    assert "merged or removed meanwhile" in said
    assert not Rating.objects.exists()


@pytest.mark.parametrize(
    ("lines", "header", "column", "reason"),
    [
        (["Acorn,,Ann,it,Fair,2,turned \u202e round"], HEADER, "comment", "invisible signs"),
        (["Acorn,,Ann,it,Fair,2,bell \x07"], HEADER, "comment", "signs that cannot be shown"),
        (["Acorn,,Ann,it,Fair,2,3"], HEADER.replace("comment", "rating"), "rating", "stands twice"),
        ([], HEADER, "", "no rows below its headings"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_and_nothing_kept(load, lines, header, column, reason):
    report = load(*lines, header=header)
    assert [problem["column"] for problem in report["problems"]] == [column]
    assert reason in report["problems"][0]["reason"]
    assert (load.exit_code, Rating.objects.count(), Cycle.objects.count()) == (1, 0, 0)


def test_blank_lines_above_the_headings_do_not_shift_the_lines(load):
    report = load("Acorn,,Ann,it,Fair,2,", "Acorn,,Ben,it,Fair,6,", header=f"\n\n{HEADER}")
    assert [problem["line"] for problem in report["problems"]] == [5]
    assert Rating.objects.count() == 1


def test_the_change_in_an_export_is_the_difference_of_its_own_numbers(load):
    load(*[f"Acorn,,Rater {n},it,Fair,{mark}," for n, mark in enumerate([1, 1, 2])], cycle="2026 Q3")
    Cycle.objects.update(state=Cycle.CLOSED)
    load(*[f"Acorn,,Rater {n},it,Fair,{mark}," for n, mark in enumerate([1, 2, 2])], cycle="2026 Q4")
    (row,) = export()
    assert (row["score"], row["previous"], row["change"]) == ("16.6667", "8.3333", "8.3334")
