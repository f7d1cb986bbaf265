"""A cycle that published ratings were given in."""

import pytest

from accounts.models import User
from scorecards.models import Cycle
from scorecards.services.recompute import recompute_now
from tests.factories import (
    make_assessment,
    make_cycle,
    make_partner,
    make_scorecard,
    make_template,
    make_user,
    rate,
)
from tests.fair.test_severity import SHROUT_FLEISS


@pytest.fixture
def judges(db) -> list[User]:
    return [make_user(name=f"Judge {j + 1}") for j in range(4)]


@pytest.fixture
def judged(judges) -> Cycle:
    """Shrout & Fleiss: six partners by four raters, on a scale from 0 to 100 that makes marks percents."""
    template = make_template({("All", 100): [("Worth", 100)]}, scale_min=0, scale_max=100)
    cycle = make_cycle(template, name="Judged")
    cards = []
    for number, marks in enumerate(SHROUT_FLEISS):
        card = make_scorecard(make_partner(f"Target {number + 1}"), template, cycle)
        for judge, mark in zip(judges, marks, strict=True):
            rate(make_assessment(card, judge, submitted=True), mark)
        cards.append(card.pk)
    recompute_now(cards)
    return cycle
