"""A day that stands still, a signed-in analyst, and contracts as every way of writing them leaves them."""

from datetime import UTC, datetime

import pytest
import time_machine

from partners.models import Contract
from partners.services.deadlines import keep_terms, set_deadlines
from tests.factories import make_contract

NOON = datetime(2026, 11, 22, 11, tzinfo=UTC)  # a Sunday


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def analyst(client, procurement):
    client.force_login(procurement)
    return client


def make_term(**fields) -> Contract:
    """A contract whose deadline is worked out and whose term is kept."""
    contract = make_contract(**fields)
    set_deadlines([contract])
    contract.save()
    keep_terms([contract])
    return contract
