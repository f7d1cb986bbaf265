"""The editor of a draft: one form, every button saves it all, nothing is lost and nothing half saved."""

from decimal import Decimal
from html import unescape

import pytest
from django.db import connection
from django.urls import reverse

from evidence.models import Figure
from partners.models import Partner
from scorecards.models import Band, Category, Criterion, Template
from scorecards.services import templates as service
from tests.factories import make_partner, make_template, make_unit
from tests.forms import form_data


@pytest.fixture
def draft(db) -> Template:
    return make_template(
        {("Service", 60): [("On time", 50), ("Quality", 50)], ("Price", 40): [("Fair", 100)]}, state="draft"
    )


@pytest.fixture
def address(draft) -> str:
    return reverse("template_edit", args=[draft.pk])


@pytest.fixture
def editor(client, procurement):
    client.force_login(procurement)
    return client


def field_of(data: dict, value: str) -> str:
    """The name of the field that holds a value, without its last part: `criteria-0`."""
    return next(name for name, values in data.items() if values == [value]).rpartition("-")[0]


def test_saving_an_untouched_page_changes_nothing_but_the_version(editor, draft, address):
    before = service.template_rows(draft)
    bands = list(draft.bands.values_list("pk", "letter", "lower"))
    response = editor.post(address, {**form_data(editor.get(address)), "do": "done"})
    assert response.status_code == 302
    draft.refresh_from_db()
    assert service.template_rows(draft) == before
    assert list(draft.bands.values_list("pk", "letter", "lower")) == bands
    assert draft.role_weights == {}
    assert draft.version == 2


def test_weights_names_anchors_and_who_is_asked_are_saved_at_once(editor, draft, address):
    data = form_data(editor.get(address))
    row = field_of(data, "On time")
    changes = {f"{row}-name": "Punctual", f"{row}-weight": "44.5", f"{row}-roles": ["it", "business"],
               f"{row}-anchor_1": "Never came.", f"{row}-critical_minimum": "25", f"{row}-critical_cap": "C",
               "weight_it": "2.5", "minimum_coverage": "70"}  # fmt: skip
    assert editor.post(address, {**data, **changes}).status_code == 302
    criterion = Criterion.objects.get(name="Punctual")
    assert (criterion.weight, criterion.roles, criterion.anchors[0]) == (
        Decimal("44.5"),
        ["it", "business"],
        "Never came.",
    )
    assert (criterion.critical_minimum, criterion.critical_cap) == (25, "C")
    draft.refresh_from_db()
    assert (draft.role_weights, draft.minimum_coverage) == ({"it": "2.5"}, 70)


