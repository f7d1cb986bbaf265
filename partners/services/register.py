"""Importing a register: read it, look at it, decide, and have a worker write it in one transaction."""

import io
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import IO, Any

from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from accounts.middleware import set_actor
from accounts.models import BusinessUnit, User
from partners.models import Contract, Partner, RegisterImport
from partners.register.apply import apply_plan
from partners.register.columns import Columns, MappingError, match
from partners.register.entries import RowReader, count_names, unused_columns
from partners.register.plan import Plan
from partners.register.planner import Planner
from partners.register.reading import Table, glance, read_table
from partners.register.resolving import Resolver
from partners.register.safety import Refused
from partners.register.values import clean_text, printable
from partners.register.workbook import Cell
from vendorhub.roles import may

logger = logging.getLogger(__name__)

WRITING = 0x7265676973746572  # registers are written one at a time
CLAIM = 0x72656769  # first half of the key under which a worker holds one import
ATTEMPTS = 3
MATCHED_ON = 300  # rows looked at to match columns
SMALL = 2_000_000  # bytes; larger files are read by a worker
FIRST_ROWS = 5
SHOW_EVERY = 0.3  # seconds between two signs of progress


@dataclass
class Options:
    """How a person wants a file read. `columns` maps FIELD to a heading ("" for none)."""

    columns: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    unit: BusinessUnit | str | None = None
    decisions: dict[str, str] = field(default_factory=dict)
    date_order: str = ""
    sheet: str = ""


@dataclass
class Outcome:
    """What reading a register came to, whether or not anything was written."""

    plan: Plan
    table: Table
    columns: Columns
    currency: str

    @property
    def nothing_usable(self) -> bool:
        return not self.plan.partners

    def report(self) -> dict[str, Any]:
        """Figures, problems and notes, in the form that commands print."""
        return {
            **self.plan.counts(),
            "problems": [problem._asdict() for problem in self.plan.problems],
            "notes": [*self.plan.assumed, *self.plan.notes, *self.plan.kept_apart],
        }


def default_currency() -> str:
    """The currency of amounts that name none."""
    return str(Contract._meta.get_field("currency").default)


def read_register(
    table: Table, *, user: User | None, options: Options, write: bool = False,
    progress: Callable[[int], None] = lambda done: None, finish: Callable[[Outcome], None] = lambda outcome: None,
) -> Outcome:  # fmt: skip
    """Plan and, with `write`, import a register: all in one transaction or nothing.

    `finish` is called inside that transaction. Raises MappingError for columns that cannot be used.
    """
    columns = match(
        table.headings, [row.cells for row in table.rows[:MATCHED_ON]], options.columns, options.constants
    )
    if "partner" not in columns.places:
        raise MappingError("No column seems to name the partner. Choose the one that does.", "partner")
    currency = columns.constants.get("currency") or default_currency()
    known = Partner.objects.visible_to(user) if user else Partner.objects.all()
    whole = frozenset(known.filter(name__regex="[;,|/]").values_list("name", flat=True))
    reading = RowReader(
        table, columns, currency=currency, order=options.date_order, whole_names=whole
    ).read_all()
    reading.notes[:0] = [*table.notes, *columns.notes]
    if unused := unused_columns(table, columns):
        reading.notes.append(f"Columns not used: {', '.join(unused).rstrip('.')}.")

    def plan(**more: Any) -> Outcome:
        planner = Planner(reading, user=user, unit=options.unit, decisions=options.decisions, **more)
        return Outcome(planner.make(), table, columns, currency)

    if not write:
        return plan()
    resolver = Resolver(reading, user=user, unit=options.unit, decisions=options.decisions)
    resolver.load_partners(
        count_names(reading.entries)
    )  # outside the transaction: proposing may take a while
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [WRITING])
        outcome = plan(lock=True, proposals=resolver.proposals)
        report = outcome.plan.counts()  # before new rows become existing ones
        apply_plan(outcome.plan, currency=currency, progress=progress)
        outcome.plan.counts = lambda: report  # type: ignore[method-assign]
        finish(outcome)
    return outcome


# --- In the browser --------------------------------------------------------------------------------------
def start_import(file: IO[bytes], *, name: str, by: Any, unit: BusinessUnit | None = None) -> RegisterImport:
    """Keep an uploaded register and look at it. Raises Refused for a file that cannot be used at all."""
    small = file.seek(0, 2) <= SMALL
    file.seek(0)
    table = read_table(file, name) if small else None
    if not small:
        glance(file, name)
    file.seek(0)
    register = RegisterImport.objects.create(
        by=by, file_name=name, content=file.read(), unit=unit,
        state=RegisterImport.UPLOADED if small else RegisterImport.READING,
    )  # fmt: skip
    if small:
        look_at(register, table)
    return register


