"""A draft is its importer's alone: nobody else sees it, and the history begins when it is confirmed."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from accounts.models import AuditEntry
from evidence.models import Engagement
from partners.services.merge import preview
from tests.factories import make_partner


def draft(author, partner=None, **fields):
    values = {
        "day": date(2026, 3, 2), "started_by": "them", "purpose": "serves", "subject": "Lunch", "is_draft": True,
        "calendar_uid": "a", "recurrence": "",
    }  # fmt: skip
    return Engagement.objects.create(partner=partner or make_partner(), author=author, **{**values, **fields})


def trail():
    entries = AuditEntry.objects.filter(table_name="evidence_engagement").order_by("pk")
    return [(entry.action, entry.before, entry.after) for entry in entries]


def test_only_its_importer_sees_a_draft(procurement, executive):
    mine = draft(procurement)
    assert list(Engagement.objects.visible_to(procurement)) == [mine]
    assert not Engagement.objects.visible_to(executive)
    assert list(Engagement.objects.drafts_of(procurement)) == [mine]


def test_a_discarded_draft_is_seen_by_nobody(procurement):
    draft(procurement, subject="", is_discarded=True)
    assert not Engagement.objects.visible_to(procurement)


def test_a_discarded_draft_keeps_no_words(procurement):
    with pytest.raises(IntegrityError, match="engagement_discarded_without_words"), transaction.atomic():
        draft(procurement, is_discarded=True)


def test_the_history_of_an_engagement_begins_when_its_draft_is_confirmed(procurement):
    row = draft(procurement)
    Engagement.objects.update(subject="Dinner")
    assert trail() == []
    Engagement.objects.update(is_draft=False)
    [(action, before, after)] = trail()
    assert (action, before, after["subject"], after["is_draft"]) == ("insert", None, "Dinner", False)
    Engagement.objects.update(subject="Supper")
    row.delete()
    assert [action for action, _, _ in trail()] == ["insert", "update", "delete"]
    assert trail()[1][1:] == ({"subject": "Dinner"}, {"subject": "Supper"})


def test_a_draft_that_goes_leaves_no_trace(procurement):
    draft(procurement).delete()
    assert trail() == []


def test_two_people_may_have_a_draft_of_one_event_but_only_one_entry_comes_of_it(procurement, executive):
    partner = make_partner()
    draft(procurement, partner)
    other = draft(executive, partner)
    Engagement.objects.filter(author=procurement).update(is_draft=False)
    other.is_draft = False
    with pytest.raises(IntegrityError, match="engagement_of_event_unique"), transaction.atomic():
        other.save()


def test_partners_with_engagements_typed_by_hand_can_be_merged(procurement):
    one, other = make_partner("One"), make_partner("Other")
    for partner in (one, other):
        draft(procurement, partner, is_draft=False, calendar_uid="")
    assert preview(one, other, by=procurement).obstacles == []
    for partner in (one, other):
        draft(procurement, partner, is_draft=False, calendar_uid="same")
    assert "Both have an engagement" in preview(one, other, by=procurement).obstacles[0]
