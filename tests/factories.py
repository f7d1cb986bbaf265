"""The smallest rows that can exist, for tests."""

import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from accounts.models import BusinessUnit, User
from evidence.models import (
    THEM,
    US,
    Benchmark,
    Benefit,
    Commitment,
    Disclosure,
    Engagement,
    Figure,
    Incident,
    Obligation,
    Programme,
    Promise,
    PromiseMove,
    Request,
)
from evidence.models.contacts import DELIVERED
from governance.models import Forum, Meeting, Member
from partners.models import Contract, Partner
from scorecards.models import (
    Assessment,
    Band,
    Category,
    Criterion,
    Cycle,
    CycleTemplate,
    Rating,
    Scorecard,
    Template,
)
from scorecards.scoring import STANDINGS

_count = itertools.count(1)


def make_unit(name: str = "") -> BusinessUnit:
    return BusinessUnit.objects.create(name=name or f"Unit {next(_count)}")


def make_user(role: str = "rater", *units: BusinessUnit, **fields: Any) -> User:
    n = next(_count)
    user = User(**{"name": f"Person {n}", "email": f"person{n}@example.org", "role": role, **fields})
    user.set_unusable_password()
    user.save()
    user.units.set(units)
    return user


def make_partner(name: str = "", **fields: Any) -> Partner:
    name = name or f"Partner {next(_count)}"
    return Partner.objects.create(**{"name": name, "name_key": name.lower(), **fields})


def make_contract(partner: Partner | None = None, **fields: Any) -> Contract:
    defaults = {"title": f"Contract {next(_count)}", "ends": date(2027, 12, 31)}
    return Contract.objects.create(partner=partner or make_partner(), **{**defaults, **fields})


def make_template(
    categories: dict[tuple[str, Any], list[tuple[str, Any]]] | None = None,
    *,
    state: str = "active",
    **fields: Any,
) -> Template:
    """Build a template from {(category, weight): [(criterion, weight), …]} with the default bands."""
    categories = categories or {
        ("Service", 60): [("On time", 50), ("Quality", 50)],
        ("Price", 40): [("Fair", 100)],
    }
    template = Template.objects.create(**{"name": f"Template {next(_count)}", "state": state, **fields})
    Band.objects.bulk_create(
        Band(template=template, letter=letter, name=name, lower=lower) for letter, name, lower in STANDINGS
    )
    for place, ((name, weight), criteria) in enumerate(categories.items()):
        category = Category.objects.create(
            template=template, name=name, weight=Decimal(str(weight)), position=place
        )
        for position, (criterion, share) in enumerate(criteria):
            Criterion.objects.create(
                category=category, name=criterion, weight=Decimal(str(share)), position=position,
                anchors=[f"{criterion}, level {level}" for level in range(1, 6)],
            )  # fmt: skip
    return template


def make_cycle(template: Template | None = None, *, state: str = "open", **fields: Any) -> Cycle:
    defaults = {
        "name": f"Cycle {next(_count)}", "starts": date(2026, 10, 1), "ends": date(2026, 12, 31),
        "due": date(2026, 12, 4), "state": state,
    }  # fmt: skip
    cycle = Cycle.objects.create(**{**defaults, **fields})
    if template:
        CycleTemplate.objects.create(cycle=cycle, kind=template.kind, template=template)
    return cycle


def make_scorecard(
    partner: Partner | None = None, template: Template | None = None, cycle: Cycle | None = None
) -> Scorecard:
    template = template or make_template()
    return Scorecard.objects.create(
        cycle=cycle or make_cycle(template), partner=partner or make_partner(), template=template
    )


@contextmanager
def before_it_closed(scorecard: Scorecard) -> Iterator[None]:
    """Go back to when the scorecard's cycle took marks: the database refuses them once it is closed."""
    cycle = Cycle.objects.filter(pk=scorecard.cycle_id, state=Cycle.CLOSED)
    closed = cycle.update(state=Cycle.OPEN)
    yield
    if closed:
        Cycle.objects.filter(pk=scorecard.cycle_id).update(state=Cycle.CLOSED)


def make_assessment(
    scorecard: Scorecard | None = None, rater: User | None = None, *, submitted: bool = False, **fields: Any
) -> Assessment:
    scorecard = scorecard or make_scorecard()
    with before_it_closed(scorecard):
        return Assessment.objects.create(
            scorecard=scorecard, rater=rater or make_user(),
            submitted_at=timezone.now() if submitted else None, **fields,
        )  # fmt: skip


def rate(assessment: Assessment, *values: int | str | None) -> None:
    """Rate the template's criteria in order: a number, "n/a", or None for not answered."""
    criteria = Criterion.objects.filter(category__template=assessment.scorecard.template)
    with before_it_closed(assessment.scorecard):
        Rating.objects.bulk_create(
            Rating(
                assessment=assessment, scorecard=assessment.scorecard, criterion=criterion,
                value=None if value == "n/a" else value, not_applicable=value == "n/a",
            )
            for criterion, value in zip(criteria, values, strict=False) if value is not None
        )  # fmt: skip


