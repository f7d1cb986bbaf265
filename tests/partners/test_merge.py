"""Two partners that are one: everything moves, it is written down, and nothing is torn apart on the way."""

from contextlib import suppress
from functools import partial

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.versions import StaleSave
from partners.models import Contact, Contract, Partner, PartnerAlias
from partners.services.merge import merge_partners, references
from tests.factories import (
    make_contract,
    make_cycle,
    make_partner,
    make_scorecard,
    make_template,
    make_unit,
    make_user,
)
from tests.sessions import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair():
    return make_partner("Alder Inc"), make_partner("Alder Incorporated")


def url(loser, winner=None) -> str:
    return reverse("partner_merge", args=[loser.pk]) + (f"?into={winner.pk}" if winner else "")


def merge(client, loser, winner, **changes):
    confirmed = {"into": winner.pk, "version": loser.version, "into_version": winner.version, **changes}
    return client.post(url(loser), confirmed)


def test_everything_the_one_owns_moves_to_the_other(client, procurement, pair):
    loser, winner = pair
    contract = make_contract(loser)
    delivered = make_contract(make_partner("Cedar"), delivered_by=loser)
    contact = Contact.objects.create(partner=loser, name="Ines")
    alias = PartnerAlias.objects.create(partner=loser, name="ALDER")
    scorecard = make_scorecard(loser)
    client.force_login(procurement)
    assert merge(client, loser, winner)["Location"] == winner.get_absolute_url()
    for row in (contract, contact, alias, scorecard, delivered):
        row.refresh_from_db()
    assert {contract.partner, contact.partner, alias.partner, scorecard.partner, delivered.delivered_by} == {
        winner
    }
    assert not Partner.objects.filter(pk=loser.pk).exists()
    assert set(winner.aliases.values_list("name", flat=True)) == {"ALDER", "Alder Inc"}
    assert contract.version == 2  # whoever has it open now is told


def test_every_reference_to_a_partner_in_any_app_is_moved():
    moved = {(key.model._meta.label, key.name) for key in references()}
    assert moved >= {
        ("partners.Contract", "partner"), ("partners.Contract", "delivered_by"), ("partners.Contact", "partner"),
        ("partners.PartnerAlias", "partner"), ("scorecards.Scorecard", "partner"),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, attname FROM pg_constraint "
            "JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1] "
            "WHERE contype = 'f' AND confrelid = 'partners_partner'::regclass"
        )
        worked_out = {("evidence_figure", "partner_id"), ("evidence_figurerequest", "partner_id")}
        moved_columns = {(key.model._meta.db_table, key.column) for key in references()}
        assert set(cursor.fetchall()) == moved_columns | worked_out


def test_a_merge_is_written_down_with_who_did_it(client, procurement, pair):
    loser, winner = pair
    contract = make_contract(loser)
    client.force_login(procurement)
    merge(client, loser, winner)
    moved = AuditEntry.objects.get(table_name="partners_contract", row_id=contract.pk, action="update")
    assert (moved.actor, moved.before["partner_id"], moved.after["partner_id"]) == (
        procurement,
        loser.pk,
        winner.pk,
    )
    gone = AuditEntry.objects.get(table_name="partners_partner", row_id=loser.pk, action="delete")
    assert (gone.actor, gone.before["name"]) == (procurement, "Alder Inc")


def test_facts_are_joined_and_gaps_filled(client, procurement):
    loser = make_partner(
        "A", notes="two", email_domains=["a.example", "b.example"], supplies="tape", owner=procurement
    )
    winner = make_partner("B", notes="one", email_domains=["b.example", "c.example"])
    client.force_login(procurement)
    merge(client, loser, winner)
    winner.refresh_from_db()
    assert winner.notes == "one\n\ntwo"
    assert winner.email_domains == ["b.example", "c.example", "a.example"]
    assert (winner.supplies, winner.owner, winner.name) == ("tape", procurement, "B")


def test_a_person_sees_what_moves_before_anything_happens(client, procurement, pair):
    loser, winner = pair
    make_contract(loser)
    make_contract(loser)
    Contact.objects.create(partner=loser, name="Ines")
    client.force_login(procurement)
    assert ("contracts", 2) in client.get(url(loser, winner)).context["preview"].moves
    assert Partner.objects.count() == 2
    page = client.get(url(loser)).content.decode()
    assert "Alder Incorporated" in page
    assert f"?into={winner.pk}" in page


def test_two_scorecards_in_one_cycle_keep_two_partners(client, procurement, pair):
    loser, winner = pair
    template = make_template()
    cycle = make_cycle(template, name="2026 Q4")
    for partner in pair:
        make_scorecard(partner, template, cycle)
    contract = make_contract(loser)
    client.force_login(procurement)
    assert "Both have a scorecard in 2026 Q4" in client.get(url(loser, winner)).content.decode()
    answer = merge(client, loser, winner)
    assert answer.status_code == 400
    assert "Both have a scorecard in 2026 Q4" in answer.content.decode()
    contract.refresh_from_db()
    assert contract.partner == loser


def test_contracts_with_the_same_reference_are_both_kept(client, procurement, pair):
    loser, winner = pair
    for partner in pair:
        make_contract(partner, reference="PO-7", title=f"For {partner}")
    client.force_login(procurement)
    assert "1 contract shares a reference" in client.get(url(loser, winner)).content.decode()
    assert merge(client, loser, winner).status_code == 302
    assert set(winner.contracts.values_list("title", "reference")) == {
        ("For Alder Inc", "PO-7"), ("For Alder Incorporated", "PO-7"),
    }  # fmt: skip


