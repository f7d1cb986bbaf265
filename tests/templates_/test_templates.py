"""Templates: read from a table, versioned, activated only when the weights add up."""

import csv
import io
import json
import time
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from evidence.figures import FIGURES
from scorecards.models import Criterion, Template
from scorecards.services import templates as service
from scorecards.services.recompute import recompute_now
from tests.factories import make_assessment, make_cycle, make_partner, make_scorecard, make_template, rate

HEAD = "category,category_weight,criterion,weight,kind,metric,roles,critical_minimum,anchor_1,anchor_2,anchor_3,anchor_4,anchor_5\n"


def table(*rows: str) -> str:
    return HEAD + "".join(f"{row},,,,,,,,,\n" for row in rows)


def test_the_built_in_templates_load_once_and_are_active(db):
    assert service.load_builtin() == 5
    assert service.load_builtin() == 0
    assert Template.objects.filter(state="active").count() == 5
    assert all(len(criterion.anchors) == 5 for criterion in Criterion.objects.all())
    assert not any(service.weight_problems(template) for template in Template.objects.all())


def test_weights_are_compared_as_decimals(db):
    rows = [
        f"{name},{weight},Only,100"
        for name, weight in zip("ABCDE", ("13.8", "44.5", "23.9", "4.6", "13.2"), strict=True)
    ]
    template, _ = service.import_template(table(*rows), name="Exact", activate_it=True)
    assert template.state == Template.ACTIVE


def test_99_99_is_refused_with_the_sum_and_nothing_is_saved(db):
    with pytest.raises(ValidationError, match=r"99\.99"):
        service.import_template(table("A,99.99,Only,100"), name="Short", activate_it=True)
    assert not Template.objects.exists()


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("A,NaN,Only,100", "category_weight"), ("A,Infinity,Only,100", "category_weight"),
        ("A,1_000,Only,100", "category_weight"), ("A,١٠٠,Only,100", "category_weight"),
        ("A,-5,Only,100", "category_weight"), ("A,100,,100", "criterion"), (",100,Only,100", "category"),
        ("A,100,Only,1e2", "weight"), ("A,100,Only,33.33333", "weight"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_read_is_named_and_nothing_is_saved(db, row, column):
    template, reading = service.import_template(table("B,50,Fine,100", row), name="Bad")
    assert template is None
    assert [(problem.line, problem.column) for problem in reading.problems] == [(3, column)]
    assert not Template.objects.exists()


def test_a_german_spreadsheet_writes_its_weights_with_a_comma(db):
    rows = "category;category_weight;criterion;weight\nA;13,8;Only;100\nB;86,2;Only;100,0\n"
    template, _ = service.import_template(rows, name="Komma", activate_it=True)
    assert [str(category.weight) for category in template.categories.all()] == ["13.8000", "86.2000"]
    _, reading = service.import_template(
        'category,category_weight,criterion,weight\nA,"13,8",x,100\n', name="No"
    )
    assert reading.problems[0].reason.startswith("“13,8” is not a number")


def test_a_table_of_very_many_columns_is_refused_at_once(db):
    """Comparing each heading with each other took minutes."""
    wide = HEAD.strip() + "," + ",".join(f"c{number}" for number in range(100_000))
    started = time.process_time()
    _, reading = service.import_template(f"{wide}\nA,100,x,100\n", name="Wide")
    assert time.process_time() - started < 2
    assert [problem.reason for problem in reading.problems] == [
        "The first line has 100,013 columns; up to 200 are read."
    ]


@pytest.mark.parametrize("command", ["import_template", "import_ratings", "import_register"])
@pytest.mark.parametrize(("path", "why"), [("/dev/null", "it is no file"), ("/", "it is a folder")])
def test_a_command_refuses_what_is_no_file(db, command, path, why):
    """A device may never end: reading /dev/zero would fill the memory."""
    make_template(name="T")
    names = {
        "import_template": {"name": "T"},
        "import_ratings": {"cycle": "C", "template": "T"},
        "import_register": {},
    }
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command(command, path, json=True, stdout=out, stderr=io.StringIO(), **names[command])
    report = json.loads(out.getvalue().splitlines()[-1])
    assert report["problems"][0]["reason"] == f"{path} cannot be read: {why}."


def test_an_export_comes_back_as_the_same_template(db):
    service.load_builtin()
    original = Template.objects.get(name="Solution provider")
    header, rows = service.template_rows(original)
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    copy, _ = service.import_template(text.getvalue(), name="Copy", kind="provider")
    assert service.template_rows(copy) == (header, rows)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_a_table_is_read_as_spreadsheets_save_it(client, procurement, encoding):
    client.force_login(procurement)
    file = SimpleUploadedFile("t.csv", table("Qualität,100,Größe,100").replace(",", ";").encode(encoding))
    sent = {"file": file, "name": "Saved", "kind": "vendor", "scale_min": "1", "scale_max": "5"}
    client.post(reverse("template_import"), sent)
    assert Criterion.objects.get(name="Größe").category.name == "Qualität"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"PK\x03\x04\x00\x00", "This is not a CSV file"), (b"x" * 2_000_001, "larger than 2 MB"), (b"x", "must name the columns")],
)  # fmt: skip
def test_a_file_that_is_no_table_is_refused_on_the_page_and_by_the_command(
    client, procurement, tmp_path, content, sentence
):
    client.force_login(procurement)
    sent = {"file": SimpleUploadedFile("t.csv", content), "name": "No", "kind": "vendor", "scale_min": "1", "scale_max": "5"}  # fmt: skip
    response = client.post(reverse("template_import"), sent)
    assert response.status_code == 400
    assert sentence in response.content.decode()
    (tmp_path / "t.csv").write_bytes(content)
    said = io.StringIO()
    with pytest.raises((CommandError, SystemExit)) as refused:
        call_command("import_template", str(tmp_path / "t.csv"), "--name", "No", stderr=said)
    assert sentence in f"{refused.value} {said.getvalue()}"
    assert not Template.objects.exists()


