"""Loads the demo portfolio into an empty database, and takes it out again."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.db.models import Count, F
from django.utils import timezone

from accounts.models import BusinessUnit, OutgoingMail, User
from governance.demo import PASSWORD, data
from partners.models import Contact, Contract, Partner, RegisterImport
from partners.names import name_key
from scorecards.models import (
    Assessment,
    Comment,
    Criterion,
    Cycle,
    CycleTemplate,
    Rating,
    Scorecard,
)
from scorecards.services.cycles import default_templates
from scorecards.services.recompute import recompute_now
from scorecards.services.templates import load_builtin

QUARTERS = 9


class NotEmpty(Exception):
    """The database holds something of somebody's; the message says what."""


@dataclass
class Demo:
    """What is being loaded."""

    today: date
    dice: random.Random = field(default_factory=lambda: random.Random(20))  # noqa: S311  (a fixed story)
    units: list[BusinessUnit] = field(default_factory=list)
    people: list[User] = field(default_factory=list)
    severity: dict[int, float] = field(default_factory=dict)
    partners: list[Partner] = field(default_factory=list)

    def place(self, partner: Partner) -> int:
        """The partner's line in the story."""
        return self.places[partner.pk]

    @cached_property
    def places(self) -> dict[int, int]:
        return {partner.pk: place for place, partner in enumerate(self.partners)}


def refuse_unless_empty() -> None:
    """Raise NotEmpty if anybody's data is here: the demo is never mixed with it."""
    for model in (User, BusinessUnit, Partner, Cycle, RegisterImport, OutgoingMail):
        if model._default_manager.exists():
            raise NotEmpty(
                f"This database already holds {model._meta.verbose_name_plural}. The demo portfolio is only loaded "
                "into an empty one, so that it never mixes with yours."
            )


@transaction.atomic
def load_demo(today: date | None = None) -> Demo:
    """Load everything in one transaction. Deterministic for a given day."""
    refuse_unless_empty()
    load_builtin()
    demo = Demo(today or timezone.localdate())
    _people(demo)
    _partners(demo)
    _contracts(demo)
    _cycles(demo)
    return demo


def _people(demo: Demo) -> None:
    demo.units = [BusinessUnit.objects.create(name=name) for name in data.UNITS]
    password = make_password(PASSWORD)
    for name, address, role, rater_role, units, severity in data.PEOPLE:
        person = User.objects.create(
            name=name, email=f"{address}@demo.example", role=role, rater_role=rater_role, all_units=not units,
            is_demo=True, password=password,
        )  # fmt: skip
        person.units.set(demo.units[number] for number in units)
        demo.people.append(person)
        demo.severity[person.pk] = severity


def _partners(demo: Demo) -> None:
    owners = [demo.people[0], demo.people[0], demo.people[1]]
    for place, (name, kind, segment, unit, supplies, *_) in enumerate(data.PARTNERS):
        owner = owners[place % 3] if unit in (None, 1) else demo.people[0]
        slug = "".join(letter for letter in name.lower() if letter.isalpha())
        partner = Partner.objects.create(
            name=name, name_key=name_key(name), kind=kind, segment=segment, supplies=supplies, owner=owner,
            unit=None if unit is None else demo.units[unit], is_demo=True,
            email_domains=[f"{slug}.example"] if kind in ("vendor", "provider") else [],
        )  # fmt: skip
        demo.partners.append(partner)
        if kind in ("vendor", "provider"):
            contact, role = data.CONTACT_NAMES[place % len(data.CONTACT_NAMES)]
            Contact.objects.create(
                partner=partner, name=contact, role=role, since=demo.today - timedelta(days=200 + 37 * place),
                email=f"{contact.lower().replace(' ', '.')}@{slug}.example",
            )  # fmt: skip


def _contracts(demo: Demo) -> None:
    provider = next(p for p in demo.partners if p.kind == "provider")
    for place, (partner, row) in enumerate(zip(demo.partners, data.PARTNERS, strict=True)):
        value, months = row[5], row[8]
        if not value:
            continue
        ends = demo.today + timedelta(days=30 * months - 20 + 3 * (place % 5))
        common = {"partner": partner, "owner": partner.owner, "unit": partner.unit, "currency": "EUR"}
        Contract.objects.create(
            reference=f"C-{2020 + place % 5}-{100 + place}", title=partner.supplies,
            starts=ends - timedelta(days=365 * (2 + place % 3) - 1), ends=ends,
            notice_period=(30, 60, 90, 3)[place % 4], notice_unit="months" if place % 4 == 3 else "days",
            auto_renews=place % 3 != 0, renewal_months=12 if place % 3 else None,
            annual_value=value * 4 // 5 if place % 4 == 0 else value,
            delivered_by=provider if partner.name == "Halden Software" else None, **common,
        )  # fmt: skip
        if place % 4 == 0:
            Contract.objects.create(
                reference=f"C-{2022 + place % 3}-{300 + place}", title=f"{partner.supplies}: services",
                starts=ends - timedelta(days=700), ends=ends + timedelta(days=200), notice_period=30,
                annual_value=value - value * 4 // 5, **common,
            )  # fmt: skip


