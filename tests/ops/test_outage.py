"""What counts as "the database is away", and what is a mistake of ours and stays one."""

import psycopg2
import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction

from tests.factories import make_unit
from vendorhub.outage import is_outage


def error_of(sql: str) -> DatabaseError:
    with pytest.raises(DatabaseError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    return caught.value


def raised(code: str) -> str:
    return f"DO $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '{code}'; END $$"


@pytest.mark.parametrize("code", ["57P01", "57P03", "08006", "53300", "40P01", "55P03"])
def test_a_database_that_goes_comes_or_is_too_busy_is_away(db, code):
    assert is_outage(error_of(raised(code)))


def test_a_server_that_is_not_there_is_away(data_dir):
    error = OperationalError("no server")
    with pytest.raises(psycopg2.OperationalError) as caught:
        psycopg2.connect(host=str(data_dir), user="vendorhub", dbname="vendorhub")
    error.__cause__ = caught.value
    connection.close()
    assert is_outage(error)


def test_a_statement_that_takes_too_long_is_our_mistake(db):
    assert not is_outage(error_of("SET LOCAL statement_timeout = 10; SELECT pg_sleep(1)"))


def test_a_broken_rule_is_our_mistake(db):
    unit = make_unit("Retail")
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        make_unit(unit.name)
    assert not is_outage(caught.value)
