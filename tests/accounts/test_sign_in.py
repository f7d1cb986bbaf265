"""Signing in, being locked out, and forgotten passwords."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import OutgoingMail, User
from tests.factories import make_user

LOGIN = "/accounts/login/"
PASSWORD = "a quiet river bend"


@pytest.fixture
def person(db):
    user = make_user("procurement", name="Clara Cio", email="clara@example.org", all_units=True)
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(client, email="clara@example.org", password=PASSWORD, **more):
    return client.post(LOGIN, {"login": email, "password": password, **more})


def signed_in_as(client):
    return client.session.get("_auth_user_id")


def test_somebody_signs_in_with_their_address_in_any_case(client, person):
    response = sign_in(client, " Clara@Example.ORG ")
    assert response.status_code == 302
    assert response["Location"] == reverse("home")
    assert signed_in_as(client) == str(person.pk)
    assert client.get(reverse("home")).status_code == 200
    assert client.session.get_expiry_age() > timedelta(days=13).total_seconds()


def test_the_page_before_signing_in_shows_no_navigation(client, person):
    text = client.get(LOGIN).content.decode()
    assert "<nav" not in text
    assert "<h1>Sign in</h1>" in text
    assert "Email address" not in text


def test_a_wrong_password_is_said_plainly_and_the_address_stays_typed(client, person):
    text = sign_in(client, password="wrong").content.decode()
    assert "do not belong together" in text
    assert 'value="clara@example.org"' in text
    assert signed_in_as(client) is None


def test_an_unknown_address_gets_the_same_answer(client, person):
    known = sign_in(client, password="wrong").content.decode()
    unknown = sign_in(client, "nobody@example.org", "wrong").content.decode()
    hide = re.compile(r'value="[^"]*"|x-csrftoken": "[^"]*"')
    assert hide.sub("", known) == hide.sub("", unknown)


@pytest.mark.parametrize(
    ("following", "goes_to"),
    [
        ("/partners/?kind=vendor", "/partners/?kind=vendor"),
        ("https://elsewhere.example/", "/"),
        ("//elsewhere.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/\\elsewhere.example", "/"),
    ],
)
def test_only_an_address_of_ours_is_followed_after_signing_in(client, person, following, goes_to):
    assert sign_in(client, next=following)["Location"] == goes_to


def test_the_address_that_was_asked_for_survives_signing_in(client, person):
    asked = client.get("/partners/?kind=vendor", follow=True)
    text = asked.content.decode()
    assert 'name="next" value="/partners/?kind=vendor"' in text


def test_ten_wrong_passwords_lock_one_person_out_for_a_quarter_of_an_hour(client, person):
    other = make_user("rater", email="other@example.org")
    other.set_password(PASSWORD)
    other.save()
    for _ in range(9):
        assert sign_in(client, "CLARA@example.org", password="wrong").status_code == 200
    locked = sign_in(client, password="wrong")
    assert locked.status_code == 429
    assert "Too many wrong passwords" in locked.content.decode()
    assert sign_in(client).status_code == 429, "the right password must not help a guesser"
    assert signed_in_as(client) is None
    # Neither another person at the same address nor the same person elsewhere is held up.
    assert sign_in(Client(), "other@example.org").status_code == 302
    assert sign_in(Client(REMOTE_ADDR="198.51.100.7")).status_code == 302
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert sign_in(client).status_code == 302


def test_the_address_behind_a_proxy_counts_only_as_far_as_proxies_are_trusted(client, person, settings):
    def fail(forwarded):
        return client.post(
            LOGIN, {"login": person.email, "password": "no"}, headers={"X-Forwarded-For": forwarded}
        )

    for n in range(9):
        fail(f"203.0.113.{n}")
    assert fail("203.0.113.99").status_code == 429, "no proxy is trusted: the header is made up"
    settings.PROXY_COUNT = 1
    assert fail("10.0.0.1, 203.0.113.99").status_code == 200
    assert fail("nonsense").status_code == 200


@pytest.mark.parametrize("email", ["", "no address", "a\x00b@example.org", "x" * 5000 + "@example.org"])
def test_what_is_no_address_is_refused_beside_the_field(client, db, email):
    response = sign_in(client, email)
    assert response.status_code == 200
    assert "login-refused" in response.content.decode()


def test_a_session_ends_when_the_account_is_switched_off(client, person):
    sign_in(client)
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert client.get(reverse("home")).status_code == 302
    again = Client()
    assert sign_in(again)["Location"] == "/accounts/inactive/"
    assert signed_in_as(again) is None


def test_signing_out_takes_a_button_press(client, person):
    sign_in(client)
    assert client.get("/accounts/logout/").status_code == 200
    assert signed_in_as(client)
    assert client.post("/accounts/logout/")["Location"] == LOGIN
    assert signed_in_as(client) is None


def test_nobody_signs_up(client, db):
    response = client.post(
        "/accounts/signup/", {"email": "new@example.org", "password1": PASSWORD, "password2": PASSWORD}
    )
    assert "made by an administrator" in response.content.decode()
    assert not User.objects.exists()


def test_a_forgotten_password_is_mailed_once_in_five_minutes_and_its_link_works_once(client, person):
    for _ in range(3):
        assert client.post("/accounts/password/reset/", {"email": "CLARA@example.org"}).status_code == 302
    mail = OutgoingMail.objects.get()
    assert (mail.to, mail.recipient, mail.state) == ("clara@example.org", person, "queued")
    assert mail.subject == "Set a new password for VendorHub"
    link = re.search(r"http://testserver(\S+)", mail.text)[1]
    form = client.get(link, follow=True)
    assert "Set your password" in form.content.decode()
    set_at = form.redirect_chain[-1][0]
    refused = client.post(set_at, {"password1": "short", "password2": "short"})
    assert "at least 10 characters" in refused.content.decode()
    client.post(set_at, {"password1": "another quiet river", "password2": "another quiet river"})
    assert sign_in(client, password="another quiet river").status_code == 302
    assert "no longer works" in Client().get(link, follow=True).content.decode()


@pytest.mark.parametrize("email", ["stranger@example.org", "gone@example.org"])
def test_nobody_makes_us_write_to_strangers_or_closed_accounts(client, person, email):
    make_user("rater", email="gone@example.org", is_active=False)
    known = client.post("/accounts/password/reset/", {"email": person.email}, follow=True)
    OutgoingMail.objects.all().delete()
    unknown = client.post("/accounts/password/reset/", {"email": email}, follow=True)
    assert unknown.redirect_chain == known.redirect_chain
    assert not OutgoingMail.objects.exists()


def test_changing_the_password_ends_other_sessions_and_keeps_this_one(client, person):
    elsewhere = Client()
    sign_in(elsewhere)
    sign_in(client)
    wrong = {"oldpassword": "wrong", "password1": "another quiet river", "password2": "another quiet river"}
    assert "not your current password" in client.post("/accounts/password/change/", wrong).content.decode()
    client.post("/accounts/password/change/", wrong | {"oldpassword": PASSWORD})
    assert client.get(reverse("home")).status_code == 200
    assert elsewhere.get(reverse("home")).status_code == 302


def test_a_form_that_was_open_too_long_is_explained(person):
    client = Client(enforce_csrf_checks=True)
    response = client.post(LOGIN, {"login": person.email, "password": PASSWORD})
    assert response.status_code == 403
    assert "please send that again" in response.content.decode()


def test_locks_can_be_lifted_by_command(client, person):
    for _ in range(10):
        sign_in(client, password="wrong")
    call_command("axes_reset_username", person.email, verbosity=0)
    assert sign_in(client).status_code == 302