def _quarters(today: date) -> list[tuple[str, date, date]]:
    """The last nine quarters, the current one last: name, first day, last day."""
    year, quarter = today.year, (today.month - 1) // 3
    listed = []
    for back in range(QUARTERS - 1, -1, -1):
        number = year * 4 + quarter - back
        starts = date(number // 4, 3 * (number % 4) + 1, 1)
        ends = date((number + 1) // 4, 3 * ((number + 1) % 4) + 1, 1) - timedelta(days=1)
        listed.append((f"{number // 4} Q{number % 4 + 1}", starts, ends))
    return listed


def _cycles(demo: Demo) -> None:
    templates = default_templates()
    criteria = {
        template.pk: list(Criterion.objects.filter(category__template=template).select_related("category"))
        for template in set(templates.values())
    }
    for number, (name, starts, ends) in enumerate(_quarters(demo.today)):
        is_open = number == QUARTERS - 1
        due = max(demo.today + timedelta(days=12), starts) if is_open else ends + timedelta(days=14)
        cycle = Cycle.objects.create(
            name=name, starts=starts, ends=ends, due=due, state=Cycle.OPEN, is_demo=True,
            opened_at=timezone.now() - timedelta(days=91 * (QUARTERS - 1 - number) + 20),
        )  # fmt: skip
        CycleTemplate.objects.bulk_create(
            CycleTemplate(cycle=cycle, kind=kind, template=template) for kind, template in templates.items()
        )
        scorecards = Scorecard.objects.bulk_create(
            Scorecard(cycle=cycle, partner=partner, template=templates[partner.kind])
            for partner in demo.partners
            if not (partner.name == data.NEWCOMER and number < 5)
        )
        _rate(demo, scorecards, criteria, number, is_open=is_open)
        recompute_now([scorecard.pk for scorecard in scorecards])
        if not is_open:
            Comment.objects.filter(scorecard__cycle=cycle).update(published=True)
            cycle.state, cycle.closed_at = (
                Cycle.CLOSED,
                timezone.now() - timedelta(days=91 * (QUARTERS - 2 - number)),
            )
            cycle.save(update_fields=["state", "closed_at"])


def _raters(demo: Demo, partner: Partner) -> Iterable[User]:
    """Everybody who may see the partner, but the administrator; one alone for the provisional one."""
    people = [p for p in demo.people if p.role != "administrator"]
    if partner.name == data.PROVISIONAL:
        return people[1:2]
    reached = [p for p in people if p.all_units or partner.unit is None or partner.unit in p.units.all()]
    return (
        reached
        if partner.segment == "strategic"
        else [p for n, p in enumerate(reached) if (n + demo.place(partner)) % 4]
    )


def _rate(
    demo: Demo,
    scorecards: list[Scorecard],
    criteria: dict[int, list[Criterion]],
    number: int,
    *,
    is_open: bool,
) -> None:
    marks: list[Rating] = []
    comments: list[Comment] = []
    for scorecard in scorecards:
        start, change = data.PARTNERS[demo.place(scorecard.partner)][6:8]
        level = start + change * number / (QUARTERS - 1)
        for rater in _raters(demo, scorecard.partner):
            assessment = Assessment.objects.create(
                scorecard=scorecard, rater=rater, rater_role=rater.rater_role
            )
            answered = _answered(demo, assessment, criteria[scorecard.template_id], is_open=is_open)
            given = [_mark(demo, assessment, c, place, level, number) for place, c in enumerate(answered)]
            marks += [mark for mark in given if mark is not None]
            comments += _comments(demo, assessment, answered, level)
    Rating.objects.bulk_create(marks, batch_size=5000)
    Comment.objects.bulk_create(comments)
    _submit(scorecards, number, is_open=is_open)


def _answered(
    demo: Demo, assessment: Assessment, asked: list[Criterion], *, is_open: bool
) -> list[Criterion]:
    """What this rater has marked: all of it, but in the open quarter some have not begun, and one is half-way."""
    if not is_open:
        return asked
    if assessment.rater == demo.people[2]:
        place = demo.place(assessment.scorecard.partner) % 5
        return [] if place == 0 else asked[: len(asked) // 2] if place == 1 else asked
    if assessment.rater == demo.people[0]:
        return asked  # who closes the quarter has done her own part, so she sees the scores
    return [] if demo.dice.random() < 0.25 else asked


def _mark(
    demo: Demo, assessment: Assessment, criterion: Criterion, place: int, level: float, number: int
) -> Rating | None:
    """One mark around the partner's level, moved by the rater's severity; some are left out."""
    chance = demo.dice.random()
    offset = ((place * 7 + demo.place(assessment.scorecard.partner) * 13) % 9 - 4) * 0.13
    if assessment.scorecard.partner.name == data.CAPPED and criterion.name.startswith("Service against"):
        offset = -2.6 if number > 5 else 0
    severity = demo.severity[assessment.rater_id]
    value = round(level + offset - severity + demo.dice.gauss(0, 0.55))
    cell = {"assessment": assessment, "scorecard": assessment.scorecard, "criterion": criterion}
    if chance < 0.04:
        return Rating(**cell, not_applicable=True, reason="I have nothing to do with this.")
    return None if chance < 0.07 else Rating(**cell, value=min(5, max(1, value)))


def _comments(demo: Demo, assessment: Assessment, answered: list[Criterion], level: float) -> list[Comment]:
    """A remark now and then, in the tone of the marks; a few without a name."""
    if not answered or demo.dice.random() > 0.35:
        return []
    tone = data.LOW_COMMENTS if level < 3.1 else data.HIGH_COMMENTS if level > 3.9 else data.MIDDLE_COMMENTS
    anonymous = demo.dice.random() < 0.12
    return [
        Comment(
            scorecard=assessment.scorecard, criterion=demo.dice.choice(answered),
            assessment=None if anonymous else assessment,
            text=demo.dice.choice(data.ANONYMOUS_COMMENTS if anonymous else tone),
        )
    ]  # fmt: skip


def _submit(scorecards: list[Scorecard], number: int, *, is_open: bool) -> None:
    """Submit what is complete, after its marks are there: history is kept from submission on."""
    at = timezone.now() - timedelta(days=91 * (QUARTERS - 1 - number) + 3)
    waiting = Assessment.objects.filter(scorecard__in=scorecards)
    if is_open:
        asked = Count("scorecard__template__categories__criteria", distinct=True)
        given = Count("ratings", distinct=True)
        complete = waiting.annotate(asked=asked, given=given).filter(given__gt=F("asked") * 0.6)
        waiting = Assessment.objects.filter(pk__in=list(complete.values_list("pk", flat=True)))
    waiting.update(submitted_at=at)


@transaction.atomic
def remove_demo() -> int:
    """Take out everything the demo brought; returns how many partners. What people added to it goes with it."""
    partners = Partner.objects.filter(is_demo=True)
    number = partners.count()
    cycles = Cycle.objects.filter(is_demo=True)
    cycles.update(state=Cycle.OPEN)  # the guard of closed cycles would refuse
    foreign = Scorecard.objects.filter(cycle__in=cycles).exclude(partner__in=partners)
    scorecards = Scorecard.objects.filter(cycle__in=cycles) | Scorecard.objects.filter(partner__in=partners)
    ids = list({*scorecards.values_list("pk", flat=True), *foreign.values_list("pk", flat=True)})
    Comment.objects.filter(scorecard__in=ids).delete()
    Rating.objects.filter(scorecard__in=ids).delete()
    Scorecard.objects.filter(pk__in=ids).delete()
    cycles.delete()
    Contract.objects.filter(partner__in=partners).delete()
    partners.delete()
    people = User.objects.filter(is_demo=True)
    OutgoingMail.objects.filter(recipient__in=people).delete()
    units = list(BusinessUnit.objects.filter(name__in=data.UNITS).values_list("pk", flat=True))
    for person in people:
        if Assessment.objects.filter(rater=person).exists():
            person.is_active = False  # they rated something of yours: it stays
            person.save(update_fields=["is_active"])
        else:
            person.delete()
    BusinessUnit.objects.filter(pk__in=units, members=None, partners=None, contracts=None).delete()
    _forget(number)
    return number


def _forget(number: int) -> None:
    """Leave no history of people who never were, once nothing else is there."""
    if number and not Partner.objects.exists() and not User.objects.exists():
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM accounts_auditentry")