def test_a_template_in_use_is_never_edited_but_gets_a_new_version(client, procurement, db):
    template = make_template()
    make_cycle(template)
    client.force_login(procurement)
    assert client.get(reverse("template_edit", args=[template.pk])).status_code == 302
    client.post(reverse("template_new_version", args=[template.pk]))
    draft = Template.objects.get(name=template.name, state=Template.DRAFT)
    assert draft.number == 2
    client.post(reverse("template_activate", args=[draft.pk]))
    template.refresh_from_db()
    assert template.state == Template.RETIRED


@given(st.lists(st.decimals(0, 1000, places=2), min_size=1, max_size=30))
def test_normalised_weights_add_up_to_exactly_100(weights):
    assert sum(service.normalise(weights)) == 100


def test_what_if_with_todays_weights_shows_todays_scores(client, procurement, db):
    template = make_template(minimum_raters=1)
    cycle = make_cycle(template)
    for marks in ((5, 5, 1), (1, 3, 5)):
        assessment = make_assessment(make_scorecard(make_partner(), template, cycle))
        rate(assessment, *marks)
        type(assessment).objects.filter(pk=assessment.pk).update(submitted_at="2026-11-01T12:00Z")
    recompute_now(cycle.scorecards.values_list("pk", flat=True))
    client.force_login(procurement)
    address = reverse("template_what_if", args=[template.pk])
    template.bands.filter(letter="C").update(name="Middling")
    page = client.get(address)
    assert "</b>Middling" in page.content.decode()
    lines = page.context["lines"]
    assert [(str(line.before.overall), line.before == line.after) for line in lines] == [
        ("60.0000", True),
        ("55.0000", True),
    ]
    service_category, price = template.categories.all()
    lines = client.get(address, {f"g{service_category.pk}": "10", f"g{price.pk}": "90"}).context["lines"]
    assert [(line.rank_before, line.rank_after, str(line.after.overall)) for line in lines] == [
        (2, 1, "92.5000"), (1, 2, "10.0000"),
    ]  # fmt: skip
    refused = client.get(address, {f"g{price.pk}": "NaN"})
    assert refused.status_code == 400
    assert "is not a number" in refused.content.decode()