def look_at(register: RegisterImport, table: Table | None = None) -> None:
    """Work out what the import would do and keep that with it. Changes nothing else."""
    report: dict[str, Any] = {}
    try:
        table = table or _table_of(register)
        report = _describe(table)
        outcome = read_register(table, user=register.by, options=_options_of(register))
        report |= _describe_outcome(outcome)
    except (Refused, MappingError) as unusable:
        report |= {"error": str(unusable), "field": getattr(unusable, "name", "")}
    register.report, register.state = report, RegisterImport.UPLOADED
    register.rows = len(table.rows) if table else 0
    register.save(update_fields=["report", "state", "rows"])


def decide(register: RegisterImport, *, columns: dict[str, str], options: dict[str, str], decisions: dict[str, str],
           unit: BusinessUnit | None) -> bool:  # fmt: skip
    """Keep what a person said about the file and look at it again. False if it said nothing new."""
    with transaction.atomic():
        register = _lock(register)
        said = (columns, options, decisions, unit)
        if register.state != RegisterImport.UPLOADED or said == (
            register.columns, register.options, register.decisions, register.unit
        ):  # fmt: skip
            return False
        register.columns, register.options, register.decisions, register.unit = said
        register.save(update_fields=["columns", "options", "decisions", "unit"])
        if len(register.content) <= SMALL:
            look_at(register)
        else:
            register.state = RegisterImport.READING
            register.save(update_fields=["state"])
    return True


def confirm(register: RegisterImport) -> bool:
    """Hand an import to the workers. False if it is not waiting for a decision, or has nothing to bring in."""
    with transaction.atomic():
        register = _lock(register)
        if register.state != RegisterImport.UPLOADED or not register.report.get("usable"):
            return False
        register.state, register.progress, register.attempts = RegisterImport.WAITING, 0, 0
        register.save(update_fields=["state", "progress", "attempts"])
    return True


def look_again(register: RegisterImport) -> bool:
    """Take up an import that failed: nothing was written, so it can be decided anew."""
    with transaction.atomic():
        register = _lock(register)
        if register.state != RegisterImport.FAILED:
            return False
        register.finished_at = None
        register.save(update_fields=["finished_at"])
        look_at(register)
    return True


def discard(register: RegisterImport) -> bool:
    """Forget an import that was not confirmed. False if it was."""
    done, _ = RegisterImport.objects.filter(
        pk=register.pk, state__in=("reading", "uploaded", "failed")
    ).delete()
    return bool(done)


def _lock(register: RegisterImport) -> RegisterImport:
    return RegisterImport.objects.select_for_update(of=("self",)).get(pk=register.pk)


def _table_of(register: RegisterImport) -> Table:
    sheet = register.options.get("sheet", "")
    return read_table(io.BytesIO(bytes(register.content)), register.file_name, sheet=sheet)


def _options_of(register: RegisterImport) -> Options:
    currency = register.options.get("currency", "")
    constants = {"currency": currency} if currency and not register.columns.get("currency") else {}
    return Options(
        register.columns, constants, register.unit, register.decisions,
        register.options.get("date_order", ""), register.options.get("sheet", ""),
    )  # fmt: skip


def _example(cell: Cell) -> str:
    """A cell as people write it: 90, where a workbook holds 90.0."""
    return printable(clean_text(cell) if isinstance(cell, Decimal) else cell, 40)


def _describe(table: Table) -> dict[str, Any]:
    """The file as it stands: headings with their first values, sheets."""
    first = table.rows[:50]
    examples = []
    for place in range(len(table.headings)):
        texts = dict.fromkeys(_example(row.cells[place]) for row in first if row.cells[place] != "")
        examples.append(" · ".join(list(texts)[:3]))
    return {"headings": table.headings, "examples": examples, "sheets": table.sheets, "sheet": table.sheet}


def _describe_outcome(outcome: Outcome) -> dict[str, Any]:
    plan, headings = outcome.plan, outcome.table.headings
    return {
        **outcome.report(),
        "notes": plan.notes,
        "assumed": plan.assumed,
        "usable": not outcome.nothing_usable,
        "places": {name: headings[place] for name, place in outcome.columns.places.items()},
        "how": outcome.columns.how,
        "proposals": [
            {
                "spelling": p.spelling, "rows": plan.spellings[p.spelling], "other": p.other, "certain": p.certain,
                "target": f"partner:{p.partner}" if p.partner else f"name:{p.other}",
            }
            for p in plan.proposals
        ],
        "first": [_shown(item, outcome.currency) for item in plan.contracts[:FIRST_ROWS]],
    }  # fmt: skip