@pytest.mark.parametrize(
    "weight", ["NaN", "Infinity", "1_000", "١٠٠", "-1", "1e2", "33.33333", "10001", "", "9" * 5000]
)
def test_a_weight_that_is_no_plain_number_is_refused_and_everything_typed_stays(
    editor, draft, address, weight
):
    data = form_data(editor.get(address))
    row = field_of(data, "On time")
    response = editor.post(address, {**data, f"{row}-weight": weight, f"{row}-name": "Kept as typed"})
    assert response.status_code == 400
    assert "Kept as typed" in response.content.decode()
    assert form_data(response)[f"{row}-weight"] == [weight]
    assert not Criterion.objects.filter(name="Kept as typed").exists()


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "This field is required"), ("name", "A\x00B", "invisible signs"),
        ("name", "\u202eSafe", "invisible signs"), ("name", "x" * 201, "at most 200 characters"),
        ("anchor_3", "", "Write a sentence for every mark"), ("anchor_3", "x" * 501, "at most 500"),
        ("critical_minimum", "101", "too large"), ("critical_cap", "Z", "not one of the available"),
        ("roles", ["ceo"], "not one of the available"), ("category", "0", "not one of the available"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_beside_the_field(editor, address, field, value, sentence):
    data = form_data(editor.get(address))
    row = field_of(data, "On time")
    response = editor.post(address, {**data, f"{row}-{field}": value})
    assert response.status_code == 400
    assert sentence in response.content.decode()


@pytest.mark.parametrize(("one", "other"), [("Service", "Price"), ("On time", "Quality")])
def test_two_names_change_places_in_one_save(editor, draft, address, one, other):
    data = form_data(editor.get(address))
    first, second = field_of(data, one), field_of(data, other)
    model = Category if one == "Service" else Criterion
    was = dict(model.objects.values_list("name", "pk"))
    answer = editor.post(address, {**data, f"{first}-name": other, f"{second}-name": one})
    assert answer.status_code == 302
    connection.check_constraints()
    assert dict(model.objects.values_list("name", "pk")) == {**was, one: was[other], other: was[one]}


def test_a_name_is_free_for_another_when_its_row_goes_in_the_same_save(editor, address):
    data = form_data(editor.get(address))
    gone, heir = field_of(data, "On time"), field_of(data, "Quality")
    changes = {f"{gone}-DELETE": "on", f"{heir}-name": "On time"}
    assert editor.post(address, {**data, **changes}).status_code == 302
    connection.check_constraints()
    assert set(Criterion.objects.values_list("name", flat=True)) == {"On time", "Fair"}


@pytest.mark.parametrize(("one", "other"), [("Service", "Price"), ("On time", "Quality")])
@pytest.mark.parametrize("sent", ["both rows", "one row"])
def test_a_name_that_stays_taken_is_said_beside_the_field(editor, address, one, other, sent):
    data = form_data(editor.get(address))
    row = field_of(data, one)
    changed = {**data, f"{row}-name": other}
    if sent == "one row":  # a page that leaves a row out does not free its name
        prefix = row.partition("-")[0]
        kept = {
            name.replace(row, f"{prefix}-0"): value for name, value in changed.items() if name.startswith(row)
        }
        rest = {name: value for name, value in changed.items() if not name.startswith(f"{prefix}-")}
        forms = {f"{prefix}-TOTAL_FORMS": "1", f"{prefix}-INITIAL_FORMS": "1"}
        changed = {**rest, **kept, **forms}
    answer = editor.post(address, changed)
    assert answer.status_code == 400
    assert "This name is taken here." in answer.content.decode()


def test_markup_in_a_name_is_shown_as_text(editor, draft, address):
    data = form_data(editor.get(address))
    editor.post(address, {**data, f"{field_of(data, 'On time')}-name": "<script>alert(1)</script>"})
    for page in (address, reverse("template_detail", args=[draft.pk])):
        assert "<script>alert" not in editor.get(page).content.decode()


def test_categories_and_criteria_are_added_moved_and_removed(editor, draft, address):
    editor.post(address, {**form_data(editor.get(address)), "do": "add"})
    added = draft.categories.get(name="New category")
    response = editor.post(address, {**form_data(editor.get(address)), "do": f"add:{added.pk}"})
    criterion = added.criteria.get()
    assert response["Location"].endswith(f"#c{criterion.pk}")
    editor.post(address, {**form_data(editor.get(address)), "do": f"up:g:{added.pk}"})
    assert [category.name for category in draft.categories.all()] == ["Service", "New category", "Price"]
    quality = Criterion.objects.get(name="Quality")
    editor.post(address, {**form_data(editor.get(address)), "do": f"up:c:{quality.pk}"})
    assert [c.name for c in quality.category.criteria.all()] == ["Quality", "On time"]
    data = form_data(editor.get(address))
    row, into = field_of(data, "Fair"), Category.objects.get(name="Service")
    price = field_of(data, "Price")
    editor.post(address, {**data, f"{row}-category": into.pk, f"{price}-DELETE": "on"})
    assert Criterion.objects.get(name="Fair").category == into  # it had moved out before its category went
    assert not Category.objects.filter(name="Price").exists()


@pytest.mark.parametrize(
    "do", ["up:g:0", "up:c:99999999999999999999", "add:١", "down:x:1", ":::", "x" * 9999]
)
def test_an_unknown_button_only_saves(editor, draft, address, do):
    assert editor.post(address, {**form_data(editor.get(address)), "do": do}).status_code == 302
    assert draft.categories.count() == 2


def test_a_button_reaches_no_other_template(editor, draft, address):
    other = make_template(state="draft")
    for do in (f"add:{other.categories.first().pk}", f"down:g:{other.categories.first().pk}"):
        editor.post(address, {**form_data(editor.get(address)), "do": do})
    assert [(c.name, c.position, c.criteria.count()) for c in other.categories.all()] == [
        ("Service", 0, 2),
        ("Price", 1, 1),
    ]


def test_a_row_of_another_template_is_left_alone(editor, draft, address):
    stranger = make_template(state="draft").categories.first()
    data = form_data(editor.get(address))
    row = field_of(data, "Service")
    editor.post(address, {**data, f"{row}-id": stranger.pk, f"{row}-name": "Taken over"})
    stranger.refresh_from_db()
    assert stranger.name == "Service"


def test_rescaling_saves_what_was_typed_and_makes_it_add_up(editor, draft, address):
    data = form_data(editor.get(address))
    service_row, price = field_of(data, "Service"), field_of(data, "Price")
    editor.post(address, {**data, f"{service_row}-weight": "1", f"{price}-weight": "2", "do": "normalise"})
    assert [category.weight for category in draft.categories.all()] == [Decimal("33.33"), Decimal("66.67")]
    assert not service.weight_problems(draft)


def test_standings_change_places_and_one_without_an_edge_is_not_used(editor, draft, address):
    data = form_data(editor.get(address))
    editor.post(
        address, {**data, "lower_A": "70", "lower_B": "55", "lower_C": "40", "lower_D": "", "name_B": "Fine"}
    )
    assert list(Band.objects.filter(template=draft).values_list("letter", "name", "lower")) == [
        ("A", "Strong", 70), ("B", "Fine", 55), ("C", "Fair", 40), ("E", "Failing", 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("edges", "sentence"),
    [
        ({"lower_B": "90"}, "must begin below the standing above"), ({"lower_E": "5"}, "must begin at 0"),
        ({"lower_A": "85.55"}, "more than 1 decimals"), ({"lower_A": "", "lower_B": "", "lower_C": "", "lower_D": ""}, "at least two"),
        ({"weight_it": "0", "weight_business": "0", "weight_procurement": "0", "weight_leadership": "0"}, "At least one side"),
        ({"minimum_raters": "0"}, "greater than or equal to 1"), ({"minimum_raters": "1_0"}, "whole number in digits"), ({"minimum_coverage": "NaN"}, "not a number"),
    ],
)  # fmt: skip
def test_standings_and_sides_that_cannot_be_are_refused(editor, draft, address, edges, sentence):
    response = editor.post(address, {**form_data(editor.get(address)), **edges})
    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert draft.bands.get(letter="A").lower == 85


def test_a_stale_save_shows_both_values_and_saves_nothing(editor, draft, address):
    mine, theirs = form_data(editor.get(address)), form_data(editor.get(address))
    row = field_of(mine, "On time")
    assert editor.post(address, {**theirs, f"{row}-weight": "48"}).status_code == 302
    response = editor.post(address, {**mine, f"{row}-weight": "44"})
    assert response.status_code == 409
    shown = {cell.strip() for cell in response.content.decode().replace("<", ">").split(">")}
    assert {"On time Weight, %", "48", "44"} <= shown
    assert Criterion.objects.get(name="On time").weight == 48


def test_a_page_left_open_while_it_was_activated_is_told_so(editor, draft, address):
    data = form_data(editor.get(address))
    service.activate(draft)
    response = editor.post(address, data)
    assert response.status_code == 409
    assert "Active" in response.content.decode()


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"version": "1"},
        {"version": "1", "criteria-TOTAL_FORMS": "999999999", "criteria-INITIAL_FORMS": "x"},
    ],
)
def test_half_a_form_saves_nothing(editor, draft, address, data):
    assert editor.post(address, data).status_code in (400, 409)
    draft.refresh_from_db()
    assert draft.version == 1


