"""Every address × role × own and foreign unit. An address nobody classified fails."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import OutgoingMail
from evidence.models import Request, TitleRule
from governance.models import Action, AgendaItem, Attendance, Decision, MeetingDecision, Pack, PackPdf
from partners.models import Amendment, Contact, CostLine, Document, Rate, RegisterImport
from scorecards.models import CycleTemplate
from tests.factories import (
    make_assessment,
    make_contract,
    make_cycle,
    make_forum,
    make_meeting,
    make_member,
    make_partner,
    make_scorecard,
    make_template,
    make_unit,
    make_user,
    rate,
)
from vendorhub.roles import PERMISSIONS, ROLES

# Addresses before or without signing in, and one's own password.
PUBLIC = {
    "account_login", "account_signup", "account_inactive", "account_reset_password", "account_reset_password_done",
    "account_reset_password_from_key", "account_reset_password_from_key_done", "mail_stop",
    "calendar_feed",  # its secret is in the address
}  # fmt: skip
SIGNED_IN = {"account_logout", "account_change_password", "account_set_password"}
# What an address with a number is about. WALLED: outside one's business units it does not exist.
WALLED = {
    "partner_detail": "partner", "partner_edit": "partner", "partner_archive": "partner", "partner_restore": "partner",
    "partner_merge": "partner", "value": "partner", "value_quarter": "partner", "evidence": "partner",
    "entry_quick": "partner", "entry_new": "partner", "entry": "entry", "entry_delete": "entry", "partner_scorecard": "partner", "contract_create": "partner",
    "contact_create": "partner", "contract_detail": "contract", "contract_edit": "contract",
    "brief": "contract", "admission": "partner", "decision_detail": "decision",
    "contract_delete": "contract", "contract_extend": "contract", "contract_extend_undo": "contract",
    "amendment_create": "contract", "amendment_edit": "amendment", "amendment_delete": "amendment",
    "document_create": "contract", "document_edit": "document", "document_delete": "document", "contact_edit": "contact", "contact_end": "contact", "contact_delete": "contact",
    "contract_costs": "contract", "cost_create": "contract", "cost_export": "contract", "cost_import": "contract", "cost_edit": "cost",
    "cost_delete": "cost", "scorecard_detail": "scorecard", "scorecard_export": "scorecard", "history": "partner",
    "partner_forums": "partner", "partner_forum_create": "partner", "forum": "forum", "forum_edit": "forum", "forum_end": "forum",
    "forum_invite": "forum", "member_add": "forum", "member_end": "member", "meeting": "meeting", "meeting_move": "meeting",
    "meeting_skip": "meeting", "action": "action", "action_close": "action", "action_reopen": "action", "meeting_draft": "meeting", "meeting_begin": "meeting", "meeting_not_held": "meeting",
    "meeting_approve": "meeting", "meeting_amend": "meeting", "item_add": "meeting", "meeting_decide": "meeting", "meeting_act": "meeting",
    "attendee_add": "meeting", "item": "item", "item_edit": "item", "item_move": "item", "item_drop": "item",
    "meeting_undecide": "meeting_decision", "attendance": "attendance",
    "cycle_remove_scorecard": "under_way", "cycle_remove_rater": "assessment",
    "partner_pack": "partner", "pack_detail": "pack", "pack_pages": "pack", "pack_pdf": "pack",
}  # fmt: skip
# The whole company's.
COMPANY = {
    "template_detail": "template", "template_edit": "draft", "template_what_if": "template", "template_pairs": "draft", "template_pairs_use": "draft",
    "template_export": "template", "template_new_version": "template", "template_activate": "draft",
    "template_discard": "draft", "cycle_detail": "cycle", "cycle_fair": "cycle", "cycle_edit": "cycle", "cycle_partners": "cycle",
    "cycle_raters": "cycle", "cycle_template": "cycle", "cycle_open": "cycle", "cycle_nudge": "cycle",
    "cycle_extend": "cycle", "cycle_discard": "cycle", "cycle_close": "cycle", "cycle_reopen": "cycle", "cycle_export": "cycle",
    "person_edit": "person", "person_invite": "person", "unit_rename": "unit", "unit_delete": "unit",
    "title_rule_edit": "title_rule", "title_rule_delete": "title_rule", "mail_retry": "mail", "rate_edit": "rate", "rate_delete": "rate",
}  # fmt: skip
# A person's own, whatever the role: nobody else's exists.
OWN = {
    "assessment_detail": "assessment", "assessment_cell": "assessment", "assessment_submit": "assessment",
    "assessment_withdraw": "assessment", "import_detail": "register", "import_problems": "register",
}  # fmt: skip
# Addresses without a number.
PLAIN = {
    "decision_list", "decision_export", "contract_list", "contract_export",
    "home", "portfolio", "portfolio_export", "portfolio_heat", "portfolio_order", "portfolio_order_export", "partner_list", "partner_export", "partner_create",
    "import_list", "template_list", "template_import", "cycle_list", "cycle_create", "settings", "people",
    "person_create", "units", "mail_list", "mail_retry_all", "mail_choices", "audit_list", "currencies", "rates_import", "reporting_edit", "costs_import", "costs_export",
    "event_import", "event_drafts", "entry_start", "title_rules", "forum_list", "forum_create", "forum_model", "action_list", "action_export",
    "renewals", "renewals_export", "renewals_compare", "lead_times", "agreement", "portfolio_pack", "pack_list", "pack_margins", "entry_import", "entry_export", "calendar", "calendar_renew", "calendar_revoke",
}  # fmt: skip
OF_A_KIND = {
    "portfolio_order_export": ["csv"],
    "entry_import": ["request"],
    "entry_export": ["request", "csv"],
}
ABOUT = {**WALLED, **COMPANY, **OWN}


def _patterns(resolver: URLResolver | None = None) -> Iterator[URLPattern]:
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            yield from _patterns(pattern)
        else:
            yield pattern


PATTERNS = list(_patterns())
OURS = {pattern.name: pattern for pattern in PATTERNS if pattern.name not in PUBLIC | SIGNED_IN}


def _permission(name: str) -> str:
    return OURS[name].callback.permission


class World:
    """One of everything, inside a unit."""

    def __init__(self, unit: Any, rater: Any) -> None:
        self.unit = unit
        self.partner = make_partner(unit=unit)
        self.contract = make_contract(self.partner, unit=unit)
        self.amendment = Amendment.objects.create(contract=self.contract, day=date(2026, 1, 1), what="Longer")
        self.document = Document.objects.create(contract=self.contract, title="It", link="https://a.example/")
        self.cost = CostLine.objects.create(contract=self.contract, amount=1, currency="EUR")
        self.entry = Request.objects.create(
            partner=self.partner, asked_on=date(2026, 1, 1), kind="fix", what="It", author=rater
        )
        self.title_rule, _ = TitleRule.objects.get_or_create(
            word="Review", defaults={"purpose": "governance"}
        )
        self.rate, _ = Rate.objects.get_or_create(
            reporting="EUR", currency="USD", valid_from=date(2026, 1, 1), defaults={"units": 1}
        )
        self.contact = Contact.objects.create(partner=self.partner, name="Somebody")
        self.template = make_template()
        self.draft = make_template(state="draft")
        self.cycle = make_cycle(self.template)
        self.under_way = make_scorecard(self.partner, self.template, self.cycle)
        self.assessment = make_assessment(self.under_way, rater)
        rate(self.assessment, 4, 4, 4)
        self.scorecard = make_scorecard(
            self.partner, self.template, make_cycle(self.template, state="closed")
        )
        rate(make_assessment(self.scorecard, rater, submitted=True), 4, 4, 4)
        self.person = make_user("rater", unit)
        self.decision = Decision.objects.create(
            contract=self.contract, outcome="renew", reasons="Good.", by=rater
        )
        self.forum = make_forum(self.partner, chair=rater)
        self.member = make_member(self.forum, rater)
        self.meeting = make_meeting(self.forum)
        self.item = AgendaItem.objects.create(meeting=self.meeting, title="It")
        self.meeting_decision = MeetingDecision.objects.create(meeting=self.meeting, text="It")
        self.attendance = Attendance.objects.create(meeting=self.meeting, side="us", name="Somebody")
        self.action = Action.objects.create(forum=self.forum, what="It", due_on=date(2026, 1, 1))
        self.pack = Pack.objects.create(
            quarter=date(2026, 7, 1), partner=self.partner, units=[unit.pk], made_by=rater, state="done"
        )
        PackPdf.objects.create(pack=self.pack, content=b"%PDF-")
        self.mail = OutgoingMail.objects.create(to="a@example.org", subject="s", text="t", kind="k")
        self.register = RegisterImport.objects.create(by=rater, file_name="a.csv", content=b"supplier\nA\n")
        self.use = CycleTemplate.objects.get(cycle=self.cycle)

    def address(self, name: str) -> str:
        """The address of that name, about this world's object."""
        if name in OF_A_KIND:
            return reverse(name, args=OF_A_KIND[name])
        if name not in ABOUT:
            return reverse(name)
        pk = getattr(self, ABOUT[name]).pk
        more = {
            "entry_new": (pk, "request"),
            "entry": ("request", pk),
            "entry_delete": ("request", pk),
            "value_quarter": (pk, 0, 2026, 1),
            "history": ("partners_partner", pk),
            "assessment_cell": (pk, self.template.categories.first().criteria.first().pk),
            "cycle_remove_scorecard": (self.cycle.pk, pk),
            "cycle_remove_rater": (self.cycle.pk, pk),
            "scorecard_export": (pk, "csv"),
            "cycle_export": (pk, "csv"),
        }
        return reverse(name, args=more.get(name, (pk,)))