def _shown(item: Any, currency: str) -> dict[str, Any]:
    """A contract as the preview shows it: plain values."""
    values = {name: getattr(value, "name", value) for name, value in item.values.items()}
    shown = {
        name: value if isinstance(value, str | bool | int) else str(value) for name, value in values.items()
    }
    action = "new" if item.existing is None else "changes" if item.changes else "unchanged"
    return {
        "line": item.entry.line,
        "partner": item.partner.name,
        "action": action,
        "currency": currency,
        **shown,
    }


# --- In a worker -----------------------------------------------------------------------------------------
def run_waiting_imports() -> int:
    """Look at or write every import that waits and that no other worker holds; return how many.

    A worker holds an import by a session lock on a connection of its own, so a killed worker lets go of it at once.
    The import is marked done in the transaction that writes it: picked up again, it is still written once.
    """
    waiting = list(RegisterImport.objects.unfinished().values_list("pk", flat=True))
    if not waiting:
        return 0
    handled = 0
    with _side_connection() as side:
        for pk in waiting:
            side.execute("SELECT pg_try_advisory_lock(%s, %s)", [CLAIM, pk % 2**31])
            if not side.fetchone()[0]:
                continue
            try:
                register = (
                    RegisterImport.objects.unfinished().select_related("by", "unit").filter(pk=pk).first()
                )
                if register:
                    _handle(register, side)
                    handled += 1
            finally:
                side.execute("SELECT pg_advisory_unlock(%s, %s)", [CLAIM, pk % 2**31])
    return handled


@contextmanager
def _side_connection() -> Iterator[Any]:
    """A cursor on a second connection, whose writes are seen while the import's own transaction is open."""
    side = connection.copy()
    try:
        with side.cursor() as cursor:
            yield cursor
    finally:
        side.close()


def _handle(register: RegisterImport, side: Any) -> None:
    try:
        if register.state == RegisterImport.READING:
            look_at(register)
        else:
            _write(register, side)
    except (OperationalError, InterfaceError):
        raise  # the database went away: nothing was written, the next round tries again
    except (Refused, MappingError) as unusable:
        _fail(register, str(unusable))
    except Exception:
        logger.exception("register import %s", register.pk)
        _fail(
            register,
            "Something went wrong while writing, so nothing was written. The details are in the server's log.",
        )


def _write(register: RegisterImport, side: Any) -> None:
    """Import it for the person who uploaded it, within what that person may do now."""
    if register.by is None or not may(register.by, "manage_partners"):
        raise Refused("The person who uploaded this register may no longer import. Nothing was written.")
    if register.attempts >= ATTEMPTS:
        raise Refused(f"The worker stopped {ATTEMPTS} times while importing. Nothing was written.")
    register.attempts += 1
    register.state = RegisterImport.RUNNING
    register.save(update_fields=["attempts", "state"])
    last = 0.0

    def show(done: int) -> None:
        nonlocal last
        if time.monotonic() - last >= SHOW_EVERY:
            last = time.monotonic()
            side.execute(
                "UPDATE partners_registerimport SET progress = %s WHERE id = %s", [done, register.pk]
            )

    def finish(outcome: Outcome) -> None:
        register.report = {**register.report, **_describe_outcome(outcome), "result": _touched(outcome.plan)}
        register.state, register.finished_at = RegisterImport.DONE, timezone.now()
        register.progress = register.rows
        register.save(update_fields=["report", "state", "finished_at", "progress"])

    set_actor(register.by.pk)
    try:
        read_register(
            _table_of(register),
            user=register.by,
            options=_options_of(register),
            write=True,
            progress=show,
            finish=finish,
        )
    except IntegrityError:  # somebody merged or removed a partner meanwhile: plan anew
        logger.warning("register import %s met a concurrent change", register.pk, exc_info=True)
        RegisterImport.objects.filter(pk=register.pk).update(state=RegisterImport.WAITING)
    finally:
        set_actor(None)


def _touched(plan: Plan) -> list[dict[str, Any]]:
    """The first partners that gained or changed contracts, for links on the result page."""
    touched: dict[int, dict[str, Any]] = {}
    for item in plan.contracts:
        partner = item.partner.existing
        if partner and (item.existing is None or item.changes):
            entry = touched.setdefault(partner.pk, {"pk": partner.pk, "name": partner.name, "contracts": 0})
            entry["contracts"] += 1
    return sorted(touched.values(), key=lambda entry: (-entry["contracts"], entry["name"]))[:20]


def _fail(register: RegisterImport, reason: str) -> None:
    RegisterImport.objects.filter(pk=register.pk).update(
        state=RegisterImport.FAILED, report={**register.report, "error": reason}, finished_at=timezone.now()
    )
