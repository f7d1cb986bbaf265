"""Loads the demo portfolio into an empty database."""

from datetime import date, timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from accounts.middleware import set_actor
from accounts.models import AuditEntry, BusinessUnit, OutgoingMail, User
from evidence.services.figures import refresh, refresh_all
from governance.demo import PASSWORD, data
from governance.demo.calendar import load_calendar
from governance.demo.costs import load_costs
from governance.demo.decisions import load_decisions
from governance.demo.evidence import load_evidence
from governance.demo.measured import load_measured
from governance.demo.meetings import load_meetings
from governance.demo.packs import load_packs
from governance.demo.pairs import load_pairs
from governance.demo.quarters import Demo, load_quarters
from governance.demo.reminders import load_reminders
from governance.demo.renewals import load_renewals
from governance.demo.terms import load_terms
from partners.models import Contact, Contract, Partner, Rate, RegisterImport
from partners.names import name_key
from partners.services.deadlines import keep_terms, set_deadlines
from scorecards.models import Assessment, Cycle, Rating, Scorecard, Template
from scorecards.services.fair import refresh_requested
from scorecards.services.templates import BUILTIN, load_builtin

OUTSIDE = ("vendor", "provider")


class NotEmpty(Exception):
    """The database holds something of somebody's; the message says what."""


def refuse_unless_empty() -> None:
    """Raise NotEmpty if anybody's data is here: the demo is never mixed with it."""
    builtin = Template.objects.filter(name__in=[name for name, *_ in BUILTIN], number=1)
    for rows in (
        User.objects.all(), BusinessUnit.objects.all(), Partner.objects.all(), Cycle.objects.all(),
        RegisterImport.objects.all(), Rate.objects.all(), OutgoingMail.objects.all(), Template.objects.exclude(pk__in=builtin),
    ):  # fmt: skip
        if rows.exists():
            raise NotEmpty(
                f"This database already holds {rows.model._meta.verbose_name_plural}. The demo portfolio is only "
                "loaded into an empty one, so that it never mixes with yours."
            )


@transaction.atomic
def load_demo(today: date | None = None) -> Demo:
    """Load everything in one transaction. The same day gives the same story."""
    refuse_unless_empty()
    load_builtin()
    demo = Demo(today or timezone.localdate())
    _people(demo)
    set_actor(demo.people[0].pk)  # Petra did it, says the audit trail
    try:
        _partners(demo)
        _contracts(demo)
        load_costs(demo.today)
        load_terms(demo.today)
        load_evidence(demo)
        load_calendar(demo)
        load_measured()
        load_pairs()
        load_quarters(demo)
        load_renewals(demo)
        load_decisions(demo)
        load_reminders(demo)
        refresh_all(demo.today)
        refresh(load_meetings(demo), demo.today)  # agendas quote figures, meetings give some
    finally:
        set_actor(None)
    while refresh_requested():  # before packs, which may quote what it finds
        pass
    load_packs(demo)
    _shorten_history()
    return demo


def _people(demo: Demo) -> None:
    demo.units = [BusinessUnit.objects.create(name=name) for name in data.UNITS]
    password = make_password(PASSWORD)
    for name, address, role, rater_role, units, _ in data.PEOPLE:
        person = User.objects.create(
            name=name, email=f"{address}@demo.example", role=role, rater_role=rater_role, all_units=not units,
            is_demo=True, password=password,
        )  # fmt: skip
        person.units.set(demo.units[number] for number in units)
        demo.people.append(person)


def _partners(demo: Demo) -> None:
    owners = [demo.people[0], demo.people[0], demo.people[1]]
    for place, (name, kind, segment, unit, supplies, *_) in enumerate(data.PARTNERS):
        partner = Partner.objects.create(
            name=name, name_key=name_key(name), kind=kind, segment=segment, supplies=supplies, is_demo=True,
            owner=owners[place % 3] if unit in (None, 1) else demo.people[0], notes=data.NOTES.get(name, ""),
            unit=None if unit is None else demo.units[unit], email_domains=_domains(name, kind),
        )  # fmt: skip
        demo.partners.append(partner)
        if kind in OUTSIDE:
            contact, role = data.CONTACT_NAMES[place % len(data.CONTACT_NAMES)]
            _contact(demo, partner, contact, role, 150 + 37 * place)
    by_name = {partner.name: partner for partner in demo.partners}
    for name, contact, role, since, until in data.FORMER_CONTACTS:
        _contact(demo, by_name[name], contact, role, since, until)


def _domains(name: str, kind: str) -> list[str]:
    return [f"{''.join(filter(str.isalpha, name.lower()))}.example"] if kind in OUTSIDE else []


def _contact(
    demo: Demo, partner: Partner, name: str, role: str, since: int, until: int | None = None
) -> None:
    Contact.objects.create(
        partner=partner, name=name, role=role, since=demo.today - timedelta(days=since),
        until=None if until is None else demo.today - timedelta(days=until),
        email=f"{name.lower().replace(' ', '.')}@{partner.email_domains[0]}",
    )  # fmt: skip


def _contracts(demo: Demo) -> None:
    rows: list[Contract] = []
    by_name = {partner.name: partner for partner in demo.partners}
    for place, (partner, row) in enumerate(zip(demo.partners, data.PARTNERS, strict=True)):
        value, days = row[5], row[8]
        if not value:
            continue
        ends = demo.today + timedelta(days=days)
        years = 2 + place % 3
        main = value * 4 // 5 if place % 4 == 0 else value
        total_only = partner.name == data.TOTAL_ONLY
        common = {
            "partner": partner, "owner": partner.owner, "unit": partner.unit,
            "currency": "USD" if partner.name in data.IN_DOLLARS else "EUR",
            "country": "US" if partner.name in data.IN_DOLLARS else "DE",
        }  # fmt: skip
        rows.append(Contract(
            reference=f"C-{2020 + place % 5}-{100 + place}", title=partner.supplies,
            starts=ends - timedelta(days=365 * years - 1), ends=ends,
            notice_period=(30, 60, 90, 3)[place % 4], notice_unit="months" if place % 4 == 3 else "days",
            auto_renews=place % 3 != 0, renewal_months=12 if place % 3 else None,
            annual_value=None if total_only else main, total_value=main * years if total_only else None,
            delivered_by=by_name[data.DELIVERS[0]] if partner.name == data.DELIVERS[1] else None, **common,
        ))  # fmt: skip
        if place % 4 == 0:
            rows.append(Contract(
                reference=f"C-{2022 + place % 3}-{300 + place}", title=f"{partner.supplies}: services",
                starts=ends - timedelta(days=700), ends=ends + timedelta(days=200), notice_period=30,
                annual_value=value - main, **common,
            ))  # fmt: skip
        if partner.name == data.RAN_OUT:
            rows.append(Contract(
                reference=f"C-2021-{400 + place}", title=f"{partner.supplies}: first wave", annual_value=90_000,
                starts=demo.today - timedelta(days=742), ends=demo.today - timedelta(days=12), **common,
            ))  # fmt: skip
    set_deadlines(rows)
    Contract.objects.bulk_create(rows)
    keep_terms(rows)


def _shorten_history() -> None:
    """Nobody reads how thousands of marks were made up: keep the history of what people look at."""
    made_up = [model._meta.db_table for model in (Scorecard, Assessment, Rating)]
    AuditEntry.objects.filter(table_name__in=made_up).delete()
