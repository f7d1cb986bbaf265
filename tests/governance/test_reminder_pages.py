"""Lead times under Settings, and what a contract's page says about who was reminded."""

import pytest
from django.urls import reverse

from accounts.models import AuditEntry, OutgoingMail
from governance.models import LeadTimes, Reminder
from governance.services.reminders import make_reminders
from tests.factories import make_contract, make_user
from tests.governance.conftest import TODAY

pytestmark = pytest.mark.django_db
TIMES = {"strategic": "180, 90", "preferred": "90;30", "tactical": "3 60", "transactional": "30"}


@pytest.fixture
def admin(client, administrator):
    client.force_login(administrator)
    return client


def save(client, **fields):
    return client.post(reverse("lead_times"), {**TIMES, "version": "", **fields})


def test_an_administrator_sets_lead_times_by_segment(admin):
    assert "180, 90, 60, 30, 14, 3" in admin.get(reverse("lead_times")).content.decode()
    assert save(admin).status_code == 302
    times = LeadTimes.objects.get()
    assert (times.strategic, times.preferred, times.tactical, times.transactional) == (
        [180, 90],
        [90, 30],
        [60, 3],
        [30],
    )
    assert AuditEntry.objects.filter(table_name="governance_leadtimes").exists()
    save(admin, strategic="10", version=str(times.version))
    assert LeadTimes.objects.get().strategic == [10]


@pytest.mark.parametrize(
    ("typed", "said"),
    [("90, soon", "“soon” is no number of days"), ("0", "0 is no lead time"), ("731", "731 is too long"),
     ("30, 30", "30 stands there twice"), (",".join(map(str, range(1, 14))), "13 are too many: at most 12"),
     ("", "Give at least one"), (" , ", "Give at least one"), ("-5", "“-5” is no number"), ("٣", "is no number"),
     ("9" * 40, "is no number of days")],
)  # fmt: skip
def test_what_is_no_lead_time_is_said_beside_it(admin, typed, said):
    response = save(admin, tactical=typed)
    page = response.content.decode()
    assert response.status_code == 400
    assert said in page
    assert f'value="{typed}"' in page or not typed
    assert not LeadTimes.objects.exists()


def test_lead_times_saved_by_somebody_else_meanwhile_are_not_overwritten(admin):
    save(admin)
    times = LeadTimes.objects.get()
    save(admin, strategic="20", version=str(times.version))
    response = save(admin, strategic="10", version=str(times.version))
    assert response.status_code == 409
    assert LeadTimes.objects.get().strategic == [20]


def test_the_page_names_contracts_of_which_nobody_can_be_told(admin, administrator):
    make_contract(title="Forgotten", ends=TODAY())
    assert "Forgotten" not in admin.get(reverse("lead_times")).content.decode()
    type(administrator).objects.update(email=None)
    page = admin.get(reverse("lead_times")).content.decode()
    assert "1 contract of which nobody can be told" in page
    assert "Forgotten" in page


def test_a_contracts_page_says_who_was_told_what(client, owner, executive, statements):
    contract = make_contract(owner=owner, ends=TODAY())
    client.force_login(owner)
    address = contract.get_absolute_url()
    assert "Nobody has been reminded of it yet." in client.get(address).content.decode()
    make_reminders()
    page = client.get(address).content.decode()
    assert f"3 days before {TODAY().day} {TODAY():%b %Y}, to {owner}" in page
    assert "stands for 14, 30, 60, 90 and 180 days before as well" in page
    assert "waits to be sent" in page
    few = statements(client, address)
    for _ in range(3):
        OutgoingMail.objects.update(state=OutgoingMail.SENT)
        type(contract).objects.filter(pk=contract.pk).update(owner=make_user("procurement", all_units=True))
        make_reminders()
    assert Reminder.objects.filter(state="sent").count() == 5
    assert statements(client, address) == few


def test_a_rater_does_not_see_who_was_reminded(client, rater, owner):
    contract = make_contract(owner=owner, ends=TODAY())
    make_reminders()
    client.force_login(rater)
    assert "Reminders" not in client.get(contract.get_absolute_url()).content.decode()
    assert not Reminder.objects.visible_to(rater).exists()
    assert Reminder.objects.visible_to(owner).exists()
