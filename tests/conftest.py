"""Shared fixtures: the named cast. The throw-away PostgreSQL cluster is started by tests/cluster.py."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import settings

from accounts.models import BusinessUnit, User
from tests.factories import make_unit, make_user

pytest_plugins = ["tests.cluster"]
# A machine that is busy is no failure, and examples are not kept from run to run.
settings.register_profile("ours", deadline=None, database=None)
settings.load_profile("ours")


@pytest.fixture
def statements():
    """How many statements a page costs that a client gets, in a process that remembers what it may."""

    def count(client: Client, address: str) -> int:
        client.get(address)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    return count


@pytest.fixture
def unit(db) -> BusinessUnit:
    return make_unit("Retail")


@pytest.fixture
def procurement(unit) -> User:
    return make_user("procurement", name="Petra Procurement", email="petra@example.org", all_units=True)


@pytest.fixture
def rater(unit) -> User:
    return make_user("rater", unit, name="Rafael Rater", email="rafael@example.org", rater_role="it")


@pytest.fixture
def executive(unit) -> User:
    return make_user("executive", name="Clara Cio", email="clara@example.org", all_units=True)


@pytest.fixture
def governance_lead(unit) -> User:
    return make_user("governance", name="Gesa Governance", email="gesa@example.org", all_units=True)


@pytest.fixture
def administrator(unit) -> User:
    return make_user("administrator", name="Ada Administrator", email="ada@example.org")


@pytest.fixture
def stranger(db) -> User:
    """A procurement analyst of another unit."""
    return make_user("procurement", make_unit("Logistics"), name="Stan Stranger", email="stan@example.org")
