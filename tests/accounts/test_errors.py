"""What people see when they are refused or something breaks."""

import pytest
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import BusinessUnit
from partners.models import Partner
from tests.factories import make_partner, make_user

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


def test_a_stale_save_keeps_what_was_typed(client, procurement):
    client.force_login(procurement)
    partner = make_partner("Northgate", version=2, notes="Theirs")
    response = client.post(
        reverse("partner_edit", args=[partner.pk]),
        {
            "name": "Northgate",
            "kind": "provider",
            "segment": "tactical",
            "notes": "Mine\nin two lines",
            "version": 1,
        },
    )
    assert response.status_code == 409
    text = response.content.decode()
    for value in (
        "Vendor",
        "Solution provider",
        "Theirs",
        "Mine<br>in two lines",
        f"/partners/{partner.pk}/edit/",
    ):
        assert value in text
    partner.refresh_from_db()
    assert (partner.kind, partner.notes, partner.version) == ("vendor", "Theirs", 2)


def test_saving_what_somebody_deleted_is_404(client, administrator, rater):
    client.force_login(administrator)
    gone = make_user("rater")
    url = reverse("person_edit", args=[gone.pk])
    gone.delete()
    assert client.post(url, {"name": "x"}).status_code == 404


def test_every_page_wants_a_session_unless_it_says_otherwise(settings):
    assert f"{LoginRequiredMiddleware.__module__}.LoginRequiredMiddleware" in settings.MIDDLEWARE
