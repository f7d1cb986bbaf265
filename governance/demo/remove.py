"""Takes the demo portfolio out again, with its history, and touches nothing else."""

from django.db import transaction
from django.db.models import Model, Q, QuerySet

from accounts.models import AuditEntry, BusinessUnit, OutgoingMail, User
from evidence.models import ENTRIES, Benefit, Obligation, PromiseMove
from governance.demo import data
from governance.demo.measured import demo_template, retire_measured
from governance.models import (
    Action,
    AgendaItem,
    Attendance,
    CalendarFeed,
    Decision,
    Forum,
    Meeting,
    MeetingDecision,
    Member,
    MinutesAmendment,
    Pack,
)
from partners.models import Amendment, Contact, Contract, CostLine, Document, Partner, PartnerAlias, Rate
from scorecards.models import Assessment, Comment, Cycle, CycleTemplate, PairAnswers, Rating, Scorecard


@transaction.atomic
def remove_demo() -> int:
    """Take out everything the demo brought; returns how many partners.

    What people added to it goes with it: contracts with a demo partner, marks in a demo cycle. A demo person who
    has marked something of somebody else's stays, unable to sign in, because those marks count.
    """
    partners = list(Partner.objects.filter(is_demo=True).values_list("pk", flat=True))
    cycles = list(Cycle.objects.filter(is_demo=True).values_list("pk", flat=True))
    people = User.objects.filter(is_demo=True)
    scorecards = list(
        Scorecard.objects.filter(Q(cycle__in=cycles) | Q(partner__in=partners)).values_list("pk", flat=True)
    )
    measured = demo_template(cycles)
    belongings = list(
        BusinessUnit.objects.filter(Q(members__in=people) | Q(partners__in=partners), name__in=data.UNITS)
        .distinct()
        .values_list("pk", flat=True)
    )
    closed = Cycle.objects.filter(state=Cycle.CLOSED, scorecards__in=scorecards)
    reopened = list(closed.values_list("pk", flat=True).distinct())
    Cycle.objects.filter(pk__in=reopened).update(state=Cycle.OPEN)  # closed, it keeps its marks

    forums = list(
        Forum.objects.filter(Q(is_demo=True) | Q(partner__in=partners)).values_list("pk", flat=True)
    )
    _take_out(Action.objects.filter(forum__in=forums))
    for of_meeting in (MeetingDecision, AgendaItem, Attendance, MinutesAmendment):
        _take_out(of_meeting._default_manager.filter(meeting__forum__in=forums))
    for of_forum in (Meeting, Member):
        _take_out(of_forum._default_manager.filter(forum__in=forums))
    _take_out(Forum.objects.filter(pk__in=forums))
    Comment.objects.filter(scorecard__in=scorecards).delete()
    _take_out(Rating.objects.filter(scorecard__in=scorecards))
    _take_out(Assessment.objects.filter(scorecard__in=scorecards))
    _take_out(Scorecard.objects.filter(pk__in=scorecards))
    _take_out(CycleTemplate.objects.filter(cycle__in=cycles))
    _take_out(Cycle.objects.filter(pk__in=cycles))
    _take_out(Pack.objects.filter(Q(partner__in=partners) | Q(partner=None, made_by__in=people)))
    _take_out(PromiseMove.objects.filter(promise__partner__in=partners))
    for part in (Benefit, Obligation):
        _take_out(part._default_manager.filter(programme__partner__in=partners))
    for kind in ENTRIES:
        _take_out(kind._default_manager.filter(partner__in=partners))
    _take_out(CostLine.objects.filter(contract__partner__in=partners))
    _take_out(Decision.objects.filter(Q(contract__partner__in=partners) | Q(partner__in=partners)))
    _take_out(Amendment.objects.filter(contract__partner__in=partners))
    _take_out(Document.objects.filter(contract__partner__in=partners))
    _take_out(Contract.objects.filter(partner__in=partners))
    _take_out(Contact.objects.filter(partner__in=partners))
    _take_out(PartnerAlias.objects.filter(partner__in=partners))
    _take_out(Partner.objects.filter(pk__in=partners))
    _take_out(Rate.objects.filter(is_demo=True))
    OutgoingMail.objects.filter(recipient__in=people).delete()
    people.filter(Q(assessments__isnull=False) | Q(decisions__isnull=False) | Q(packs__isnull=False)).update(
        is_active=False
    )
    strangers = list(people.filter(assessments=None, decisions=None, packs=None).values_list("pk", flat=True))
    _take_out(CalendarFeed.objects.filter(user__in=people))
    _take_out(PairAnswers.objects.filter(person__in=people))
    _take_out(User.units.through.objects.filter(user__in=strangers))
    _take_out(User.objects.filter(pk__in=strangers))
    _take_out(BusinessUnit.objects.filter(pk__in=belongings, members=None, partners=None, contracts=None))

    Cycle.objects.filter(pk__in=reopened).update(state=Cycle.CLOSED)
    if measured:
        retire_measured(measured)
    return len(partners)


def _take_out(rows: QuerySet[Model]) -> None:
    """Delete rows and the history of them."""
    keys = list(rows.values_list("pk", flat=True))
    rows.model._default_manager.filter(pk__in=keys).delete()
    AuditEntry.objects.filter(table_name=rows.model._meta.db_table, row_id__in=keys).delete()
