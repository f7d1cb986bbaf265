"""What people see when they are refused or something breaks."""

import html.parser

import pytest
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import BusinessUnit
from partners.models import Contact, Partner
from tests.factories import make_partner, make_user


class HTMLParser(html.parser.HTMLParser):
    """The hidden fields of a page."""

    def __init__(self, text):
        super().__init__()
        self.hidden = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == "input" and found.get("type") == "hidden":
            self.hidden.append((found["name"], found.get("value", "")))


FAILING = "tests.accounts.failing_urls"


@pytest.fixture
def signed_in(client, procurement, settings):
    settings.ROOT_URLCONF = FAILING
    client.force_login(procurement)
    client.raise_request_exception = False
    return client


def test_a_fault_of_ours_is_said_without_a_trace(signed_in):
    response = signed_in.get("/fail/")
    assert response.status_code == 500
    assert "Something went wrong on our side" in response.content.decode()
    assert "secret" not in response.content.decode()


def test_the_page_for_our_faults_needs_neither_request_nor_database():
    assert "Something went wrong on our side" in render_to_string("500.html")


@pytest.mark.parametrize(
    ("address", "status", "says"),
    [
        ("/nowhere/", 404, "There is nothing here"),
        ("/partners/12345678901234567890/", 404, "There is nothing here"),
        ("/settings/audit/", 403, "Your role does not include this"),
        ("/suspect/", 400, "That could not be read"),
        ("/partners/?find=a%00b", 400, "That address could not be read"),
        ("/partners/?%00=b", 400, "That address could not be read"),
    ],
)
def test_refusals_are_said_in_plain_words_with_a_way_on(signed_in, address, status, says):
    response = signed_in.get(address)
    assert response.status_code == status
    text = response.content.decode()
    assert says in text
    assert f'href="{reverse("home")}"' in text


def test_the_address_of_a_button_opened_as_a_page_is_405_with_a_way_on(client, procurement):
    client.force_login(procurement)
    response = client.get(reverse("partner_restore", args=[make_partner().pk]))
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    assert "This address is not a page" in response.content.decode()
    assert client.post(reverse("home")).status_code == 405


def test_an_address_of_nothing_is_404_for_strangers_too(client, db):
    assert client.get("/nowhere/").status_code == 404


def test_a_foreign_host_name_is_refused(client, db):
    response = client.get("/accounts/login/", headers={"Host": "elsewhere.example"})
    assert response.status_code == 400
    assert "That could not be read" in response.content.decode()


@pytest.mark.django_db(transaction=True)
def test_nul_that_no_form_looked_at_is_400(signed_in):
    assert signed_in.post("/store/", {"name": "a\x00b"}).status_code == 400
    assert signed_in.post("/store/", {"name": "x" * 300}).status_code == 400
    assert signed_in.post("/store/", {"name": "Fine"}).status_code == 200
    assert list(BusinessUnit.objects.values_list("name", flat=True).order_by("-pk")[:1]) == ["Fine"]


def test_nul_in_a_form_is_said_beside_the_field(client, procurement):
    client.force_login(procurement)
    partner = make_partner("Northgate")
    response = client.post(
        reverse("partner_edit", args=[partner.pk]),
        {"name": "North\x00gate", "kind": "vendor", "segment": "tactical", "version": 1},
    )
    assert response.status_code in (200, 400)
    assert "invalid-feedback" in response.content.decode()
    assert Partner.objects.get().name == "Northgate"


@pytest.mark.parametrize(
    "body",
    ["notes=" + "x" * 3_000_000, "&".join(f"f{n}=" for n in range(20_001))],
    ids=["three megabytes", "twenty thousand fields"],
)
def test_more_than_a_form_may_hold_is_413(signed_in, body):
    form = "application/x-www-form-urlencoded"
    response = signed_in.post(reverse("partner_create"), body, content_type=form)
    assert response.status_code == 413
    assert "A form may hold 2.5 MB" in response.content.decode()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\xff\xfe\x00broken", "application/x-www-form-urlencoded"),
        (b"no boundary", "multipart/form-data"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"name=a", "application/x-www-form-urlencoded; charset=latin-1"),
        (b"{", "application/json"),
        (b"", "text/plain"),
    ],
)
def test_a_body_that_cannot_be_read_is_never_a_fault(signed_in, content, kind):
    response = signed_in.post(reverse("partner_create"), content, content_type=kind)
    assert response.status_code in (200, 400, 413, 415)
    assert not Partner.objects.exists()


