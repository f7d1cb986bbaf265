"""Two quarters of scores."""

from datetime import timedelta

import pytest
from django.utils import timezone

from scorecards.models import Assessment, Cycle
from scorecards.services.recompute import recompute_now
from tests.factories import (
    make_assessment,
    make_contract,
    make_cycle,
    make_partner,
    make_scorecard,
    make_template,
    make_user,
    rate,
)

TODAY = timezone.localdate


def scored(partner, template, cycle, *marks):
    """A scorecard with two submitted raters who agree."""
    scorecard = make_scorecard(partner, template, cycle)
    for _ in range(2):
        rate(make_assessment(scorecard), *marks)
    Assessment.objects.filter(scorecard=scorecard).update(submitted_at=timezone.now())
    recompute_now([scorecard.pk])
    return scorecard


@pytest.fixture
def owner(db):
    return make_user("procurement", name="Olga Owner", email="olga@example.org", all_units=True)


@pytest.fixture
def quarters(db):
    """Two quarters: Falling fell from 75 to 25, Steady stayed at 50, and ourselves stand apart at 100."""
    template = make_template()
    partners = [make_partner("Falling"), make_partner("Steady"), make_partner("We", kind="own")]
    for partner, value in zip(partners, (900_000, 100_000), strict=False):
        make_contract(partner, annual_value=value, ends=TODAY() + timedelta(days=100))
    for name, ends, marks in (("Q1", -100, (4, 3, 5)), ("Q2", -10, (2, 3, 5))):
        cycle = make_cycle(
            template, name=name, starts=TODAY() - timedelta(days=200), ends=TODAY() + timedelta(days=ends)
        )
        for partner, mark in zip(partners, marks, strict=True):
            scored(partner, template, cycle, mark, mark, mark)
        Cycle.objects.filter(pk=cycle.pk).update(state=Cycle.CLOSED, closed_at=timezone.now())
    return partners
