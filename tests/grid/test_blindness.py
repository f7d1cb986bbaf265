"""Before their own marks are in, nobody learns what others gave: on no page, in no export, at no address."""

import io
import re
import zipfile
from decimal import Decimal

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from scorecards.models import Assessment, Comment, Criterion, Score, Scorecard, Template
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

# What the others' marks come to (70.625, of 75 and 68.75), and what one of them wrote.
GIVEAWAYS = ("70.6", "68.8", "68.75", "Between the two of us")
ADDRESSES_TRIED_AT_LEAST = 15


@pytest.fixture
def world(db, procurement):
    """Two partners scored by others; the analyst has submitted for one of them and is still to submit for the other."""
    template = make_template({("Service", 100): [("On time", 30), ("Quality", 70)]}, name="Blind")
    cycle = make_cycle(template)
    cards = [make_scorecard(make_partner(name), template, cycle) for name in ("Opened", "Waiting")]
    for card in cards:
        for marks in ((4, 4), (5, 3), (3, 4), (4, 4)):
            other = make_assessment(card, make_user(), submitted=True)
            rate(other, *marks)
        Comment.objects.create(
            scorecard=card, assessment=other, text="Between the two of us, they are slow.",
            criterion=Criterion.objects.filter(category__template=template).first(),
        )  # fmt: skip
    make_assessment(cards[0], procurement, submitted=True)
    make_assessment(cards[1], procurement)
    recompute_now([card.pk for card in cards])
    assert set(Score.objects.values_list("overall", flat=True)) == {Decimal("70.625")}
    return cards


def addresses(user) -> dict[str, str]:
    """Every address of the site that can be filled in with what exists, by its name and arguments."""
    found = {}
    known = {
        "assessment": list(Assessment.objects.filter(rater=user).values_list("pk", flat=True)),
        "scorecard": list(Scorecard.objects.values_list("pk", flat=True)),
        "cycle": list(Scorecard.objects.values_list("cycle", flat=True).distinct()),
        "partner": list(Scorecard.objects.values_list("partner", flat=True)),
        "portfolio": [],
        "template": list(Template.objects.values_list("pk", flat=True)),
    }

    def walk(patterns, prefix=""):
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns)
            elif isinstance(pattern, URLPattern) and pattern.name and not pattern.name.startswith("account_"):
                arguments = list(pattern.pattern.converters)
                if pattern.name == "entry_export":  # its address is a pattern of kind and format
                    found[pattern.name] = reverse(pattern.name, args=["request", "csv"])
                elif not arguments:
                    found[pattern.name] = reverse(pattern.name)
                elif arguments == ["pk"]:
                    for pk in known.get(pattern.name.split("_")[0], []):
                        found[f"{pattern.name} {pk}"] = reverse(pattern.name, args=[pk])
                elif arguments == ["pk", "form"]:
                    for pk in known.get(pattern.name.split("_")[0], []):
                        for form in ("csv", "xlsx"):
                            found[f"{pattern.name} {pk} {form}"] = reverse(pattern.name, args=[pk, form])
                elif arguments == ["table", "row_id"]:
                    for name, pks in known.items():
                        for table in (f"scorecards_{name}", f"partners_{name}", "scorecards_score"):
                            for pk in pks:
                                found[f"{pattern.name} {table} {pk}"] = reverse(
                                    pattern.name, args=[table, pk]
                                )

    walk(get_resolver().url_patterns)
    return found


def giving_away(client, user) -> set[str]:
    """Names of the addresses that show a score of the cycle, a mark behind it, or a comment."""
    client.force_login(user)
    telling = set()
    tried = addresses(user)
    assert len(tried) >= ADDRESSES_TRIED_AT_LEAST
    for name, address in tried.items():
        for query in ("", "?open=all&q=Waiting&sort=-score"):
            response = client.get(address + query)
            assert response.status_code < 500, address
            content = response.content if not response.streaming else b"".join(response.streaming_content)
            if content[:2] == b"PK":
                content = unzipped(content)
            text = re.sub(
                r' (x|y|cx|cy|x1|x2|y1|y2|d|points|width|height)="[^"]*"',
                "",
                content.decode(errors="replace"),
            )
            if any(words in text for words in GIVEAWAYS):
                telling.add(name.split(" ")[0])
    return telling


def unzipped(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return b"\n".join(archive.read(name) for name in archive.namelist())


def test_one_assessment_still_open_hides_every_score_of_the_cycle(client, world, procurement):
    assert giving_away(client, procurement) == set()


def test_with_the_last_submission_the_scores_appear(client, world, procurement):
    Assessment.objects.filter(rater=procurement).update(submitted_at=timezone.now())
    assert {"scorecard_detail", "scorecard_export", "cycle_export", "portfolio"} <= giving_away(
        client, procurement
    )


def test_a_withdrawn_assessment_blinds_again(client, world, procurement):
    Assessment.objects.filter(rater=procurement).update(submitted_at=timezone.now())
    mine = Assessment.objects.filter(rater=procurement).first()
    client.force_login(procurement)
    client.post(reverse("assessment_withdraw", args=[mine.pk]))
    assert giving_away(client, procurement) == set()


def test_a_rater_never_sees_the_score_of_a_partner_they_were_not_asked_about(client, world, rater):
    assert giving_away(client, rater) == set()


def test_a_rater_sees_what_they_submitted_for_once_nothing_is_open(client, world, rater):
    make_assessment(world[0], rater, submitted=True)
    assert "scorecard_detail" in giving_away(client, rater)
    make_assessment(world[1], rater)
    assert giving_away(client, rater) == set()


def test_the_blind_page_says_what_to_do_and_leads_there(client, world, procurement):
    client.force_login(procurement)
    mine = Assessment.objects.get(rater=procurement, submitted_at=None)
    for card in world:
        response = client.get(card.get_absolute_url())
        assert response.status_code == 403
        assert "Submit 1 open assessment to see this score" in response.content.decode()
        assert reverse("assessment_detail", args=[mine.pk]) in response.content.decode()


def test_the_grid_shows_nothing_of_what_others_gave(client, world, procurement):
    client.force_login(procurement)
    mine = Assessment.objects.get(rater=procurement, submitted_at=None)
    text = client.get(reverse("assessment_detail", args=[mine.pk])).content.decode()
    assert "checked" not in text
    assert "Between" not in text


def test_an_export_of_a_cycle_still_blind_says_why_it_is_refused(client, world, procurement):
    client.force_login(procurement)
    response = client.get(reverse("cycle_export", args=[world[0].cycle_id, "csv"]), follow=True)
    assert "Submit your own assessments first" in response.content.decode()
