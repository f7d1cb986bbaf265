"""Creating, editing, archiving partners: what is refused, in which words, and that nothing is half saved."""

import re

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from partners.forms import PartnerForm
from partners.models import Partner
from partners.services.partners import save_partner
from tests.factories import make_partner, make_user

pytestmark = pytest.mark.django_db
NEW = "/partners/new/"


def typed(**changes) -> dict:
    return {"name": "Alder Cloud", "kind": "vendor", "segment": "tactical", **changes}


def errors(answer) -> dict[str, str]:
    assert answer.status_code == 400, answer.status_code
    return {name: " ".join(said) for name, said in answer.context["form"].errors.items()}


def test_a_partner_is_created_with_everything_that_was_typed(client, procurement, unit):
    client.force_login(procurement)
    answer = client.post(NEW, typed(
        name="  Alder   Cloud GmbH ", kind="provider", segment="strategic", owner=procurement.pk, unit=unit.pk,
        supplies="hosting", email_domains="Alder.example, @alder.test;alder.example  mail.alder.test", notes="a\nb",
    ))  # fmt: skip
    partner = Partner.objects.get()
    assert answer["Location"] == partner.get_absolute_url()
    assert (partner.name, partner.name_key, partner.kind) == ("Alder Cloud GmbH", "alder cloud", "provider")
    assert (partner.owner, partner.unit, partner.segment) == (procurement, unit, "strategic")
    assert partner.email_domains == ["alder.example", "alder.test", "mail.alder.test"]
    entry = AuditEntry.objects.get(table_name="partners_partner")
    assert (entry.action, entry.actor) == ("insert", procurement)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "required"),
        ("name", "   ", "required"),
        ("name", "x" * 301, "at most 300"),
        ("name", "a\x00b", "invisible"),
        ("name", "Alder\u202eduolC", "invisible"),
        ("kind", "wolf", "valid choice"),
        ("owner", "9" * 40, "valid choice"),
        ("owner", "abc", "valid choice"),
        ("unit", "999999", "valid choice"),
        ("email_domains", "alder", "is not a domain"),
        ("email_domains", "alder.example, <b>", "is not a domain"),
        ("email_domains", "a b@c.example", "is not a domain"),
        ("notes", "x" * 20_001, "at most 20000"),
        ("notes", "x\u202ey", "invisible"),
        ("supplies", "x" * 1000, "at most 300"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_beside_its_field_and_nothing_is_saved(
    client, procurement, field, value, said
):
    client.force_login(procurement)
    answer = client.post(NEW, typed(**{field: value}))
    assert said in errors(answer)[field]
    assert answer.context["form"][field].value() == value
    assert not Partner.objects.exists()


def test_ten_megabytes_are_refused_in_plain_words(client, procurement):
    client.force_login(procurement)
    answer = client.post(NEW, typed(notes="x" * 10_000_000))
    assert answer.status_code == 413
    assert b"Traceback" not in answer.content
    assert not Partner.objects.exists()


@pytest.mark.parametrize("name", ["ALDER CLOUD Pty Ltd", "Älder Cloud", "Alder Clouds"])
def test_a_partner_like_one_that_is_there_is_asked_about_once(client, procurement, name):
    there = make_partner("Alder Cloud Limited", name_key="alder cloud")
    client.force_login(procurement)
    answer = client.post(NEW, typed(name=name))
    assert "There is already “Alder Cloud Limited”" in errors(answer)["name"]
    assert f'href="{there.get_absolute_url()}"'.encode() in answer.content
    assert Partner.objects.count() == 1
    assert client.post(NEW, typed(name=name, anyway="1")).status_code == 302
    assert Partner.objects.count() == 2


def test_a_look_alike_behind_a_wall_is_not_told(client, stranger, unit):
    make_partner("Alder Cloud", unit=unit, name_key="alder cloud")
    client.force_login(stranger)
    assert client.post(NEW, typed(unit=stranger.units.get().pk)).status_code == 302


def test_there_is_one_own_organisation_at_most(client, procurement, stranger, unit):
    own = make_partner("Us", kind="own", unit=unit)
    client.force_login(procurement)
    assert "“Us” already is our own organisation" in errors(client.post(NEW, typed(kind="own")))["kind"]
    client.force_login(stranger)
    said = errors(client.post(NEW, typed(kind="own", unit=stranger.units.get().pk)))["kind"]
    assert "Us" not in said
    client.force_login(procurement)
    edit = reverse("partner_edit", args=[own.pk])
    assert client.post(edit, typed(name="Us", kind="own", version=1)).status_code == 302


def test_from_within_a_unit_partners_are_made_in_that_unit_only(client, stranger, unit):
    client.force_login(stranger)
    mine = stranger.units.get()
    assert client.get(NEW).context["form"]["unit"].value() == mine.pk
    assert "Choose one of your business units" in errors(client.post(NEW, typed()))["unit"]
    assert "valid choice" in errors(client.post(NEW, typed(unit=unit.pk)))["unit"]
    assert client.post(NEW, typed(unit=mine.pk)).status_code == 302
    assert Partner.objects.get().unit == mine


def test_from_within_a_unit_nobody_takes_a_partner_from_the_company(client, stranger):
    partner = make_partner("Alder")
    client.force_login(stranger)
    edit = reverse("partner_edit", args=[partner.pk])
    changes = typed(name="Alder Cloud", unit=stranger.units.get().pk, version=1)
    assert client.post(edit, changes).status_code == 302
    partner.refresh_from_db()
    assert (partner.name, partner.unit) == ("Alder Cloud", None)


def test_an_owner_who_may_not_be_chosen_any_more_stays_until_changed(client, procurement):
    gone = make_user("procurement", is_active=False, email=None, name="Greta Gone")
    partner = make_partner("Alder", owner=gone)
    client.force_login(procurement)
    edit = reverse("partner_edit", args=[partner.pk])
    assert b"Greta Gone" in client.get(edit).content
    assert client.post(edit, typed(name="Alder", owner=gone.pk, version=1)).status_code == 302
    partner.refresh_from_db()
    assert partner.owner == gone


def test_a_stale_save_shows_both_values_and_saves_nothing(client, procurement):
    partner = make_partner("Alder")
    client.force_login(procurement)
    edit = reverse("partner_edit", args=[partner.pk])
    version = re.search(r'name="version" value="(\d+)"', client.get(edit).content.decode())[1]
    assert client.post(edit, typed(name="First", version=version)).status_code == 302
    answer = client.post(edit, typed(name="Second", version=version))
    assert answer.status_code == 409
    assert b"First" in answer.content
    assert b"Second" in answer.content
    partner.refresh_from_db()
    assert (partner.name, partner.version) == ("First", 2)


@pytest.mark.parametrize("version", ["", "abc", "-1", "9" * 40])
def test_a_forged_version_never_overwrites(client, procurement, version):
    partner = make_partner("Alder", version=10)
    client.force_login(procurement)
    answer = client.post(reverse("partner_edit", args=[partner.pk]), typed(name="Other", version=version))
    assert answer.status_code in (400, 409)
    partner.refresh_from_db()
    assert partner.name == "Alder"


def test_archiving_asks_first_and_can_be_undone(client, procurement):
    partner = make_partner("Alder")
    client.force_login(procurement)
    archive, restore = (reverse(f"partner_{what}", args=[partner.pk]) for what in ("archive", "restore"))
    assert b"Take Alder out of the lists?" in client.get(archive).content
    partner.refresh_from_db()
    assert partner.archived_at is None
    client.post(archive)
    client.post(archive)  # a second click changes nothing
    partner.refresh_from_db()
    assert partner.archived_at
    assert partner.version == 2
    page = client.get(partner.get_absolute_url())
    assert restore.encode() in page.content
    client.post(restore)
    partner.refresh_from_db()
    assert partner.archived_at is None


@pytest.mark.parametrize(
    "name", ["partner_edit", "partner_archive", "partner_merge", "contract_create", "contact_create"]
)
@pytest.mark.parametrize("pk", ["9223372036854775808", "9" * 60, "0"])
def test_numbers_that_cannot_be_are_not_found(client, procurement, name, pk):
    client.force_login(procurement)
    assert client.get(reverse(name, args=[1]).replace("/1/", f"/{pk}/")).status_code == 404


def test_another_units_partner_cannot_be_reached(client, stranger, unit):
    partner = make_partner("Retail only", unit=unit)
    client.force_login(stranger)
    for name in ("partner_edit", "partner_archive", "partner_restore", "partner_merge"):
        assert client.post(reverse(name, args=[partner.pk]), typed(version=1)).status_code == 404
    partner.refresh_from_db()
    assert (partner.name, partner.archived_at) == ("Retail only", None)


def test_markup_that_was_typed_comes_back_as_text(client, procurement):
    client.force_login(procurement)
    answer = client.post(NEW, typed(name='"><script>x</script>', kind=""))
    assert b"<script>x" not in answer.content
    assert b"&quot;&gt;&lt;script&gt;" in answer.content


def test_a_save_at_the_same_moment_is_told_in_words(procurement):
    """Two people make an own organisation at once: the second has passed the form's own look."""
    form = PartnerForm(typed(kind="own"), instance=Partner(), user=procurement)
    assert form.is_valid()
    make_partner("Us", kind="own")
    assert save_partner(form) is None
    assert "at the same moment" in form.non_field_errors()[0]
    assert Partner.objects.count() == 1