def test_the_page_asks_as_often_for_many_criteria_as_for_few(editor, draft, address, statements):
    statements(editor, address)
    few = statements(editor, address)
    for _ in range(8):
        service.add_criterion(draft.categories.first())
    assert statements(editor, address) == few


@pytest.fixture
def figures(db):
    """Two vendors with a figure, one with too little to say, one of another kind, one without any."""
    for name, kind, value, number in (
        ("Northgate", "vendor", "0.9", 10), ("Quiet", "vendor", "0.2", 10), ("New", "vendor", None, 2),
        ("Helper", "provider", "1", 10),
    ):  # fmt: skip
        partner = make_partner(name, kind=kind)
        Figure.objects.create(partner=partner, name="promises_kept", value=value, observations=number)
    make_partner("Unknown")


def measured(editor, address, **fields) -> tuple[dict, str]:
    """The page's form with the first criterion measured by promises kept, and the name of its row."""
    data = form_data(editor.get(address))
    row = field_of(data, "On time")
    line = {"kind": "measured", "metric": "promises_kept"} | fields
    return {**data, **{f"{row}-{name}": value for name, value in line.items()}}, row


def test_a_criterion_is_measured_by_the_usual_line_unless_somebody_says(editor, draft, address):
    data, _ = measured(editor, address, metric="answer_days")
    assert editor.post(address, data).status_code == 302
    criterion = Criterion.objects.get(name="On time")
    assert (criterion.kind, criterion.metric, criterion.floor, criterion.target) == (
        "measured", "answer_days", 15, 3,
    )  # fmt: skip


