"""What the demo's people decided: at renewals now and before, about a newcomer long ago, and a candidate still open."""

from datetime import datetime, time, timedelta
from typing import Any

from django.utils import timezone

from governance.brief import admission_of, brief_of
from governance.demo import data
from governance.demo.quarters import Demo
from governance.models import Decision
from governance.services.decisions import record_decision
from partners.models import CANDIDATE, Contract, Partner
from partners.names import name_key
from scorecards.models import Assessment, Criterion, Cycle, Rating, Scorecard
from scorecards.services.cycles import add_partners
from scorecards.services.recompute import recompute_now

# partner, days ago, what, reasons, conditions
NOW = [
    ("Quillon Security", 16, "renegotiate",
     "Two incidents they argued about for a week, and the credits from March are still not on any invoice. The "
     "people who do the work are good; the contract lets the others get away with it.",
     "Credits paid before signature, a named engineer, four hours to a first finding. Otherwise a tender in March."),
    ("Arbour Identity", 34, "renew", "Up in every quarter, and they told us of the certificate problem before we saw it.", ""),
]  # fmt: skip
# partner, days ago that term ended, what, reasons, what came of it
BEFORE = [
    ("Northgate Cloud", 730, "renew",
     "Moving would have taken the year in which we had to open three regions. They promised the second Nordic region.",
     "We opened the regions in time. The second Nordic region has not come; the account manager has changed twice."),
    ("Quillon Security", 365, "renew", "No time for a tender beside the audit.", ""),
]  # fmt: skip
CANDIDATE_NAME, SUPPLIES = "Alderway Cloud", "Cloud hosting, second source"
MARKS = [(4, 4, 3, 4, 5, 3, 4, 4, 3, 4), (5, 4, 4, 3, 4, 4, 3, 4, 4, 4), (4, 3, 4, 4, 4, 3, 4, 5, 3, 3)]


def load_decisions(demo: Demo) -> None:
    """Record them for Clara, who decides; and enter the candidate, whom three people have scored already."""
    clara = demo.people[data.CLARA]
    contracts = Contract.objects.filter(partner__is_demo=True).select_related("partner", "owner", "unit")
    main = {row.partner.name: row for row in contracts.with_yearly().order_by("-pk")}
    for name, ended, outcome, reasons, came_of_it in BEFORE:
        term_ends = demo.today - timedelta(days=ended)
        _at(Decision.objects.create(
            contract=main[name], outcome=outcome, reasons=reasons, came_of_it=came_of_it, by=clara, term_ends=term_ends,
            notice_deadline=term_ends - timedelta(days=90),
        ), demo, ended + 110)  # fmt: skip
    for name, days, outcome, reasons, conditions in NOW:
        decision = record_decision(
            main[name], outcome=outcome, reasons=reasons, conditions=conditions,
            snapshot=brief_of(main[name], clara), by=clara,
        )  # fmt: skip
        _at(decision, demo, days)
    newcomer = next(partner for partner in demo.partners if partner.name == data.NEWCOMER)
    admitted = Decision.objects.create(
        partner=newcomer, outcome="conditions", by=clara, snapshot=admission_of(newcomer, clara),
        reasons="The trial in the second hall ran for six weeks without a stop, with their engineer beside us.",
        conditions="Spare parts on site, and a second reference by the spring.",
        came_of_it="The parts came in May, the reference in June: both as agreed.",
    )  # fmt: skip
    _at(admitted, demo, 400)
    _candidate(demo)


def _at(decision: Decision, demo: Demo, days: int) -> None:
    """As if recorded so many days before today, brief included."""
    moment = timezone.make_aware(datetime.combine(demo.today - timedelta(days=days), time(15, 20)))
    snapshot: dict[str, Any] = decision.snapshot and {**decision.snapshot, "at": moment.isoformat()}
    Decision.objects.filter(pk=decision.pk).update(at=moment, snapshot=snapshot)


def _candidate(demo: Demo) -> None:
    partner = Partner.objects.create(
        name=CANDIDATE_NAME, name_key=name_key(CANDIDATE_NAME), segment="strategic", supplies=SUPPLIES, is_demo=True,
        owner=demo.people[0], admission=CANDIDATE,
    )  # fmt: skip
    cycle = Cycle.objects.get(is_demo=True, state=Cycle.OPEN)
    add_partners(cycle, [partner])
    card = Scorecard.objects.get(cycle=cycle, partner=partner)
    criteria = list(Criterion.objects.filter(category__template=card.template))
    for number, marks in zip((*data.DONE, data.RAVI), MARKS, strict=True):
        rater = demo.people[number]
        assessment = Assessment.objects.create(scorecard=card, rater=rater, rater_role=rater.rater_role)
        Rating.objects.bulk_create(
            Rating(assessment=assessment, scorecard=card, criterion=criterion, value=mark)
            for criterion, mark in zip(criteria, marks, strict=True)
        )
    Assessment.objects.filter(scorecard=card).update(submitted_at=timezone.now() - timedelta(days=2))
    recompute_now([card.pk])