def test_a_provider_merged_into_its_partner_leaves_no_contract_delivered_by_itself(client, procurement, pair):
    loser, winner = pair
    contract = make_contract(winner, delivered_by=loser)
    client.force_login(procurement)
    merge(client, loser, winner)
    contract.refresh_from_db()
    assert contract.delivered_by is None


@pytest.mark.parametrize(
    ("loser", "winner", "said"),
    [
        ({"kind": "own"}, {}, "is our own organisation"),
        ({}, {"archived_at": timezone.now()}, "is archived"),
        ({"notes": "x" * 15_000}, {"notes": "y" * 15_000}, "longer than 20,000"),
    ],
)
def test_what_cannot_be_one_is_refused_with_what_to_do(client, procurement, loser, winner, said):
    one, other = make_partner("A", **loser), make_partner("B", **winner)
    client.force_login(procurement)
    answer = merge(client, one, other)
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert Partner.objects.count() == 2


def test_a_partner_is_not_merged_into_itself(client, procurement, pair):
    client.force_login(procurement)
    assert merge(client, pair[0], pair[0]).status_code == 400
    assert Partner.objects.count() == 2


@pytest.mark.parametrize("stale", ["version", "into_version"])
def test_a_merge_of_what_was_changed_meanwhile_is_refused(client, procurement, pair, stale):
    client.force_login(procurement)
    assert merge(client, *pair, **{stale: 99}).status_code == 409
    assert merge(client, *pair, **{stale: ""}).status_code == 409
    assert Partner.objects.count() == 2


@pytest.mark.parametrize("into", ["0", "9" * 40, "-1", "٣", "abc", ""])
def test_odd_choices_lead_back_to_the_choice_or_nowhere(client, procurement, pair, into):
    client.force_login(procurement)
    assert client.get(url(pair[0]), {"into": into}).status_code in (200, 404)
    assert client.post(url(pair[0]), {"into": into}).status_code in (200, 404)
    assert Partner.objects.count() == 2


def test_only_a_confirmation_merges_never_a_link_that_is_followed(client, procurement, pair):
    loser, winner = pair
    client.force_login(procurement)
    asked = {"into": winner.pk, "version": loser.version, "into_version": winner.version}
    assert client.get(url(loser), asked).status_code == 200
    assert client.head(url(loser), asked).status_code == 200
    assert client.put(url(loser), asked).status_code == 405
    assert Partner.objects.count() == 2
    assert merge(client, loser, winner).status_code == 302
    assert client.get(url(loser, winner)).status_code == 404, "who is gone is not merged again"
    assert merge(client, loser, winner).status_code == 404
    assert merge(client, winner, loser).status_code == 404
    assert Partner.objects.get() == winner


def test_a_confirmation_without_a_partner_or_a_version_moves_nothing(client, procurement, pair):
    loser, winner = pair
    client.force_login(procurement)
    assert client.post(url(loser)).status_code in (200, 404)
    assert client.post(url(loser), {"into": winner.pk}).status_code == 409
    for odd in ("abc", "1.0", "9" * 40, "-1", "\u0661"):
        assert merge(client, loser, winner, version=odd).status_code == 409, odd
    assert Partner.objects.count() == 2


def test_both_must_stand_inside_the_walls(client, stranger, unit):
    mine, theirs = make_partner("Alder", unit=stranger.units.get()), make_partner("Alder", unit=unit)
    client.force_login(stranger)
    assert client.get(url(theirs, mine)).status_code == 404
    assert client.get(url(mine, theirs)).status_code == 404
    assert merge(client, mine, theirs).status_code == 404
    assert client.get(url(mine)).context["lines"] == []


def test_from_within_a_unit_the_companys_partner_is_not_merged_away(client, stranger):
    company, mine = make_partner("Alder"), make_partner("Alder", unit=stranger.units.get())
    client.force_login(stranger)
    answer = merge(client, company, mine)
    assert answer.status_code == 400
    assert "belongs to the whole company" in answer.content.decode()
    assert merge(client, mine, company).status_code == 302


def test_contracts_stay_behind_the_wall_their_partner_stood_behind(client, procurement, unit):
    loser, winner = make_partner("Alder", unit=unit), make_partner("Alder Inc")
    contract = make_contract(loser)
    client.force_login(procurement)
    assert (
        "will be seen by the whole company instead of Retail"
        in client.get(url(loser, winner)).content.decode()
    )
    merge(client, loser, winner)
    contract.refresh_from_db()
    assert contract.unit == unit
    assert not Contract.objects.visible_to(make_user("procurement", make_unit())).exists()


def test_a_spelling_that_another_partner_has_already_stays_with_it(client, procurement, pair):
    cedar = make_partner("Cedar")
    PartnerAlias.objects.create(partner=cedar, name="Alder Inc")
    client.force_login(procurement)
    assert merge(client, *pair).status_code == 302
    assert PartnerAlias.objects.get(name="Alder Inc").partner == cedar


@pytest.mark.django_db(transaction=True)
def test_two_people_merging_the_two_into_each_other_leave_one_with_everything():
    one, other = make_partner("A"), make_partner("B")
    make_contract(one)
    make_contract(other)
    by = make_user("administrator")

    def run(loser: Partner, winner: Partner) -> None:
        with suppress(StaleSave, ValidationError):
            merge_partners(loser, winner, by=by, versions=(1, 1))

    at_once(partial(run, one, other), partial(run, other, one))
    assert Partner.objects.get().contracts.count() == 2
