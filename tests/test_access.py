"""Every address × role × own and foreign unit. An address nobody classified fails."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.models import OutgoingMail
from partners.models import Contact, RegisterImport
from scorecards.models import Assessment, CycleTemplate
from tests.factories import (
    make_assessment,
    make_contract,
    make_cycle,
    make_partner,
    make_scorecard,
    make_template,
    make_unit,
    make_user,
    rate,
)
from vendorhub.roles import PERMISSIONS, ROLES

SIGN_IN = {
    "account_login", "account_logout", "account_signup", "account_inactive", "account_change_password",
    "account_set_password", "account_reset_password", "account_reset_password_done",
    "account_reset_password_from_key", "account_reset_password_from_key_done",
}  # fmt: skip
# Which object of the world an address with a number is about; None: it has none. The walls hold for the first kind.
WALLED = {
    "partner_detail": "partner", "partner_edit": "partner", "partner_archive": "partner", "partner_merge": "partner",
    "partner_scorecard": "partner", "contract_create": "partner", "contact_create": "partner",
    "contract_detail": "contract", "contract_edit": "contract", "contract_delete": "contract",
    "contact_edit": "contact", "contact_delete": "contact", "scorecard_detail": "scorecard",
    "scorecard_export": "scorecard", "history": "partner", "cycle_remove_scorecard": "scorecard",
    "cycle_remove_rater": "assessment",
}  # fmt: skip
COMPANY = {
    "template_detail": "template", "template_edit": "template", "template_what_if": "template",
    "template_export": "template", "template_new_version": "template", "template_activate": "template",
    "template_discard": "template", "cycle_detail": "cycle", "cycle_edit": "cycle", "cycle_partners": "cycle",
    "cycle_raters": "cycle", "cycle_template": "cycle", "cycle_open": "cycle", "cycle_nudge": "cycle",
    "cycle_extend": "cycle", "cycle_close": "cycle", "cycle_reopen": "cycle", "cycle_export": "cycle",
    "person_edit": "person", "unit_rename": "unit", "unit_delete": "unit", "mail_retry": "mail",
}  # fmt: skip
OWN_ONLY = {  # the person's own, whatever the role
    "assessment_detail": "assessment", "assessment_cell": "assessment", "assessment_submit": "assessment",
    "assessment_withdraw": "assessment", "import_detail": "import", "import_problems": "import",
}  # fmt: skip
PLAIN = {
    "home", "portfolio", "portfolio_export", "portfolio_heat", "partner_list", "partner_export", "partner_create",
    "import_list", "template_list", "template_import", "cycle_list", "cycle_create", "settings", "people",
    "person_create", "units", "mail_list", "audit_list",
}  # fmt: skip


def patterns(resolver: URLResolver | None = None) -> Iterator[URLPattern]:
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern)
        else:
            yield pattern


VIEWS = {pattern.name: pattern for pattern in patterns()}
OURS = sorted(set(VIEWS) - SIGN_IN)


def test_every_address_is_classified_and_says_which_permission_it_needs():
    assert set(OURS) == {*WALLED, *COMPANY, *OWN_ONLY, *PLAIN}
    for name in OURS:
        assert getattr(VIEWS[name].callback, "permission", None) in PERMISSIONS, name


def test_every_permission_is_held_by_somebody_and_asked_for_somewhere():
    roles = {role for role, _ in ROLES}
    for permission, holders in PERMISSIONS.items():
        assert holders, permission
        assert holders <= roles


class World:
    """One of everything, inside a unit."""

    def __init__(self, unit, rater) -> None:
        self.unit = unit
        self.partner = make_partner(unit=unit)
        self.contract = make_contract(self.partner, unit=unit)
        self.contact = Contact.objects.create(partner=self.partner, name="Somebody")
        self.template = make_template()
        self.cycle = make_cycle(self.template)
        self.scorecard = make_scorecard(self.partner, self.template, self.cycle)
        self.assessment = make_assessment(self.scorecard, rater)
        rate(self.assessment, 4, 4, 4)
        Assessment.objects.update(submitted_at=timezone.now())  # else nobody would see a score
        self.person = make_user("rater", unit)
        self.mail = OutgoingMail.objects.create(to="a@example.org", subject="s", text="t", kind="k")
        self.register = RegisterImport.objects.create(by=rater, file_name="a.csv", content=b"supplier\nA\n")
        self.use = CycleTemplate.objects.get(cycle=self.cycle)

    def address(self, name: str) -> str:
        kind = {**WALLED, **COMPANY, **OWN_ONLY}.get(name)
        if kind is None:
            return reverse(name)
        row = self.register if kind == "import" else getattr(self, kind)
        if name == "history":
            return reverse(name, args=["partners_partner", row.pk])
        if name == "cycle_remove_scorecard":
            return reverse(name, args=[self.cycle.pk, row.pk])
        if name == "cycle_remove_rater":
            return reverse(name, args=[self.cycle.pk, row.pk])
        if name == "assessment_cell":
            criterion = self.template.categories.first().criteria.first()
            return reverse(name, args=[row.pk, criterion.pk])
        if name.endswith("_export") and name != "template_export":
            return reverse(name, args=[row.pk, "csv"])
        return reverse(name, args=[row.pk])


@pytest.fixture
def units(db):
    return make_unit("Own"), make_unit("Foreign")


@pytest.mark.parametrize("role", [role for role, _ in ROLES])
def test_a_role_opens_what_its_permissions_say_inside_its_walls_and_nothing_else(role, units):
    own, foreign = units
    person = make_user(role, own)
    inside, outside = World(own, person), World(foreign, make_user("rater", foreign))
    client = Client()
    client.force_login(person)
    for name in OURS:
        allowed = role in PERMISSIONS[VIEWS[name].callback.permission]
        status = client.get(inside.address(name)).status_code
        if allowed:
            assert status in (200, 302, 405) or (name == "template_edit" and status == 404), (
                name,
                role,
                status,
            )
        else:
            assert status == 403, (name, role, status)
        if name in WALLED and allowed and role != "administrator":
            got = client.get(outside.address(name)).status_code
            assert got == 404 or (got == 405), (name, role, got)
            if got == 405:
                assert client.post(outside.address(name)).status_code == 404, (name, role)
        if name in OWN_ONLY and not (name.startswith("import") and role == "administrator"):
            got = client.get(outside.address(name)).status_code
            assert got in (403, 404, 405), (name, role, got)


def test_a_stranger_without_an_account_is_sent_to_sign_in(units, client):
    world = World(units[0], make_user("rater", units[0]))
    for name in OURS:
        response = client.get(world.address(name))
        assert response.status_code == 302, name
        assert response["Location"].startswith("/accounts/login/"), name


@pytest.mark.parametrize("address", ["/partners/99999999999999999999999/", "/partners/0/", "/cycles/abc/"])
def test_an_address_of_nothing_is_404(procurement, client, address):
    client.force_login(procurement)
    assert client.get(address).status_code == 404