@pytest.fixture
def units(db):
    return make_unit("Own"), make_unit("Foreign")


@pytest.fixture(params=[role for role, _ in ROLES])
def role(request):
    return request.param


@pytest.fixture
def person(role, units):
    return make_user(role, units[0])


@pytest.fixture
def signed_in(person):
    client = Client()
    client.force_login(person)
    return client


def test_every_address_is_classified():
    tables = [set(WALLED), set(COMPANY), set(OWN), PLAIN]
    assert sum(map(len, tables)) == len(set.union(*tables)), "an address stands in two tables"
    unclassified = set(OURS) - set.union(*tables)
    assert not unclassified, f"classify me: {sorted(map(str, unclassified))}"
    assert not set.union(*tables) - set(OURS), "these addresses are gone"
    assert len(PATTERNS) == len({pattern.name for pattern in PATTERNS}), "two addresses share a name"


def test_every_view_names_the_permission_it_needs():
    unmarked = [
        name
        for name, pattern in OURS.items()
        if getattr(pattern.callback, "permission", None) not in PERMISSIONS
    ]
    assert not unmarked


def test_every_permission_is_held_by_somebody_and_asked_for_somewhere():
    roles = {role for role, _ in ROLES}
    asked = {_permission(name) for name in OURS}
    for app in ("accounts", "partners", "evidence", "scorecards", "governance"):
        for source in Path(settings.BASE_DIR, app).rglob("*.py"):
            asked |= set(re.findall(r"may\([\w.]+, \"(\w+)\"\)", source.read_text()))
    assert set(PERMISSIONS) == asked
    assert all(holders and holders <= roles for holders in PERMISSIONS.values())
    assert set.union(*PERMISSIONS.values()) == roles