def test_what_if_weights_are_kept_as_a_draft_and_the_version_in_use_stays(client, procurement):
    template = make_template()
    client.force_login(procurement)
    service_category, price = template.categories.all()
    fair = price.criteria.get()
    weights = {f"g{service_category.pk}": "10", f"g{price.pk}": "90", f"c{fair.pk}": "50"}
    address = reverse("template_what_if", args=[template.pk])
    client.post(address, weights)
    draft = Template.objects.get(state=Template.DRAFT)
    assert [category.weight for category in draft.categories.all()] == [10, 90]
    assert Criterion.objects.get(category__template=draft, name="Fair").weight == 50
    assert [category.weight for category in template.categories.all()] == [60, 40]
    again = client.post(address, weights, follow=True)
    assert "already has a draft" in again.content.decode()
    assert again.context["typed"][f"g{price.pk}"] == "90", "what was typed is still there"


def test_the_command_prints_one_json_object_and_fails_when_nothing_is_usable(db, tmp_path, capsys):
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(table("A,100,Only,100"))
    bad.write_text(table("A,100,Only,x"))
    call_command("import_template", str(good), "--name", "T", "--activate", "--json")
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["created"]["criteria"] == 1
    with pytest.raises(SystemExit):
        call_command("import_template", str(bad), "--name", "U", "--json")
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["rejected"] == 1
    assert said["problems"][0]["line"] == 2


@pytest.mark.parametrize(
    ("content", "name", "options", "reason"),
    [
        (None, "T", [], "cannot be read: No such file"),
        (b"Category,category weight,criterion,weight\nA,100,B,x\n", "T", [], "not a number"),
        (b"category,category_weight,criterion,weight\nA,100,B,100\n", " ", [], "Give the template a name"),
        (
            b"category,category_weight,criterion,weight\nA,100,B,100\n",
            "T",
            ["--scale", "5", "1"],
            "scale must rise",
        ),
        (b'category,category_weight,criterion,weight\nA,100,"B,100\n', "T", [], "quotation mark"),
        (b"category,category_weight,criterion,weight\nA,50,B,100\na,50,B,100\n", "T", [], "stands above as"),
        (b"category,category_weight,criterion,weight\nA,100,B,50\nA,100,b,50\n", "T", [], "stands twice"),
    ],
)
def test_the_command_says_what_is_wrong_as_json_too(db, tmp_path, capsys, content, name, options, reason):
    file = tmp_path / "t.csv"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SystemExit) as left:
        call_command("import_template", str(file), "--name", name, "--json", *options)
    problems = json.loads(capsys.readouterr().out.splitlines()[-1])["problems"]
    assert left.value.code == 1
    assert reason in problems[0]["reason"]
    assert not Template.objects.exists()


def test_what_if_says_beside_the_scores_which_weight_cannot_be_read(client, procurement, db):
    """With a full page and with the part of it that is swapped in, which needs a 200."""
    template = make_template()
    name = f"g{template.categories.first().pk}"
    client.force_login(procurement)
    address = reverse("template_what_if", args=[template.pk])
    for headers, status in (({}, 400), ({"hx-request": "true"}, 200)):
        response = client.get(address, {name: "1_0"}, headers=headers)
        assert response.status_code == status
        assert f'<a href="#w-{name}">Service: “1_0” is not a number' in response.content.decode()