def make_engagement(partner: Partner, day: date, started_by: str = THEM, **fields: Any) -> Engagement:
    return Engagement.objects.create(
        partner=partner, day=day, started_by=started_by, **{"purpose": "serves", **fields}
    )


def make_request(partner: Partner, asked_on: date, answered_on: date | None = None, **fields: Any) -> Request:
    """Asked by us, unless said otherwise; delivered on the day it is answered."""
    outcome = DELIVERED if answered_on else ""
    defaults = {"asked_by": US, "kind": "fix", "what": f"Request {next(_count)}", "outcome": outcome}
    return Request.objects.create(
        partner=partner, asked_on=asked_on, answered_on=answered_on, **{**defaults, **fields}
    )


def make_promise(
    partner: Partner, promised_on: date, due_on: date | None, *moves: tuple[date, date], **fields: Any
) -> Promise:
    """A promise and the later moves of its day: (said on, now promised for)."""
    promise = Promise.objects.create(
        partner=partner, promised_on=promised_on, due_on=due_on,
        **{"what": f"Promise {next(_count)}", "asked_by_us": due_on is None, **fields},
    )  # fmt: skip
    PromiseMove.objects.bulk_create(
        PromiseMove(promise=promise, moved_on=moved_on, due_on=due) for moved_on, due in moves
    )
    return promise


def make_incident(partner: Partner, opened_at: Any, **fields: Any) -> Incident:
    """An incident, acknowledged and fixed after so many hours: `acknowledged=0.5, fixed=7`."""
    for name in ("acknowledged", "fixed"):
        if (hours := fields.pop(name, None)) is not None:
            fields[f"{name}_at"] = opened_at + timedelta(hours=hours)
    defaults = {"what": f"Incident {next(_count)}", "severity": "major"}
    return Incident.objects.create(partner=partner, opened_at=opened_at, **{**defaults, **fields})


def make_commitment(partner: Partner, due_on: date, made_by: str = THEM, **fields: Any) -> Commitment:
    return Commitment.objects.create(
        partner=partner, due_on=due_on, made_by=made_by, **{"what": f"Commitment {next(_count)}", **fields}
    )


def make_programme(
    partner: Partner,
    year: int,
    benefits: Iterable[tuple[str, Any, Any]] = (),
    obligations: Iterable[tuple[str, Any]] = (),
    **fields: Any,
) -> Programme:
    """A year of a programme: benefits (kind, promised, received), obligations (kind, cost)."""
    programme = Programme.objects.create(
        partner=partner, year=year, **{"level": "gold", "currency": "EUR", **fields}
    )
    Benefit.objects.bulk_create(
        Benefit(programme=programme, kind=kind, promised=promised, received=received)
        for kind, promised, received in benefits
    )
    Obligation.objects.bulk_create(
        Obligation(programme=programme, kind=kind, cost=cost) for kind, cost in obligations
    )
    return programme


def make_benchmark(partner: Partner, as_of: date, **fields: Any) -> Benchmark:
    defaults = {
        "item": f"Item {next(_count)}", "our_price": 112, "low": 90, "median": 100, "high": 125, "currency": "EUR",
        "source": "Market survey",
    }  # fmt: skip
    return Benchmark.objects.create(partner=partner, as_of=as_of, **{**defaults, **fields})


def make_disclosure(partner: Partner, shared_on: date, shared_by: str = THEM, **fields: Any) -> Disclosure:
    defaults = {"kind": "short", "what": f"Plan {next(_count)}"}
    return Disclosure.objects.create(
        partner=partner, shared_on=shared_on, shared_by=shared_by, **{**defaults, **fields}
    )


def make_figure(partner: Partner, name: str, value: Any, observations: int = 5, **fields: Any) -> Figure:
    return Figure.objects.create(partner=partner, name=name, value=value, observations=observations, **fields)


def make_forum(partner: Partner | None = None, level: str = "tactical", **fields: Any) -> Forum:
    """A forum with a partner of its own; `partner=None, whole=True` is one of the whole portfolio."""
    if not fields.pop("whole", False):
        partner = partner or make_partner()
    fields = {"purpose": "How it goes", "first_on": timezone.localdate(), **fields}
    return Forum.objects.create(partner=partner, level=level, **fields)


def make_member(forum: Forum, user: User | None = None, name: str = "", **fields: Any) -> Member:
    """One of ours where there is a user, else one of theirs."""
    fields = {
        "side": "us" if user else "them",
        "name": name or str(user or f"Guest {next(_count)}"),
        **fields,
    }
    return Member.objects.create(forum=forum, user=user, **fields)


def make_meeting(forum: Forum | None = None, day: date | None = None, **fields: Any) -> Meeting:
    forum, day = forum or make_forum(), day or timezone.localdate()
    fields = {"planned_for": day, "starts_at": forum.starts_at, "lasts": forum.lasts, **fields}
    return Meeting.objects.create(forum=forum, day=day, **fields)
