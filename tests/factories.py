"""The smallest rows that can exist, for tests."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import timezone

from accounts.models import BusinessUnit, User
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
