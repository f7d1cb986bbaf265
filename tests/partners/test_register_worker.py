"""Workers that share, die and come back: an import is written once, and its progress is seen meanwhile."""

import io

import pytest
from django.db import connection

from accounts.models import AuditEntry
from partners.models import Contract, Partner, RegisterImport
from partners.services import register as service
from tests.factories import make_user
from tests.partners.register_files import register, row
from tests.sessions import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def waiting():
    """A confirmed import of 600 rows."""
    content = register(*[row(supplier=f"Partner {n % 40}", no=f"C-{n}") for n in range(600)])
    analyst = make_user("procurement", all_units=True)
    found = service.start_import(io.BytesIO(content), name="register.csv", by=analyst)
    assert service.confirm(found)
    return found


def test_progress_is_seen_while_nothing_is_committed(waiting, monkeypatch):
    seen = []
    apply_plan = service.apply_plan

    def watched(plan, **options):
        show = options["progress"]

        def look(done):
            show(done)
            side = connection.copy()
            with side.cursor() as cursor:
                cursor.execute(
                    "SELECT progress, (SELECT count(*) FROM partners_contract) FROM partners_registerimport"
                )
                seen.append(cursor.fetchone())
            side.close()

        apply_plan(plan, **options | {"progress": look})

    monkeypatch.setattr(service, "apply_plan", watched)
    monkeypatch.setattr(service, "SHOW_EVERY", 0)
    service.run_waiting_imports()
    assert [progress for progress, _ in seen] == [0, 500, 600]
    assert {committed for _, committed in seen} == {0}
    assert Contract.objects.count() == 600


def test_two_workers_at_once_import_once(waiting):
    assert sorted(at_once(*[service.run_waiting_imports] * 3)) == [0, 0, 1]
    assert Contract.objects.count() == 600


def test_an_import_held_by_a_living_worker_is_left_alone_and_taken_over_when_it_dies(waiting):
    RegisterImport.objects.update(state=RegisterImport.RUNNING, attempts=1, progress=500)
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [service.CLAIM, waiting.pk])
        assert service.run_waiting_imports() == 0
    other.close()  # as the server sees a killed worker
    assert service.run_waiting_imports() == 1
    waiting.refresh_from_db()
    assert (waiting.state, Contract.objects.count()) == (RegisterImport.DONE, 600)


def test_an_import_that_kills_its_worker_is_given_up(waiting):
    RegisterImport.objects.update(state=RegisterImport.RUNNING, attempts=service.ATTEMPTS)
    service.run_waiting_imports()
    waiting.refresh_from_db()
    assert waiting.state == RegisterImport.FAILED
    assert "Nothing was written" in waiting.report["error"]
    assert Partner.objects.count() == 0


def test_an_unexpected_failure_writes_nothing_and_says_so(waiting, monkeypatch):
    def fall_over(plan, **options):
        Partner.objects.create(name="Half", name_key="half")
        raise ZeroDivisionError

    monkeypatch.setattr(service, "apply_plan", fall_over)
    service.run_waiting_imports()
    waiting.refresh_from_db()
    assert (waiting.state, Partner.objects.count()) == (RegisterImport.FAILED, 0)
    assert "ZeroDivisionError" not in waiting.report["error"]


def test_the_audit_trail_names_who_imported(waiting):
    service.run_waiting_imports()
    assert set(AuditEntry.objects.filter(table_name="partners_contract").values_list("actor", flat=True)) == {
        waiting.by_id
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('vendorhub.actor', true)")
        assert cursor.fetchone()[0] == ""