@pytest.fixture
def changed_meanwhile(client, procurement):
    """Petra opened Northgate; then Clara made it a provider with a note. Petra sends another name and another note."""
    clara = make_user("administrator", name="Clara Colleague")
    partner = make_partner("Northgate", notes="As it was")
    client.force_login(clara)
    form = {"name": "Northgate", "kind": "provider", "segment": "tactical", "notes": "Theirs", "version": 1}
    assert client.post(reverse("partner_edit", args=[partner.pk]), form).status_code == 302
    client.force_login(procurement)
    mine = form | {
        "name": "Northgate Group",
        "kind": "vendor",
        "notes": "Mine\nin two lines",
        "supplies": "Hosting",
    }
    return partner, client.post(reverse("partner_edit", args=[partner.pk]), mine)


def test_a_stale_save_shows_both_values_in_words_and_who_changed_it(changed_meanwhile):
    partner, response = changed_meanwhile
    assert response.status_code == 409
    text = response.content.decode()
    for value in (
        "Vendor",
        "Solution provider",
        "Theirs",
        "Mine<br>in two lines",
        "Clara Colleague changed it on",
    ):
        assert value in text
    partner.refresh_from_db()
    assert (partner.kind, partner.notes, partner.version) == ("provider", "Theirs", 2)


def test_a_stale_save_knows_which_fields_only_one_of_the_two_changed(changed_meanwhile):
    found = {row.label: row.whose for row in changed_meanwhile[1].context["stale"].differences}
    assert found == {"Name": "mine", "Kind": "theirs", "Notes": "", "What it supplies": "mine"}


def test_what_is_chosen_after_a_stale_save_is_saved_and_nothing_else_is_lost(client, changed_meanwhile):
    partner, response = changed_meanwhile
    page = HTMLParser(response.content.decode())
    chosen = dict(page.hidden) | {
        "take:name": "mine",
        "take:kind": "theirs",
        "take:notes": "mine",
        "take:supplies": "mine",
    }
    assert client.post(reverse("partner_edit", args=[partner.pk]), chosen).status_code == 302
    partner.refresh_from_db()
    assert (partner.name, partner.kind, partner.supplies) == ("Northgate Group", "provider", "Hosting")
    assert partner.notes.splitlines() == ["Mine", "in two lines"]


def test_a_choice_that_is_stale_itself_is_asked_again(client, changed_meanwhile):
    partner, response = changed_meanwhile
    hidden = dict(HTMLParser(response.content.decode()).hidden) | {"take:kind": "theirs"}
    Partner.objects.filter(pk=partner.pk).update(notes="A third", version=3)
    again = client.post(reverse("partner_edit", args=[partner.pk]), hidden)
    assert again.status_code == 409
    assert "Kind" not in [row.label for row in again.context["stale"].differences]
    assert 'name="take:' in again.content.decode()
    assert 'type="hidden" name="take:' not in again.content.decode()


def test_the_units_of_a_person_are_chosen_as_a_whole(client, administrator, unit):
    person = make_user("rater", unit)
    form = {
        "name": person.name,
        "email": person.email,
        "role": "rater",
        "rater_role": "it",
        "is_active": "on",
    }
    url = reverse("person_edit", args=[person.pk])
    type(person).objects.filter(pk=person.pk).update(version=2, is_active=False)
    client.force_login(administrator)
    response = client.post(url, form | {"version": 1})
    assert response.status_code == 409
    hidden = dict(HTMLParser(response.content.decode()).hidden)
    client.post(url, hidden | {"take:units": "theirs", "take:is_active": "theirs", "take:rater_role": "mine"})
    person.refresh_from_db()
    assert list(person.units.all()) == [unit]
    assert (person.is_active, person.rater_role) == (False, "it")


def test_deleting_what_somebody_changed_is_said_without_fields(client, procurement):
    contact = Contact.objects.create(partner=make_partner(), name="Cora", version=2)
    client.force_login(procurement)
    response = client.post(reverse("contact_delete", args=[contact.pk]), {"version": 1})
    assert response.status_code == 409
    assert "Look at it as it is now and decide again" in response.content.decode()
    assert Contact.objects.exists()


def test_saving_what_somebody_deleted_is_404(client, administrator, rater):
    client.force_login(administrator)
    gone = make_user("rater")
    url = reverse("person_edit", args=[gone.pk])
    gone.delete()
    assert client.post(url, {"name": "x"}).status_code == 404


def test_every_page_wants_a_session_unless_it_says_otherwise(settings):
    assert f"{LoginRequiredMiddleware.__module__}.LoginRequiredMiddleware" in settings.MIDDLEWARE
