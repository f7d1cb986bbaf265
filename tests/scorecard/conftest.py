"""Scorecards with marks, computed as the workers compute them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from scorecards.models import Scorecard
from scorecards.services.recompute import recompute_now
from tests.factories import make_assessment, make_scorecard, rate


@pytest.fixture
def scored(db) -> Callable[..., Scorecard]:
    """Make a scorecard with one submitted assessment for each list of marks, and its score."""

    def make(*assessments: list[Any], roles: tuple[str, ...] = (), **fields: Any) -> Scorecard:
        card = make_scorecard(**fields)
        for place, marks in enumerate(assessments):
            role = roles[place] if roles else "business"
            rate(make_assessment(card, submitted=True, rater_role=role), *marks)
        recompute_now([card.pk])
        return Scorecard.objects.get(pk=card.pk)

    return make


@pytest.fixture
def look(client, procurement):
    """Open a scorecard as somebody (procurement unless told) and return its text."""

    def get(card: Scorecard, query: str = "", user: Any = None) -> str:
        client.force_login(user or procurement)
        response = client.get(reverse("scorecard_detail", args=[card.pk]) + query)
        assert response.status_code == 200
        return response.content.decode()

    return get
