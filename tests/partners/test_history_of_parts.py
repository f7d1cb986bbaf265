"""The history of a contract tells of its parts, also of those that are gone."""

from datetime import date

import pytest
from django.urls import reverse

from partners.models import Amendment, CostLine
from tests.factories import make_contract, make_partner

pytestmark = pytest.mark.django_db


def test_amendments_and_cost_lines_stand_in_the_history_of_their_contract(client, procurement):
    client.force_login(procurement)
    contract, other = make_contract(), make_contract()
    Amendment.objects.create(contract=contract, day=date(2026, 1, 1), what="A second region")
    line = CostLine.objects.create(contract=contract, note="Named users", amount=1, currency="EUR")
    line.delete()
    Amendment.objects.create(contract=other, day=date(2026, 1, 1), what="Of another contract")
    page = client.get(reverse("history", args=["partners_contract", contract.pk])).content.decode()
    assert "A second region" in page
    assert "Named users" in page
    assert "Of another contract" not in page


def test_candidates_are_found_on_the_partner_list(client, procurement):
    client.force_login(procurement)
    make_partner("Waits for admission", admission="candidate")
    make_partner("Is admitted")
    page = client.get(reverse("partner_list"), {"admission": "candidate"}).content.decode()
    assert "Waits for admission" in page
    assert "Is admitted" not in page
