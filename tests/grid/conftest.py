"""An open cycle with one partner and three people asked."""

import pytest
from django.test import Client
from django.urls import reverse

from scorecards.models import Assessment, Criterion, Scorecard
from tests.factories import make_assessment, make_scorecard, make_user


@pytest.fixture
def scorecard(db) -> Scorecard:
    card = make_scorecard()
    for role in ("business", "leadership"):
        make_assessment(card, make_user(), rater_role=role)
    return card


@pytest.fixture
def assessment(scorecard, rater) -> Assessment:
    return make_assessment(scorecard, rater, rater_role="it")


@pytest.fixture
def criteria(scorecard) -> list[Criterion]:
    return list(Criterion.objects.filter(category__template=scorecard.template))


@pytest.fixture
def signed_in(client, rater) -> Client:
    client.force_login(rater)
    return client


@pytest.fixture
def save(signed_in, assessment, criteria):
    """Save a cell (the first criterion's) as the page's script does, and return the response."""

    def post(criterion: Criterion | None = None, client: Client = signed_in, **cell):
        pk = (criterion or criteria[0]).pk
        return client.post(
            reverse("assessment_cell", args=[assessment.pk, pk]), cell, content_type="application/json"
        )

    return post
