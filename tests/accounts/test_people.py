"""Settings: people and business units."""

import re
import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.forms import PersonForm, UnitForm
from accounts.models import BusinessUnit, Membership, OutgoingMail, User
from accounts.services.people import save_person, save_unit
from tests.factories import make_partner, make_unit, make_user


@pytest.fixture
def admin_client(client, administrator):
    client.force_login(administrator)
    return client


def typed(**changes):
    """A person's form as the browser sends it."""
    return {
        "name": "Nina New",
        "email": "nina@example.org",
        "role": "rater",
        "rater_role": "it",
        "is_active": "on",
        **changes,
    }


def edited(person, **changes):
    return typed(
        **{
            "name": person.name,
            "email": person.email or "",
            "role": person.role,
            "version": person.version,
            **changes,
        }
    )


def test_a_new_person_is_invited_by_a_link_that_the_administrator_sees_once(admin_client, unit):
    response = admin_client.post(reverse("person_create"), typed(units=[unit.pk]))
    person = User.objects.get(email="nina@example.org")
    assert (person.role, person.rater_role, list(person.units.all())) == ("rater", "it", [unit])
    assert not person.has_usable_password()
    assert response["Location"] == reverse("person_edit", args=[person.pk])
    mail = OutgoingMail.objects.get()
    link = re.search(r"http://localhost:8000(/accounts/password/reset/key/\S+)", mail.text)[1]
    assert link in admin_client.get(response["Location"]).content.decode()
    assert link not in admin_client.get(response["Location"]).content.decode()
    theirs = Client()
    form_at = theirs.get(link, follow=True).redirect_chain[-1][0]
    theirs.post(form_at, {"password1": "a quiet river bend", "password2": "a quiet river bend"})
    assert (
        theirs.post("/accounts/login/", {"login": person.email, "password": "a quiet river bend"}).status_code
        == 302
    )
    assert theirs.get(reverse("home")).status_code == 200


def test_a_fresh_link_can_be_made(admin_client, rater):
    response = admin_client.post(reverse("person_invite", args=[rater.pk]), follow=True)
    assert "/accounts/password/reset/key/" in response.content.decode()
    assert OutgoingMail.objects.filter(recipient=rater).count() == 1
    gone = make_user("rater", is_active=False)
    assert admin_client.post(reverse("person_invite", args=[gone.pk])).status_code == 404


