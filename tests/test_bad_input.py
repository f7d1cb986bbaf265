"""Bad input at every form of every page: said beside what is wrong, nothing saved, never a 500."""

import re
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from tests.factories import make_unit, make_user
from tests.forms import PageForm, page_forms
from tests.test_access import OURS, World, _permission
from vendorhub.roles import PERMISSIONS

pytestmark = pytest.mark.long
SCRIPT = "<script>alert(1)</script>"
BAD = [
    "", "   ", "NaN", "Infinity", "-Infinity", "1_000", "٣", "-1", "99999999999999999999", "1e400", "0.00001", "3,5,7",
    "a\x00b", "\u202egnp.exe", "\u200b", SCRIPT, "=cmd|' /C calc'!A0", "x" * 6_000, "2026-02-30", "0001-01-01",
    "9999-12-31", "31/12/26", "' OR 1=1 --", "../../etc/passwd", "a\r\nBcc: x@example.org", "{{ 7*7 }}", "on",
]  # fmt: skip
# A bad link is no wrong value of a field: a page may read it as if it were not there.
BAD_LINKS = ["", "NaN", "1_000", "٣", "-1", "9" * 20, "a\x00b", "0001-01-01", "9999-12-31", SCRIPT]
QUERIES = ["page", "sort", "q", "open", "tab", "next", "unit", "kind", "state"]
UNSIGNED = ["account_login", "account_reset_password"]


@pytest.fixture
def people(db):
    """One world, and who may open its addresses: by role, each inside the world's unit or with all units."""
    unit = make_unit("Own")
    rater = make_user("rater", unit, rater_role="it")
    world = World(unit, rater)
    make_user("administrator")
    found = {"rater": rater}
    for role in ("administrator", "procurement", "executive", "governance"):
        found[role] = make_user(role, unit, all_units=True)
    return world, found


def _clients(people: dict) -> dict[str, Client]:
    clients = {}
    for role, person in people.items():
        clients[role] = Client(raise_request_exception=False)
        clients[role].force_login(person)
    return clients


def _who(name: str, world: World) -> str:
    """A role that may open the address; the rater first, whose assessment and import they are."""
    order = ["rater", "procurement", "administrator", "executive", "governance"]
    return next(role for role in order if role in PERMISSIONS[_permission(name)])


def _tables() -> list[str]:
    kept = {"accounts_auditentry", "accounts_heartbeat"}
    ours = ("accounts", "partners", "evidence", "scorecards", "governance")
    return sorted(
        model._meta.db_table
        for model in apps.get_models()
        if model._meta.app_label in ours and model._meta.db_table not in kept
    )


def _state() -> str:
    """A digest of all that is stored; what sign-ins and visits note about oneself aside."""
    parts = " || ".join(
        f"coalesce((SELECT md5(string_agg((to_jsonb(t) - 'last_login' - 'last_seen' - 'seen_before')::text, '' ORDER BY t::text)) FROM {table} t), '')"
        for table in _tables()
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT md5({parts})")
        return cursor.fetchone()[0]


def _written() -> int:
    """How many rows this transaction wrote so far, also those that were taken back: nothing new needs no digest."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_xact_user_tables "
            "WHERE relname NOT IN ('django_session', 'accounts_heartbeat')"
        )
        return cursor.fetchone()[0]


def _pages(world: World, people: dict) -> Iterator[tuple[str, Client, str, list[PageForm]]]:
    """(name, client, address, forms) of every page that can be opened."""
    clients = _clients(people)
    for name in sorted(OURS):
        client, address = clients[_who(name, world)], world.address(name)
        response = client.get(address)
        if response.status_code == 200 and "html" in response["Content-Type"]:
            yield name, client, address, page_forms(response)
    for name in UNSIGNED:
        client = Client(raise_request_exception=False)
        yield name, client, reverse(name), page_forms(client.get(reverse(name)))


def _rolled_back(client: Client, method: str, address: str, data: dict, before: str = ""):
    """The response, and whether something was stored though it was refused; undone again."""
    with transaction.atomic():
        written = _written() if method == "post" else 0
        response = getattr(client, method)(address, data)
        refused = method == "post" and response.status_code >= 400
        changed = refused and _written() != written and _state() != before
        transaction.set_rollback(True)
    return response, changed


def _faults(response, changed: bool) -> Iterator[str]:
    text = response.content.decode(errors="replace") if not response.streaming else ""
    if response.status_code >= 500:
        yield f"status {response.status_code}"
    if response.status_code >= 400 and changed:
        yield "refused, and something was stored all the same"
    if SCRIPT in text:
        yield "markup comes back as markup"
    if (
        response.status_code == 400
        and not re.search(r'invalid-feedback|errorlist|role="alert"|class="messages"|Error 4\d\d', text)
        and "json" not in response["Content-Type"]
    ):
        yield "refused without a word"


def _attempts(names: set[str], alone: int, bad: list[str] = BAD) -> Iterator[dict[str, str]]:
    """Every bad value in all fields at once, and some in each alone, others in each: numbered fields count once."""
    names = {re.sub(r"\d+", "#", name): name for name in sorted(names)}.values()
    for value in bad:
        yield dict.fromkeys(names, value)
    for place, name in enumerate(names):
        for value in (bad * 2)[place * alone % len(bad) :][:alone]:
            yield {name: value}


def test_bad_input_at_any_field_is_refused_in_words_and_stores_nothing(people):
    world, persons = people
    wrong, seen, before = [], set(), _state()
    for name, client, address, forms in _pages(world, persons):
        for form in forms:
            target = form.action or address
            if "logout" in target or (form.method, target) in seen:
                continue
            seen.add((form.method, target))
            for bad in _attempts(form.names, alone=2):
                response, changed = _rolled_back(client, form.method, target, {**form.data, **bad}, before)
                what = ", ".join(f"{field}={value[:30]!r}" for field, value in bad.items())
                wrong += [
                    f"{name} {form.method} {target} {what}: {fault}" for fault in _faults(response, changed)
                ]
    assert len(seen) > 30
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:60])


def test_a_bad_link_is_never_a_500(people):
    world, persons = people
    wrong = []
    for name, client, address, _ in _pages(world, persons):
        for bad in _attempts(set(QUERIES), 1, BAD_LINKS):
            response, _ = _rolled_back(client, "get", address, bad)
            if response.status_code >= 500:
                wrong.append(f"{name} {bad}: {response.status_code}")
    assert not wrong, "\n".join(wrong[:60])
