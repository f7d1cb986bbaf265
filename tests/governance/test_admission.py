"""The gate: a candidate is scored on its own template, its admission decided, and only then does it get contracts."""

import pytest
from django.urls import reverse

from governance.models import Decision
from partners.models import Contract, Partner
from partners.register.planner import Planner
from partners.services.merge import merge_partners
from scorecards.models import Cycle, CycleTemplate, Scorecard
from scorecards.services.cycles import add_partners, choose_template, create_cycle
from scorecards.services.ratings_import import import_ratings
from scorecards.services.templates import load_builtin
from tests.factories import make_contract, make_cycle, make_partner, make_template, make_unit
from tests.forms import page_forms
from tests.governance.conftest import scored
from tests.partners.register_files import register, row
from tests.partners.test_register_reading import reading_of

pytestmark = pytest.mark.django_db
AGREED = {"title": "Hosting", "term": "fixed", "notice_unit": "days", "currency": "EUR"}


@pytest.fixture
def candidate():
    return make_partner("Newcomer", admission="candidate")


@pytest.fixture
def cio(client, executive):
    client.force_login(executive)
    return client


def decide(client, partner, outcome, **typed):
    address = reverse("admission", args=[partner.pk])
    sent = next(form.data for form in page_forms(client.get(address)) if "brief" in form.data)
    return client.post(address, {**sent, "outcome": outcome, "reasons": "They lent us an engineer.", **typed})


def text(answer) -> str:
    return answer.content.decode().replace("\u00a0", " ")


def test_the_partner_page_says_how_admission_went_and_leads_to_the_decision(cio, candidate, rater):
    assert "<h2>Admission</h2>" not in text(cio.get(candidate.get_absolute_url()))
    decide(cio, candidate, "conditions", conditions="Reachable\nat <weekends>.")
    page = text(cio.get(candidate.get_absolute_url()))
    decision = Decision.objects.get()
    assert f'<a href="{decision.get_absolute_url()}">Admitted on conditions</a>' in page
    assert "Reachable<br>at &lt;weekends&gt;." in page
    assert "They lent us an engineer." in page
    decide(cio, candidate, "reject", instead_of=decision.pk)
    page = text(cio.get(candidate.get_absolute_url()))
    assert ">Rejected</a>" in page
    assert "weekends" not in page
    cio.force_login(rater)  # who may not open a decision is not told of it
    assert "They lent us" not in text(cio.get(candidate.get_absolute_url()))


def test_a_partner_is_entered_as_a_candidate_only_when_that_is_said(client, procurement):
    client.force_login(procurement)
    typed = {"kind": "vendor", "segment": "tactical"}
    client.post(reverse("partner_create"), {**typed, "name": "Old"})
    client.post(reverse("partner_create"), {**typed, "name": "New", "is_candidate": "on"})
    assert dict(Partner.objects.values_list("name", "admission")) == {"Old": "admitted", "New": "candidate"}
    new = Partner.objects.get(name="New")
    client.post(reverse("partner_edit", args=[new.pk]), {**typed, "name": "Newer", "version": new.version})
    new.refresh_from_db()
    assert (new.name, new.admission) == ("Newer", "candidate")


def test_a_candidate_is_scored_on_the_template_for_candidates_in_any_cycle(candidate):
    load_builtin()
    cycle, old = (
        create_cycle(Cycle(**_quarter("Q1"))),
        make_cycle(make_template()),
    )
    for each in (cycle, old):
        assert add_partners(each, [candidate]) == 1
    names = set(Scorecard.objects.filter(partner=candidate).values_list("template__name", flat=True))
    assert names == {"Admission"}
    other = make_template(kind="candidate")
    choose_template(cycle, "candidate", other)
    assert Scorecard.objects.get(partner=candidate, cycle=cycle).template == other
    Partner.objects.filter(pk=candidate.pk).update(admission="admitted")
    later = create_cycle(Cycle(**_quarter("Q2")))
    add_partners(later, [candidate])
    assert Scorecard.objects.get(partner=candidate, cycle=later).template.kind == "vendor"


def _quarter(name):
    return {"name": name, "starts": "2026-10-01", "ends": "2026-12-31", "due": "2026-12-01", "state": "draft"}