def test_a_line_is_typed_in_per_cent_and_read_again_as_typed(editor, draft, address):
    data, row = measured(editor, address, floor="35.5 %", target="0.9", min_observations="4")
    assert editor.post(address, data).status_code == 302
    criterion = Criterion.objects.get(name="On time")
    assert (criterion.floor, criterion.target, criterion.min_observations) == (
        Decimal("0.355"), Decimal("0.9"), 4,
    )  # fmt: skip
    again = form_data(editor.get(address))
    assert (again[f"{row}-floor"], again[f"{row}-target"]) == (["35.5 %"], ["90 %"])
    assert editor.post(address, again).status_code == 302
    assert Criterion.objects.get(name="On time").floor == Decimal("0.355")


def test_another_figure_brings_its_own_line(editor, draft, address):
    Criterion.objects.filter(name="On time").update(
        kind="measured", metric="promises_kept", floor=0, target=1
    )
    data, _ = measured(editor, address, metric="benchmark_position")
    assert editor.post(address, data).status_code == 302
    criterion = Criterion.objects.get(name="On time")
    assert (criterion.floor, criterion.target) == (Decimal("0.2"), 0)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"metric": ""}, "Choose the figure that measures it."),
        ({"metric": "manager_changes"}, "can stand beside a criterion and not measure it"),
        ({"metric": "guesswork"}, "Select a valid choice"),
        ({"floor": "1", "target": "1"}, "0 points and 100 cannot lie at the same value."),
        ({"floor": "0.2"}, "where it gives 0 points and where it gives 100"),
        ({"floor": "much", "target": "1"}, "is not a number"),
        ({"floor": "NaN", "target": "1"}, "is not a number"),
        ({"floor": "0", "target": "99999999999"}, "is too large"),
        ({"floor": "0", "target": "1", "min_observations": "1_0"}, "Write a whole number"),
    ],
)
def test_a_line_that_cannot_measure_is_refused_beside_its_field(editor, draft, address, fields, sentence):
    data, _ = measured(editor, address, **fields)
    response = editor.post(address, data)
    assert response.status_code == 400
    assert sentence in unescape(response.content.decode())
    assert Criterion.objects.get(name="On time").kind == "rated"


def test_a_line_is_tried_on_the_partners_there_are_and_nothing_is_saved(editor, draft, address, figures):
    data, row = measured(editor, address, floor="0", target="1")
    pk = data[f"{row}-id"][0]
    response = editor.post(address, {**data, "do": f"preview:{pk}"})
    page = unescape(response.content.decode())
    assert response.status_code == 200
    assert "2 of 4 partners would be measured by this: from 20.0 to 90.0, the middle one 90.0." in page
    assert page.index("Northgate") < page.index("Quiet") < page.index(">New<")
    assert "Helper" not in page
    assert form_data(response)[f"{row}-kind"] == ["measured"]
    assert Criterion.objects.get(name="On time").kind == "rated"


def test_a_try_shows_partners_inside_the_persons_walls_only(client, draft, address, figures, stranger):
    Partner.objects.filter(name="Northgate").update(unit=make_unit("Elsewhere"))
    client.force_login(stranger)
    data, row = measured(client, address)
    page = client.post(address, {**data, "do": f"preview:{data[f'{row}-id'][0]}"}).content.decode()
    assert "Quiet" in page
    assert "Northgate" not in page
