"""A cycle's life: set up, opened, nudged, extended, closed, reopened."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, OutgoingMail
from scorecards.models import Assessment, Cycle, Score, Scorecard
from scorecards.services import cycles as service
from tests.factories import (
    make_assessment,
    make_cycle,
    make_partner,
    make_scorecard,
    make_template,
    make_user,
    rate,
)

TODAY = timezone.localdate


@pytest.fixture
def draft(db):
    return make_cycle(make_template(), state="draft", due=TODAY() + timedelta(days=10))


def test_an_analyst_sets_up_a_cycle_in_three_steps_and_raters_are_invited(client, procurement, rater):
    template, partner = make_template(), make_partner("Northgate", owner=procurement)
    client.force_login(procurement)
    dates = {"starts": "2026-10-01", "ends": "2026-12-31", "due": f"{TODAY() + timedelta(days=9)}"}
    client.post(reverse("cycle_create"), {"name": "2026 Q4", **dates})
    cycle = Cycle.objects.get(name="2026 Q4")
    client.post(reverse("cycle_partners", args=[cycle.pk]), {"partner": [partner.pk]})
    assert Scorecard.objects.get(cycle=cycle).template == template
    scorecard = cycle.scorecards.get()
    data = {"rater": rater.pk, "rater_role": "it", "scorecard": [scorecard.pk]}
    client.post(reverse("cycle_raters", args=[cycle.pk]), data)
    client.post(reverse("cycle_open", args=[cycle.pk]))
    cycle.refresh_from_db()
    assert cycle.state == Cycle.OPEN
    mail = OutgoingMail.objects.get(kind="invitation")
    assert mail.to == rater.email
    assert "Northgate" in mail.text


def test_a_cycle_without_partners_or_raters_says_what_is_missing_and_stays_a_draft(draft, procurement):
    with pytest.raises(ValidationError, match="at least one partner"):
        service.open_cycle(draft, by=procurement)
    service.add_partners(draft, [make_partner("Lonely")])
    with pytest.raises(ValidationError, match="Nobody is asked to rate Lonely"):
        service.open_cycle(draft, by=procurement)
    draft.refresh_from_db()
    assert draft.state == Cycle.DRAFT
    assert not OutgoingMail.objects.exists()


def test_a_nudge_reaches_those_missing_once_a_day(draft, procurement):
    template = draft.templates.get()
    late, done = make_user(), make_user()
    scorecard = make_scorecard(make_partner(), template, draft)
    make_assessment(scorecard, late)
    make_assessment(scorecard, done)
    service.open_cycle(draft, by=procurement)
    Assessment.objects.filter(rater=done).update(submitted_at=timezone.now())
    assert service.nudge(draft, by=procurement) == (1, 1)
    assert service.nudge(draft, by=procurement) == (0, 1)
    assert [mail.to for mail in OutgoingMail.objects.filter(kind="nudge")] == [late.email]


def test_closing_freezes_the_scores_of_what_was_submitted(db):
    cycle = make_cycle(template := make_template(minimum_raters=1))
    scorecard = make_scorecard(make_partner(), template, cycle)
    assessment = make_assessment(scorecard)
    rate(assessment, 5, 5, 3)
    Assessment.objects.update(submitted_at=timezone.now())
    service.close_cycle(cycle)
    score = Score.objects.get(scorecard=scorecard)
    assert (str(score.overall), score.status, score.standing) == ("80.0000", "final", "B")
    with pytest.raises(ValidationError, match="closed"):
        service.close_cycle(cycle)


def test_only_an_administrator_reopens_and_the_reason_is_kept(client, procurement, administrator, db):
    cycle = make_cycle(make_template(), state="closed")
    address = reverse("cycle_reopen", args=[cycle.pk])
    client.force_login(procurement)
    assert client.post(address, {"reason": "x"}).status_code == 403
    client.force_login(administrator)
    client.post(address, {"reason": " "})
    cycle.refresh_from_db()
    assert cycle.state == Cycle.CLOSED
    client.post(address, {"reason": "One rater was on leave."})
    cycle.refresh_from_db()
    assert cycle.state == Cycle.OPEN
    entry = AuditEntry.objects.filter(table_name="scorecards_cycle", row_id=cycle.pk).latest("pk")
    assert entry.after["reopen_reason"] == "One rater was on leave."
    assert entry.actor == administrator


def test_an_analyst_of_one_unit_neither_sees_nor_adds_another_units_partners(client, stranger, unit, draft):
    foreign = make_partner("Foreign", unit=unit)
    client.force_login(stranger)
    address = reverse("cycle_partners", args=[draft.pk])
    assert "Foreign" not in client.get(address).content.decode()
    client.post(address, {"partner": [foreign.pk]})
    client.post(address, {"every": ""})
    assert not Scorecard.objects.filter(partner=foreign).exists()


def test_a_stale_save_shows_both_values(client, procurement, draft):
    client.force_login(procurement)
    data = {"name": "Mine", "starts": "2026-10-01", "ends": "2026-12-31", "due": "2027-01-04", "version": 1}
    Cycle.objects.filter(pk=draft.pk).update(name="Theirs", version=2)
    response = client.post(reverse("cycle_edit", args=[draft.pk]), data)
    assert response.status_code == 409
    assert "Theirs" in response.content.decode()
    assert "Mine" in response.content.decode()
    draft.refresh_from_db()
    assert draft.name == "Theirs"


def test_an_invitation_says_what_is_asked_by_when_where_and_by_whom(draft, procurement):
    rater = make_user(name="Mara Meyer")
    for number in range(42):
        make_assessment(
            make_scorecard(make_partner(f"Partner {number:02}"), draft.templates.get(), draft), rater
        )
    service.open_cycle(draft, by=procurement)
    mail = OutgoingMail.objects.get()
    assert mail.subject == f"{draft}: please score 42 partners by {draft.due.day} {draft.due:%B}"
    for part in ("Hello Mara Meyer,", f"by {draft.due:%A}, {draft.due.day} {draft.due:%B %Y}:", "  - Partner 39\n",
                 "  and 2 more, all on your start page", "Start here: http", "Petra Procurement\npetra@example.org"):  # fmt: skip
        assert part in mail.text
    assert "Partner 40" not in mail.text