def test_admitting_on_the_brief_opens_the_gate_and_rejecting_closes_it(cio, candidate, executive):
    template = make_template(kind="candidate")
    scored(candidate, template, make_cycle(template, state="open"), 5, 5, 5)
    said = text(cio.get(reverse("admission", args=[candidate.pk])))
    assert "Admit Newcomer?" in said
    assert "100.0" in said
    assert "Say on what conditions." in text(decide(cio, candidate, "conditions"))
    assert decide(cio, candidate, "conditions", conditions="References by May.").status_code == 302
    decision = Decision.objects.get()
    candidate.refresh_from_db()
    assert (decision.partner, decision.by, candidate.admission) == (candidate, executive, "admitted")
    assert decision.snapshot["score"]["overall"] == "100.0"
    for part in ("References by May.", "The brief as it was", "100.0"):
        assert part in text(cio.get(decision.get_absolute_url()))
    assert "Newcomer: admitted on conditions on " in text(cio.get(reverse("admission", args=[candidate.pk])))
    assert decide(cio, candidate, "reject", instead_of=decision.pk).status_code == 302
    candidate.refresh_from_db()
    assert candidate.admission == "rejected"
    assert "Admission" in text(cio.get(reverse("decision_list")))


def test_a_candidate_gets_no_contract_but_by_an_administrator_who_says_why(
    client, candidate, procurement, administrator
):
    address = reverse("contract_create", args=[candidate.pk])
    client.force_login(procurement)
    answer = client.post(address, {**AGREED, "waiver": "I say so."})
    assert answer.status_code == 400
    assert "only admitted partners get contracts" in text(answer)
    assert "Hosting" in text(answer)
    client.force_login(administrator)
    assert "Say why this one does all the same" in text(client.post(address, AGREED))
    assert not Contract.objects.exists()
    assert client.post(address, {**AGREED, "waiver": "A court ordered it."}).status_code == 302
    contract = Contract.objects.get()
    assert contract.waiver == "A court ordered it."
    assert "A court ordered it." in text(client.get(contract.get_absolute_url()))


def test_an_admitted_partner_gets_contracts_without_a_word(client, procurement):
    client.force_login(procurement)
    partner = make_partner()
    assert client.post(reverse("contract_create", args=[partner.pk]), AGREED).status_code == 302


def test_a_register_brings_no_new_contract_to_a_candidate_and_says_why(candidate, procurement):
    make_contract(candidate, reference="C-1", title="Old")
    rows = [row(supplier="Newcomer"), row(supplier="Newcomer", no="C-2"), row(supplier="Else", no="C-3")]
    plan = Planner(reading_of(register(*rows)), user=procurement).make()
    assert [item.reference for item in plan.contracts] == ["C-1", "C-3"]
    assert ["“Newcomer” is not admitted" in problem.reason for problem in plan.problems] == [True]


def test_who_was_admitted_as_either_is_admitted_after_a_merge(candidate, administrator):
    known = make_partner("Known")
    merge_partners(known, candidate, by=administrator, versions=(known.version, candidate.version))
    candidate.refresh_from_db()
    assert candidate.is_admitted


def test_an_admission_in_another_unit_does_not_exist(client, executive):
    foreign = make_partner(unit=make_unit(), admission="candidate")
    executive.all_units = False
    executive.save()
    client.force_login(executive)
    address = reverse("admission", args=[foreign.pk])
    assert client.get(address).status_code == client.post(address, {"outcome": "admit"}).status_code == 404


def test_a_cycle_shows_the_template_for_candidates(client, procurement, candidate):
    load_builtin()
    client.force_login(procurement)
    cycle = create_cycle(Cycle(**_quarter("Q1")))
    assert "Candidate" in text(client.get(cycle.get_absolute_url()))
    assert CycleTemplate.objects.filter(cycle=cycle, kind="candidate").exists()


def test_marks_imported_with_the_template_for_candidates_make_candidates(db):
    template = make_template({("Support", 100): [("On call", 100)]}, kind="candidate")
    lines = ["partner,rater,criterion,rating", "Newcomer,Ada,On call,4"]
    import_ratings(lines, cycle="2026 Q4", template=template.name, create=True)
    assert list(Partner.objects.values_list("kind", "admission")) == [("vendor", "candidate")]


def test_what_was_decided_about_a_candidate_goes_with_it_into_a_merge(candidate, administrator, executive):
    known = make_partner("Known")
    Decision.objects.create(partner=candidate, outcome="reject", reasons="Too dear.", by=executive)
    merge_partners(candidate, known, by=administrator, versions=(candidate.version, known.version))
    assert Decision.objects.get().partner == known
