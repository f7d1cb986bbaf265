"""The audit trail: everything is seen, said in words, and shown only to whom it concerns."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from accounts.history import audited_models, entries_about, in_words
from accounts.middleware import set_actor
from accounts.models import AuditEntry, Membership, User
from partners.models import Contact, Contract, Partner
from scorecards.models import Rating
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

OUR_APPS = {"accounts", "partners", "evidence", "scorecards", "governance"}
# What is worked out from other rows, passes through, or is the trail itself.
NOT_BUSINESS = {
    "accounts.AuditEntry", "accounts.OutgoingMail", "accounts.Heartbeat", "partners.ContractTerm", "partners.RegisterImport",
    "evidence.Figure", "evidence.FigureRequest",
    "scorecards.Score", "scorecards.Measurement", "scorecards.CategoryScore", "scorecards.RecomputeRequest",
    "scorecards.FairCycle", "scorecards.FairRater", "scorecards.FairScore", "scorecards.FairRequest", "governance.Reminder",
    "governance.PackPart", "governance.PackPdf",  # a pack's content, written once
    "scorecards.Comment",  # its author may be promised that nobody can work out who it was
}  # fmt: skip


def lines(entries=None):
    """The trail as (action, {label: (before, after)}), oldest first."""
    entries = (AuditEntry.objects.all() if entries is None else entries).order_by("pk")
    return [(c.action, {label: (old, new) for label, old, new in c.fields}) for c in in_words(entries)]


def about(row):
    return AuditEntry.objects.filter(table_name=row._meta.db_table, row_id=row.pk)


def test_every_business_table_keeps_its_history():
    models = {model._meta.label: model for model in apps.get_models() if model._meta.app_label in OUR_APPS}
    assert set(models) - {model._meta.label for model in audited_models().values()} == NOT_BUSINESS & set(
        models
    )


def test_every_table_that_keeps_its_history_has_triggers_that_run_once_a_statement(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, t.tgtype FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "JOIN pg_proc p ON p.oid = t.tgfoid WHERE p.prosrc LIKE '%accounts_auditentry%' AND t.tgenabled <> 'D'"
        )
        triggers = set(cursor.fetchall())
    inserted, deleted, updated = 4, 8, 16  # PostgreSQL's bits; a trigger for every row has 1 besides
    assert triggers == {(table, bit) for table in audited_models() for bit in (inserted, deleted, updated)}


def test_a_change_is_said_in_words(db, procurement, executive, unit):
    partner = make_partner("Northgate", segment="tactical", owner=procurement, unit=unit)
    AuditEntry.objects.all().delete()
    partner.segment, partner.owner, partner.unit = "strategic", executive, None
    partner.save()
    assert lines() == [
        (
            "changed",
            {
                "Segment": ("Tactical", "Strategic"),
                "Owner": ("Petra Procurement", "Clara Cio"),
                "Business unit": ("Retail", ""),
            },
        )
    ]


def test_amounts_dates_and_lists_look_as_everywhere_else(db):
    contract = make_contract(annual_value=Decimal("12500.50"), ends=date(2026, 11, 30))
    partner = make_partner(email_domains=["a.example", "b.example"])
    said = lines(about(contract))[0][1] | lines(about(partner))[0][1]
    assert said["Annual value"] == ("", "12500.5")
    assert said["Ends"] == ("", "30 Nov 2026")
    assert said["Renews automatically"] == ("", "no")
    assert said["Email domains"] == ("", "a.example, b.example")


def test_saving_without_a_change_leaves_no_line(db):
    partner = make_partner()
    before = AuditEntry.objects.count()
    partner.save()
    assert AuditEntry.objects.count() == before


def test_bulk_updates_and_raw_sql_are_seen(db):
    partners = [make_partner(segment="tactical") for _ in range(3)]
    AuditEntry.objects.all().delete()
    Partner.objects.update(segment="preferred")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE partners_partner SET supplies = 'Paper' WHERE id = %s", [partners[0].pk])
        cursor.execute("DELETE FROM partners_partner WHERE id = %s", [partners[2].pk])
    assert [line[0] for line in lines()] == ["changed"] * 4 + ["deleted"]
    assert lines()[3][1] == {"What it supplies": ("", "Paper")}


def test_one_statement_over_many_rows_is_told_like_one_row_after_the_other(db, procurement, executive):
    names = ["Aldgate", "Blackfriars", "Cannon Street"]

    def row_by_row():
        partners = [make_partner(name, segment="tactical") for name in names]
        for partner in partners:
            partner.segment, partner.owner = "strategic", executive
            partner.supplies = partner.name
            partner.save()
        partners[1].save()
        for partner in partners[:2]:
            partner.delete()

    def at_once():
        Partner.objects.bulk_create(
            Partner(name=name, name_key=name.lower(), segment="tactical") for name in names
        )
        ours = Partner.objects.filter(name__in=names).order_by("name")
        ours.update(segment="strategic", owner=executive, supplies=F("name"))
        ours.filter(name="Blackfriars").update(segment="strategic")
        Partner.objects.filter(name__in=names[:2]).delete()

    def told(act):
        AuditEntry.objects.all().delete()
        set_actor(procurement.pk)
        act()
        set_actor(None)
        named = {entry.row_id: entry.after["name"] for entry in AuditEntry.objects.filter(action="insert")}
        Partner.objects.all().delete()
        AuditEntry.objects.filter(actor=None).delete()
        return sorted(
            (
                entry.action,
                named[entry.row_id],
                entry.table_name,
                entry.actor,
                *map(lasting, (entry.before, entry.after)),
            )
            for entry in AuditEntry.objects.all()
        )

    def lasting(values):
        return str({key: value for key, value in (values or {}).items() if key not in ("id", "created_at")})

    one_each = told(row_by_row)
    assert [line[:2] for line in one_each] == [
        *(("delete", name) for name in names[:2]), *(("insert", name) for name in names),
        *(("update", name) for name in names),
    ]  # fmt: skip
    assert told(at_once) == one_each


def test_a_row_that_was_there_already_is_changed_and_a_new_one_added(db, unit):
    AuditEntry.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_businessunit (id, name) VALUES (%s, 'Wholesale'), (%s, 'Logistics') "
            "ON CONFLICT (id) DO UPDATE SET name = excluded.name", [unit.pk, unit.pk + 1000],
        )  # fmt: skip
    assert sorted(lines()) == [
        ("added", {"Name": ("", "Logistics")}), ("changed", {"Name": ("Retail", "Wholesale")}),
    ]  # fmt: skip


def test_a_password_is_never_written_down(db, rater):
    before = AuditEntry.objects.count()
    rater.set_password("a quiet river bend")
    rater.save()
    assert AuditEntry.objects.count() == before
    assert not any("password" in (entry.after or {}) for entry in AuditEntry.objects.all())


def test_coming_to_and_leaving_a_business_unit_is_history_of_the_person(client, administrator, rater, unit):
    AuditEntry.objects.all().delete()
    rater.units.set([make_unit("Logistics")])
    assert [entry.action for entry in entries_about(rater).order_by("pk")] == ["delete", "insert"]
    client.force_login(administrator)
    text = client.get(reverse("history", args=["accounts_user", rater.pk])).content.decode()
    assert "Membership Rafael Rater in Logistics" in text
    assert "Membership Rafael Rater in Retail" in text


def test_marks_are_history_from_submission_on(db, rater):
    assessment = make_assessment(rater=rater)
    rate(assessment, 3, 4, 5)
    assert not AuditEntry.objects.filter(table_name="scorecards_rating").exists()
    assessment.submitted_at = timezone.now()
    assessment.save()
    assert ("handed in", {"Marks": ("", "3")}) in lines(about(assessment))
    Rating.objects.filter(value=3).update(value=2)
    change = in_words(AuditEntry.objects.filter(table_name="scorecards_rating"))[0]
    assert change.fields == [("Value", "3", "2")]
    assert "On time, Rafael Rater on Partner" in change.thing


def test_the_actor_is_whoever_sent_the_request_and_nobody_after_it(client, procurement, executive):
    def create(name):
        client.post(reverse("partner_create"), {
            "name": name, "kind": "vendor", "segment": "tactical", "owner": "", "unit": "", "supplies": "",
            "email_domains": "", "notes": "",
        })  # fmt: skip
        return about(Partner.objects.get(name=name)).get()

    client.force_login(procurement)
    assert create("Northgate").actor == procurement
    assert about(make_partner()).get().actor is None, "the connection is reused by what the system does"
    procurement_two = make_user("procurement", all_units=True)
    client.force_login(procurement_two)
    assert create("Southgate").actor == procurement_two


def test_the_actor_is_forgotten_when_a_view_fails(client, administrator, settings):
    settings.ROOT_URLCONF = "tests.accounts.failing_urls"
    client.force_login(administrator)
    client.raise_request_exception = False
    assert client.post("/fail/").status_code == 500
    assert about(make_partner()).get().actor is None


def test_a_person_named_to_the_database_stays_named_over_transactions(db, procurement):
    set_actor(procurement.pk)
    try:
        assert about(make_partner()).get().actor == procurement
    finally:
        set_actor(None)


def shown(client, query=""):
    text = client.get(reverse("audit_list") + query).content.decode()
    return re.findall(r'<tr><th scope="row"><span>(?:<a[^>]*>|<b>)([^<]+)<', text)


def test_the_trail_is_filtered_by_who_what_action_and_day(client, administrator, procurement):
    client.force_login(administrator)
    AuditEntry.objects.all().delete()
    make_partner("Northgate")
    set_actor(procurement.pk)
    Partner.objects.update(segment="strategic")
    make_contract(Partner.objects.get(), title="Hosting")
    set_actor(None)
    assert shown(client) == ["Contract Hosting", "Partner Northgate", "Partner Northgate"]
    assert shown(client, f"?who={procurement.pk}&action=update") == ["Partner Northgate"]
    assert shown(client, "?what=partners_contract") == ["Contract Hosting"]
    today = timezone.localdate()
    AuditEntry.objects.filter(action="insert").update(at=timezone.now() - timedelta(days=3))
    assert shown(client, f"?since={today}") == ["Partner Northgate"]
    assert shown(client, f"?until={today - timedelta(days=3)}") == ["Contract Hosting", "Partner Northgate"]
    assert shown(client, f"?since={today - timedelta(days=3)}&until={today}") == shown(client)


@pytest.mark.parametrize(
    "query",
    ["?who=999999999999999999999", "?who=abc", "?what=pg_class", "?action=truncate", "?since=2026-13-40",
     "?until=9999-12-31", "?since=0001-01-01", "?since=2026-02-02&until=2026-02-01", "?since=٢٠٢٦-٠١-٠١x"],
)  # fmt: skip
def test_a_filter_that_makes_no_sense_is_said_beside_it(client, administrator, query):
    client.force_login(administrator)
    response = client.get(reverse("audit_list") + query)
    assert response.status_code == 200
    assert "invalid-feedback" in response.content.decode()
    assert shown(client, query) == []


@pytest.mark.parametrize(
    "query", ["?before=abc", "?before=-1", "?before=99999999999999999999999", "?before=٣"]
)
def test_a_page_that_does_not_exist_is_the_first(client, administrator, query):
    client.force_login(administrator)
    assert shown(client, query) == shown(client)


def test_pages_follow_each_other_without_a_gap(client, administrator):
    client.force_login(administrator)
    for n in range(60):
        make_partner(f"P{n}")
    first = client.get(reverse("audit_list"))
    following = first.context["following"]
    second = shown(client, f"?before={following}")
    names = shown(client) + second
    assert [name for name in names if name.startswith("Partner ")] == [
        f"Partner P{n}" for n in reversed(range(60))
    ]
    assert first.context["changes"][-1].entry.pk == following


def test_a_page_of_history_takes_no_more_statements_for_more_lines(
    client, administrator, django_assert_max_num_queries
):
    client.force_login(administrator)

    def statements():
        with django_assert_max_num_queries(60) as counted:
            client.get(reverse("audit_list"))
        return len(counted)

    template = make_template()
    cycle = make_cycle(template)
    for _ in range(2):
        rate(
            make_assessment(make_scorecard(make_partner(), template, cycle), make_user(), submitted=True),
            1,
            2,
            3,
        )
        make_contract()
    few = statements()
    for _ in range(6):
        rate(
            make_assessment(make_scorecard(make_partner(), template, cycle), make_user(), submitted=True),
            1,
            2,
            3,
        )
        make_contract()
    assert statements() <= few


def test_history_of_one_thing_stops_at_the_walls(client, unit):
    inside = make_user("procurement", unit)
    foreign = make_partner(unit=make_unit("Logistics"))
    contact = Contact.objects.create(partner=foreign, name="Somebody")
    own = make_partner("Mine", unit=unit)
    mine = Contact.objects.create(partner=own, name="Mine")
    template = make_template()
    category = template.categories.first()
    card, theirs = make_scorecard(own, template), make_scorecard(foreign, template)
    client.force_login(inside)
    visible = {row: client.get(reverse("history", args=[row._meta.db_table, row.pk])).status_code for row in (
        own, mine, template, category, category.criteria.first(), card, card.cycle,
        foreign, contact, theirs, make_assessment(card), inside, unit, Membership.objects.get(user=inside),
    )}  # fmt: skip
    assert list(visible.values()) == [200] * 7 + [404] * 7


def test_an_administrator_reads_the_history_of_everything_even_of_people(client, administrator, rater, unit):
    client.force_login(administrator)
    for row in (rater, unit, make_partner(unit=unit), make_assessment()):
        assert client.get(reverse("history", args=[row._meta.db_table, row.pk])).status_code == 200


def test_others_marks_stay_out_of_the_trail_until_ones_own_are_in(client, administrator):
    cycle_template = make_template()
    cycle = make_cycle(cycle_template)
    card = make_scorecard(template=cycle_template, cycle=cycle)
    submitted = make_assessment(card, submitted=True)
    rate(submitted, 1, 1, 1)
    rating = submitted.ratings.first()
    owed = make_assessment(make_scorecard(template=cycle_template, cycle=cycle), administrator)
    client.force_login(administrator)
    of_marks = reverse("audit_list") + "?what=scorecards_rating"
    of_one = reverse("history", args=["scorecards_rating", rating.pk])
    assert "until you have handed in your own" in client.get(of_marks).content.decode()
    assert shown(client, "?what=scorecards_rating") == []
    assert client.get(of_one).status_code == 404
    owed.submitted_at = timezone.now()
    owed.save()
    assert len(shown(client, "?what=scorecards_rating")) == 3
    assert client.get(of_one).status_code == 200


def test_what_is_gone_is_still_called_something(client, administrator, rater, unit):
    partner = make_partner("Northgate")
    contract = make_contract(partner, title="Hosting")
    Contract.objects.filter(pk=contract.pk).delete()
    partner.delete()
    rater.units.clear()
    changes = in_words(AuditEntry.objects.filter(action="delete").order_by("pk"))
    assert [change.thing for change in changes] == [
        "Contract Hosting", "Partner Northgate", "Membership Rafael Rater in Retail",
    ]  # fmt: skip
    assert ("Partner", "one that is no more", "") in changes[0].fields
    assert not any(change.exists for change in changes)


def test_markup_in_history_is_shown_as_it_is(client, administrator):
    make_partner("<script>alert(1)</script>")
    client.force_login(administrator)
    text = client.get(reverse("audit_list")).content.decode()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_the_migration_of_memberships_goes_back_and_forth(transactional_db, unit):
    call_command("migrate", "accounts", "0001", verbosity=0)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM accounts_user_units")
    finally:
        call_command("migrate", verbosity=0)  # what depends on them as well
    person = make_user("rater", unit)
    assert about(Membership.objects.get(user=person)).count() == 1
    assert User.objects.get(pk=person.pk).units.get() == unit
