"""The demo portfolio: believable, deterministic, never mixed with anybody's data, gone without a trace."""

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, BusinessUnit, User
from governance.demo import LOGINS, PASSWORD
from governance.demo.load import load_demo
from governance.models import Decision
from governance.renewals import GROUPS, Renewals
from governance.services.feeds import make_feed
from partners.models import Contract, Partner
from partners.money import added, in_reporting
from partners.services.costs import costs_ahead, current_rates
from scorecards.models import Assessment, Cycle, Measurement, Score, Template
from scorecards.services.templates import activate, new_version
from tests.factories import make_partner


def test_the_demo_tells_its_stories_and_goes_again(db):
    load_demo()
    assert Partner.objects.count() == 25
    assert set(Decision.objects.filter(contract=None).values_list("outcome", flat=True)) == {"conditions"}
    assert list(Cycle.objects.values_list("state", flat=True)) == ["open"] + ["closed"] * 8
    for email, _ in LOGINS:
        assert User.objects.get(email=email).check_password(PASSWORD)
    last = Score.objects.filter(scorecard__cycle=Cycle.objects.filter(state="closed").first())
    assert last.filter(capped_by__isnull=False).exists()
    assert last.filter(status="provisional").exists()
    assert last.filter(standing="E").exists()
    assert last.filter(standing="A").exists()
    assert Assessment.objects.filter(scorecard__cycle__state="open", submitted_at=None).count() > 10
    for state in ("open", "closed"):
        measured = Measurement.objects.filter(scorecard__cycle__state=state, value__isnull=False)
        assert measured.filter(scorecard__score__status="final").count() > 10
    costs = costs_ahead(Contract.objects.all())
    assert 8 <= sum(not ahead.from_value for ahead in costs.values()) <= 12
    currencies = added(*(ahead.sums for ahead in costs.values()))
    assert set(in_reporting(currencies, current_rates(), timezone.localdate()).left) == {"JPY"}
    dues = Renewals(User.objects.get(email__startswith="clara")).dues()
    assert {due.group for due in dues} == set(GROUPS), "a deadline in every group"
    assert sorted(due.decided.outcome for due in dues if due.decided) == [
        "defer", "renegotiate", "renew", "renew",
    ]  # fmt: skip
    make_feed(User.objects.get(email__startswith="clara"), kind="own")
    first = list(
        Score.objects.order_by("scorecard__cycle__ends", "scorecard__partner__name").values_list(
            "overall", flat=True
        )
    )
    call_command("remove_demo")
    assert not Decision.objects.exists()
    kept = {
        Template, apps.get_model("scorecards", "Category"), apps.get_model("scorecards", "Criterion"),
        apps.get_model("scorecards", "Band"), apps.get_model("evidence", "TitleRule"),
    }  # fmt: skip
    for label in ("accounts", "partners", "evidence", "scorecards"):
        for model in apps.get_app_config(label).get_models():
            assert model in {*kept, AuditEntry} or not model.objects.exists(), model
    assert set(AuditEntry.objects.values_list("table_name", flat=True)) <= {m._meta.db_table for m in kept}
    load_demo()
    again = Score.objects.order_by("scorecard__cycle__ends", "scorecard__partner__name")
    assert list(again.values_list("overall", flat=True)) == first


def test_a_measured_criterion_of_the_demo_shows_its_arithmetic_and_nothing_differs(client, db):
    load_demo()
    call_command("recompute", "--all", "--verify")
    call_command("refresh_figures", "--verify")
    cycle = Cycle.objects.filter(state="closed").first()
    scorecard = cycle.scorecards.get(partner__name="Northgate Cloud")
    client.force_login(User.objects.get(email=LOGINS[0][0]))
    page = client.get(scorecard.get_absolute_url(), {"open": "all"}).content.decode()
    assert "Promises kept by the first day: " in page
    assert "0 points at 0 %, 100 at 100 %, straight in between" in page


def test_a_version_made_from_the_demos_one_keeps_it(db):
    load_demo()
    demos = Template.objects.get(name="Strategic technology vendor", number=2)
    activate(new_version(demos))
    call_command("remove_demo")
    assert list(Template.objects.filter(name=demos.name).values_list("number", "state")) == [
        (3, "active"), (2, "retired"), (1, "retired"),
    ]  # fmt: skip


@pytest.mark.parametrize("make", [lambda: make_partner(), lambda: BusinessUnit.objects.create(name="Mine")])
def test_the_demo_is_never_loaded_beside_anything_else(db, make):
    make()
    with pytest.raises(CommandError, match="already holds"):
        call_command("load_demo")
    assert not User.objects.filter(is_demo=True).exists()


def test_whoever_tries_the_demo_is_greeted_as_a_first_visitor(client, db):
    load_demo()
    client.force_login(User.objects.get(email=LOGINS[0][0]))
    page = client.get(reverse("home"))
    assert page.context["news"].since is None
    assert page.context["news"].moves
    assert "came in" not in page.content.decode()
