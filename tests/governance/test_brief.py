"""The decision brief: what it says of a contract, and to whom."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from partners.services.deadlines import set_deadlines
from tests.factories import make_contract
from tests.governance.conftest import TODAY

pytestmark = pytest.mark.django_db


def page(client, contract) -> str:
    answer = client.get(reverse("brief", args=[contract.pk]))
    assert answer.status_code == 200
    return answer.content.decode().replace("\u00a0", " ")


@pytest.fixture
def cio(client, executive):
    client.force_login(executive)
    return client


def contract_of(partner=None, **fields):
    contract = make_contract(
        partner, **{"ends": TODAY() + timedelta(days=100), "notice_period": 10, **fields}
    )
    set_deadlines([contract])
    contract.save()
    return contract


def test_the_heading_asks_the_question_and_says_by_when(cio):
    contract = contract_of(country="")
    said = page(cio, contract)
    assert f"{contract.partner}: renew, renegotiate, replace or leave? Notice is due in " in said


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"ends": None, "term": "evergreen"}, "keep, renegotiate, replace or leave? It has no end"),
        ({"ends": None}, "No end is recorded."),
        ({"notice_period": None}, "no notice period is entered."),
        ({"ends": date(2020, 1, 31)}, "this contract ended "),
        ({"notice_period": 120}, "The notice deadline passed "),
    ],
)
def test_every_kind_of_term_has_its_words(cio, fields, said):
    assert said in page(cio, contract_of(**fields))


def test_the_score_comes_with_its_standing_its_change_and_its_rank(cio, quarters):
    said = page(cio, quarters[0].contracts.get())
    for part in ("25.0", "Failing", "−50.0 since Q1", "rank 2 of 2", "Down by 50.0 over 2 cycles"):
        assert part in said, part