def test_a_rater_known_from_an_import_gets_an_account_with_an_address(admin_client):
    person = make_user("rater", name="Known Byname", email=None)
    admin_client.post(reverse("person_edit", args=[person.pk]), edited(person))
    assert not OutgoingMail.objects.exists()
    person.refresh_from_db()
    admin_client.post(reverse("person_edit", args=[person.pk]), edited(person, email="known@example.org"))
    assert OutgoingMail.objects.get().to == "known@example.org"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("name", "", "This field is required"),
        ("name", "Nina\u202eweN", "invisible signs"),
        ("name", "a\x00b", "invisible signs"),
        ("name", "x" * 201, "at most 200 characters"),
        ("email", "", "This field is required"),
        ("email", "nobody", "valid email address"),
        ("email", "Rafael@Example.org", "Somebody already has this address"),
        ("role", "emperor", "not one of the available choices"),
        ("units", "999999", "not one of the available choices"),
        ("units", "abc", "is not a valid value"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_person_is_refused_beside_the_field(admin_client, rater, field, value, says):
    response = admin_client.post(reverse("person_create"), typed(**{field: value}))
    assert response.status_code == 400
    text = response.content.decode()
    assert says in text
    assert 'value="nina@example.org"' in text or field == "email"
    assert not OutgoingMail.objects.exists()
    assert User.objects.filter(name__startswith="Nina").count() == 0


def test_markup_in_a_name_is_shown_as_it_is(admin_client):
    make_user("rater", name="<b>Bold</b>")
    assert "&lt;b&gt;Bold&lt;/b&gt;" in admin_client.get(reverse("people")).content.decode()


def test_the_last_administrator_stays_one(admin_client, administrator):
    url = reverse("person_edit", args=[administrator.pk])
    invited = make_user("administrator", name="Not Yet")  # has not set a password: might never
    for change in ({"role": "rater"}, {"is_active": ""}):
        response = admin_client.post(url, edited(administrator, **change))
        assert response.status_code == 400
        assert "Nobody else could administer" in response.content.decode()
        assert f"<h1>{administrator.name}</h1>" in response.content.decode()
    administrator.refresh_from_db()
    assert (administrator.role, administrator.is_active, administrator.version) == ("administrator", True, 1)
    invited.set_password("a quiet river bend")
    invited.save()
    assert admin_client.post(url, edited(administrator, role="rater")).status_code == 302
    assert admin_client.get(reverse("people")).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_two_administrators_cannot_take_the_role_from_each_other():
    both = [make_user("administrator", name=f"Admin {n}") for n in (1, 2)]
    for person in both:
        person.set_password("a quiet river bend")
        person.save()
    forms = [PersonForm(edited(person, role="rater"), instance=person, user=person) for person in both]
    assert all(form.is_valid() for form in forms)
    outcomes = []

    def demote_the_second():
        try:
            save_person(forms[1])
            outcomes.append("saved")
        except ValidationError:
            outcomes.append("refused")
        finally:
            connection.close()

    second = threading.Thread(target=demote_the_second)
    with transaction.atomic():
        save_person(forms[0])
        second.start()
        second.join(0.5)
        assert not outcomes, "the second waits until the first is decided"
    second.join()
    assert outcomes == ["refused"]
    assert User.objects.administrators().count() == 1


def test_an_address_taken_at_the_same_moment_is_refused_in_words(administrator, rater):
    form = PersonForm(typed(), user=administrator)
    assert form.is_valid()
    make_user("rater", email="NINA@example.org")
    with pytest.raises(ValidationError) as refused:
        save_person(form)
    assert "email" in refused.value.message_dict


@pytest.mark.django_db(transaction=True)
def test_a_unit_deleted_at_the_same_moment_is_said_to_be(administrator, rater, unit):
    form = PersonForm(edited(rater, units=[unit.pk]), instance=rater, user=administrator)
    assert form.is_valid()
    form.cleaned_data["units"] = list(form.cleaned_data["units"])
    Membership.objects.all().delete()
    BusinessUnit.objects.filter(pk=unit.pk).delete()
    with pytest.raises(ValidationError) as refused:
        save_person(form)
    assert "deleted meanwhile" in str(refused.value.message_dict["units"])


def test_a_unit_named_alike_at_the_same_moment_is_refused_in_words(db):
    form = UnitForm({"name": "Retail"})
    assert form.is_valid()
    make_unit("retail")
    assert save_unit(form) is None
    assert "of this name already" in str(form.errors["name"])


def test_a_password_set_while_the_form_is_being_saved_stays(administrator, rater):
    form = PersonForm(edited(rater, name="Rafael R."), instance=rater, user=administrator)
    themselves = User.objects.get(pk=rater.pk)
    themselves.set_password("a quiet river bend")
    themselves.save()
    assert form.is_valid()
    save_person(form)
    rater.refresh_from_db()
    assert rater.name == "Rafael R."
    assert rater.check_password("a quiet river bend")


def test_a_stale_save_shows_both_values_in_words(admin_client, rater, unit):
    other = make_unit("Logistics")
    stale = rater.version
    User.objects.filter(pk=rater.pk).update(version=2, role="executive")
    response = admin_client.post(
        reverse("person_edit", args=[rater.pk]),
        edited(rater, version=stale, role="governance", name="Rafael\nRenamed", units=[other.pk]),
    )
    assert response.status_code == 409
    found = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", response.content.decode())
    cells = [" ".join(re.sub(r"<[^>]*>", " ", cell).split()) for cell in found]
    assert cells[cells.index("Role") :][:3] == ["Role", "Executive", "Governance"]
    assert cells[cells.index("Business units") :][:3] == ["Business units", "Retail", "Logistics"]
    assert "Rafael Renamed" in cells
    assert User.objects.get(pk=rater.pk).role == "executive"


def test_people_are_found_sorted_and_said_to_be_able_to_sign_in(
    admin_client, administrator, rater, executive
):
    make_user("rater", name="Zoe Off", is_active=False)
    make_user("rater", name="Only Imported", email=None)
    rater.set_password("a quiet river bend")
    rater.save()

    def names(query=""):
        text = admin_client.get(reverse("people") + query).content.decode()
        return re.findall(r'<a href="/settings/people/\d+/">([^<]+)</a>', text)

    assert names() == ["Ada Administrator", "Clara Cio", "Only Imported", "Rafael Rater", "Zoe Off"]
    assert names("?sort=-name")[0] == "Rafael Rater", "who may not sign in stands last"
    assert names("?find=RAFAEL") == ["Rafael Rater"]
    assert names("?find=ada%40example") == ["Ada Administrator"]
    assert names("?role=executive") == ["Clara Cio"]
    text = admin_client.get(reverse("people")).content.decode()
    assert "1 person can sign in" in text
    assert "2 more are invited" in text
    for query in (
        "?page=99999999999999",
        "?page=-1",
        "?page=abc",
        "?sort=password",
        "?role=x",
        "?find=" + "x" * 9000,
    ):
        assert admin_client.get(reverse("people") + query).status_code == 200, query


def test_the_list_of_people_takes_no_more_statements_for_more_people(
    admin_client, unit, django_assert_max_num_queries
):
    def statements():
        with django_assert_max_num_queries(30) as counted:
            admin_client.get(reverse("people"))
        return len(counted)

    make_user("rater", unit)
    few = statements()
    for _ in range(20):
        make_user("rater", unit, make_unit())
    assert statements() == few


def test_business_units_are_made_and_renamed(admin_client):
    admin_client.post(reverse("units"), {"name": "  Field   Service "})
    unit = BusinessUnit.objects.get(name="Field Service")
    admin_client.post(reverse("unit_rename", args=[unit.pk]), {"name": "Service"})
    unit.refresh_from_db()
    assert unit.name == "Service"


@pytest.mark.parametrize("name", ["", " ", "RETAIL", "x" * 201, "Re\u202etail"])
def test_a_business_unit_needs_a_name_of_its_own(admin_client, unit, name):
    other = make_unit("Logistics")
    for url in (reverse("units"), reverse("unit_rename", args=[other.pk])):
        response = admin_client.post(url, {"name": name})
        assert response.status_code == 400
        assert "invalid-feedback" in response.content.decode()
    assert set(BusinessUnit.objects.values_list("name", flat=True)) == {"Retail", "Logistics"}


def test_only_an_unused_business_unit_can_be_deleted(admin_client, unit, rater):
    url = reverse("unit_delete", args=[unit.pk])
    assert "People still belong" in admin_client.post(url, follow=True).content.decode()
    rater.units.clear()
    partner = make_partner(unit=unit)
    assert "still has partners" in admin_client.post(url, follow=True).content.decode()
    partner.delete()
    assert "is deleted" in admin_client.post(url, follow=True).content.decode()
    assert not BusinessUnit.objects.filter(pk=unit.pk).exists()
