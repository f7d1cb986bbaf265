"""What is written once finds what the queryset finds, for every reader and with every number."""

from datetime import timedelta
from threading import Thread

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone

from accounts.compiled import compiled
from accounts.models import BusinessUnit
from partners.models import Contract, Partner
from scorecards.models import Scorecard
from tests.factories import (
    make_assessment,
    make_contract,
    make_cycle,
    make_partner,
    make_scorecard,
    make_template,
    make_unit,
    make_user,
)

User = get_user_model()


def seen(user, partner):
    cards = Scorecard.objects.scores_visible_to(user).filter(partner=partner)
    return cards.select_related("cycle", "partner").order_by("pk")


@pytest.fixture
def portfolio(db):
    """Partners of two units and of none, each in a closed and in an open cycle."""
    template = make_template()
    partners = [make_partner(unit=make_unit()), make_partner(unit=make_unit()), make_partner()]
    for state in ("closed", "open"):
        cycle = make_cycle(template, state=state)
        for partner in partners:
            make_scorecard(partner, template, cycle)
    return partners


def test_every_reader_finds_what_they_may_see_and_nothing_else(portfolio):
    first, second, _ = portfolio
    blind = make_user("procurement", first.unit)
    make_assessment(first.scorecards.get(cycle__state="open"), blind)
    done = make_user("rater", second.unit)
    make_assessment(second.scorecards.get(cycle__state="open"), done, submitted=True)
    readers = [
        blind, done, make_user("procurement", first.unit), make_user("procurement", second.unit),
        make_user("procurement"), make_user("executive", all_units=True), make_user("administrator"),
        make_user("rater", first.unit), make_user("procurement", first.unit, is_active=False),
    ]  # fmt: skip
    find = compiled(seen)
    found = [find(reader, partner.pk) for reader in readers for partner in portfolio]
    assert found == [list(seen(reader, partner.pk)) for reader in readers for partner in portfolio]
    assert {len(cards) for cards in found} == {0, 1, 2}


def test_rows_come_as_the_queryset_makes_them_by_one_statement(portfolio, django_assert_num_queries):
    reader = make_user("procurement", all_units=True)
    plain = compiled(lambda user, partner: seen(user, partner).values_list("cycle__name", "partner__name"))
    find = compiled(seen)
    for partner in portfolio:
        with django_assert_num_queries(1):
            cards = find(reader, partner.pk)
            names = [(card.cycle.name, card.partner.name) for card in cards]
        assert names == plain(reader, partner.pk)
        assert len(names) == 2


def test_the_sql_is_written_once_for_all_readers_of_a_kind_and_anew_the_next_day(db):
    written = []

    @compiled
    def contracts(user, partner):
        written.append(user.role)
        return Contract.objects.visible_to(user).filter(partner=partner, ends__lt=timezone.localdate())

    partner, unit = make_partner(), make_unit()
    contract = make_contract(partner, ends=timezone.localdate())
    readers = [make_user("procurement", unit), make_user("procurement", unit), make_user("executive", unit)]
    assert [contracts(reader, partner.pk) for reader in readers] == [[], [], []]
    assert written == ["procurement", "executive"]
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        assert contracts(readers[0], partner.pk) == [contract]


def test_where_it_does_not_matter_who_reads_nobody_is_named(portfolio):
    @compiled
    def cards(reader, partner, cycle):
        return Scorecard.objects.filter(partner=partner, cycle=cycle)

    found = [cards(None, card.partner_id, card.cycle_id) for card in Scorecard.objects.all()]
    assert found == [[card] for card in Scorecard.objects.all()]


@pytest.mark.django_db(transaction=True)
def test_each_thread_asks_on_its_own_connection():
    reader, partner = make_user("procurement", all_units=True), make_partner()
    make_scorecard(partner)
    backend = compiled(lambda user, pk: seen(user, pk).extra(select={"backend": "pg_backend_pid()"}))
    found = [backend(reader, partner.pk)[0].backend]

    def ask():
        found.append(backend(reader, partner.pk)[0].backend)
        connection.close()

    thread = Thread(target=ask)
    thread.start()
    thread.join()
    assert len(set(found)) == 2


@pytest.mark.parametrize(
    "build",
    [
        lambda user, pk: Partner.objects.filter(pk=pk + 1),
        lambda user, pk: Partner.objects.filter(pk__in=BusinessUnit.objects.filter(pk=pk if pk > 0 else 0)),
        lambda user, pk: Partner.objects.filter(pk=pk, created_at__lt=timezone.now()),
    ],
)
def test_a_number_worked_with_and_a_moment_are_refused(db, build):
    with pytest.raises(TypeError):
        compiled(build)(make_user(), 1)