def test_templates_ask_only_for_permissions_that_exist():
    asked = set()
    for template in Path(settings.BASE_DIR, "templates").rglob("*.html"):
        asked |= set(re.findall(r"\bmay\.(\w+)", template.read_text()))
    assert asked
    assert asked <= set(PERMISSIONS)


def test_a_role_opens_what_its_permissions_say_and_nothing_else(role, person, signed_in, units):
    world = World(units[0], person)
    for name in sorted(OURS):
        status = signed_in.get(world.address(name)).status_code
        if role in PERMISSIONS[_permission(name)]:
            assert status in (200, 302, 405), (name, role, status)
        else:
            assert status == 403, (name, role, status)
            assert signed_in.post(world.address(name)).status_code == 403, (name, role)


def test_what_belongs_to_a_foreign_unit_does_not_exist(role, person, signed_in, units):
    inside = World(units[0], person)
    outside = World(units[1], make_user("rater", units[1]))
    names = [name for name in WALLED if role in PERMISSIONS[_permission(name)]]
    assert names
    for name in names:
        here, there = inside.address(name), outside.address(name)
        if role == "administrator":  # no walls hold an administrator
            assert signed_in.get(there).status_code in (200, 302, 405), name
            continue
        assert signed_in.get(here).status_code in (200, 302, 405), (name, role)
        assert signed_in.get(there).status_code in (404, 405), (name, role)
        assert signed_in.post(there).status_code in (404, 405), (name, role)
        assert 404 in (signed_in.get(there).status_code, signed_in.post(there).status_code), (name, role)
    assert type(outside.partner).objects.get(pk=outside.partner.pk).archived_at is None


def test_what_is_somebody_elses_own_does_not_exist(role, person, signed_in, units):
    world = World(units[0], make_user("rater", units[0]))
    may_see = {"import_detail", "import_problems"} if role == "administrator" else set()
    for name in sorted(set(OWN) - may_see):
        statuses = {
            signed_in.get(world.address(name)).status_code,
            signed_in.post(world.address(name)).status_code,
        }
        assert statuses <= {403, 404, 405}, (name, role, statuses)
        assert statuses != {405}, (name, role)


def test_a_stranger_without_an_account_is_sent_to_sign_in(units, client):
    world = World(units[0], make_user("rater", units[0]))
    for name in sorted(OURS):
        for response in (client.get(world.address(name)), client.post(world.address(name))):
            assert response.status_code == 302, name
            assert response["Location"].startswith("/accounts/login/?next="), name
    for name in SIGNED_IN - {"account_logout"}:
        assert client.get(reverse(name))["Location"].startswith("/accounts/login/"), name


@pytest.mark.parametrize(
    "address",
    ["/partners/99999999999999999999999/", "/partners/0/", "/cycles/abc/", "/history/partners_partner/0/",
     "/history/no_such_table/1/", "/history/accounts_auditentry/1/", "/history/partners_partner/99999999999999999999/"],
)  # fmt: skip
def test_an_address_of_nothing_is_404(procurement, client, address):
    client.force_login(procurement)
    assert client.get(address).status_code == 404