def test_a_critical_criterion_names_the_standing_it_holds_at(client, procurement, db):
    template = make_template()
    Criterion.objects.filter(category__template=template, name="Fair").update(critical_minimum=40)
    client.force_login(procurement)
    page = reverse("template_detail", args=[template.pk])
    assert "under 40 it holds the standing at Weak." in client.get(page).content.decode()
    Criterion.objects.filter(name="Fair").update(critical_cap="C")
    assert "under 40 it holds the standing at Fair." in client.get(page).content.decode()


def test_the_shares_of_the_whole_add_up_as_they_are_shown(client, procurement, db):
    template = make_template({("Service", 25): [("a", 15), ("b", 85)], ("Price", 75): [("c", 100)]})
    client.force_login(procurement)
    text = client.get(reverse("template_detail", args=[template.pk])).content.decode()
    for share in ("3.75", "21.25", "25.00", "75.00"):
        assert f">{share}</td>" in text


MEASURED = "category,category_weight,criterion,weight,kind,metric,floor,target,min_observations\n"


def measured_row(*cells: str) -> str:
    return f"{MEASURED}Roadmap,100,Kept,100,{','.join(cells)}\n"


def test_a_measured_criterion_comes_from_a_table_and_goes_out_the_same(db):
    text = measured_row("measured", "promises_kept", "0.2", "90 %", "4")
    template, reading = service.import_template(text, name="Measured", activate_it=True)
    assert reading.problems == []
    criterion = Criterion.objects.get(category__template=template)
    assert (criterion.floor, criterion.target, criterion.min_observations) == (
        Decimal("0.2"), Decimal("0.9"), 4,
    )  # fmt: skip
    header, rows = service.template_rows(template)
    assert dict(zip(header, rows[0], strict=True)) | {"floor": "0.2", "target": "0.9"} == dict(
        zip(header, rows[0], strict=True)
    )


def test_without_a_line_a_measured_criterion_takes_the_usual_one(db):
    template, _ = service.import_template(measured_row("measured", "answer_days", "", "", ""), name="Usual")
    criterion = Criterion.objects.get(category__template=template)
    assert (criterion.floor, criterion.target, criterion.min_observations) == (15, 3, 1)


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        (
            ("measured", "luck", "0", "1", ""),
            "metric",
            "There is no figure “luck”. Figures that measure: presence_ratio",
        ),
        (("rated", "luck", "", "", ""), "metric", "There is no figure “luck”"),
        (("measured", "", "0", "1", ""), "metric", "needs a figure, and none is chosen"),
        (
            ("measured", "open_requests", "9", "0", ""),
            "metric",
            "can stand beside a criterion and not measure it",
        ),
        (("measured", "focus", "x", "1", ""), "floor", "is not a number"),
        (("measured", "focus", "1", "1", ""), "target", "they must differ"),
        (("measured", "focus", "", "1", ""), "floor", "needs both"),
        (("measured", "focus", "0", "1", "0"), "min_observations", "no whole number from 1"),
        (("measured", "focus", "0", "1", "٣"), "min_observations", "no whole number from 1"),
    ],
)
def test_a_measure_that_cannot_be_is_refused_with_line_and_reason(db, cells, column, reason):
    template, reading = service.import_template(measured_row(*cells), name="Wrong")
    (problem,) = reading.problems
    assert (template, problem.line, problem.column) == (None, 2, column)
    assert reason in problem.reason


def test_a_draft_whose_measure_is_not_settled_cannot_be_activated(db):
    template = make_template({("Roadmap", 100): [("Kept", 100)]}, state="draft")
    Criterion.objects.filter(category__template=template).update(kind="measured", metric="focus")
    with pytest.raises(ValidationError, match="“Kept”: A measured criterion needs both"):
        service.activate(template)


def test_built_in_templates_name_figures_there_are_and_stay_rated(db):
    service.load_builtin()
    named = Criterion.objects.exclude(metric="").values_list("metric", "kind")
    assert len(named) >= 25
    assert {kind for _, kind in named} == {"rated"}
    assert {metric for metric, _ in named} <= set(FIGURES)
