"""Takes ratings from a file into a cycle: everything that can be used, in one transaction, or nothing."""

import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Lower
from django.utils import timezone
from psycopg2.errors import ForeignKeyViolation

from accounts.models import RATER_ROLES, User
from accounts.uploads import Problem
from partners.models import ADMITTED, CANDIDATE, Partner
from partners.names import name_key
from scorecards.models import Cycle, CycleTemplate, Scorecard, Template
from scorecards.ratings_file import Cell, RatingsFile, read_ratings
from scorecards.services.recompute import request_recompute

_QUARTER = re.compile(
    r"(?P<year>20[0-9]{2})\W*Q(?P<quarter>[1-4])|Q(?P<first>[1-4])\W*(?P<then>20[0-9]{2})", re.ASCII
)
_SIDES = dict(RATER_ROLES)
THINGS = ["partners", "raters", "cycles", "scorecards", "assessments", "ratings", "comments"]


class CannotImport(Exception):
    """Nothing of the file can be used; the message is a sentence."""


@dataclass
class Report:
    """What became of a file. `unchanged` ratings include cells that are and stay not answered."""

    read: int = 0
    created: Counter[str] = field(default_factory=Counter)
    updated: Counter[str] = field(default_factory=Counter)
    unchanged: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    accepted: int = 0

    def as_json(self) -> dict[str, Any]:
        """The report as the command prints it."""
        return {
            "read": self.read,
            "created": {thing: self.created[thing] for thing in THINGS},
            "updated": {thing: self.updated[thing] for thing in ("assessments", "ratings", "comments")},
            "unchanged": {"ratings": self.unchanged["ratings"]},
            "rejected": self.read - self.accepted,
            "problems": [problem._asdict() for problem in sorted(self.problems)],
            "notes": self.notes,
        }  # fmt: skip


def import_ratings(lines: Iterable[str], *, cycle: str, template: str, create: bool = False) -> Report:
    """Read ratings into the cycle of this name; assessments count as submitted.

    Rows that cannot be used are reported and the others taken. With `create`, partners, raters (as people
    without login) and the cycle are made where they are missing. Raises CannotImport with a sentence.
    """
    chosen = _template(template, cycle)
    table = read_ratings(lines, chosen)
    report = Report(table.read, problems=table.problems, notes=table.notes)
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(
                    "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"
                )
            into = _cycle(cycle, chosen, report, create=create)
            cells = _resolve(table, into, chosen, report, create=create)
            if not cells:
                transaction.set_rollback(True)
                report.created.clear()
                return report
            request_recompute(_write(cells, into, chosen, report))
    except IntegrityError as refused:  # at a statement, or at the commit
        raise CannotImport(_sentence(refused)) from refused
    report.accepted = len(cells)
    return report


def _sentence(refused: IntegrityError) -> str:
    if isinstance(refused.__cause__, ForeignKeyViolation):
        return "A partner or person in the file was merged or removed meanwhile. Import the file again."
    return refused.__cause__.diag.message_primary


# --- What the file is about ------------------------------------------------------------------------------
def _template(name: str, cycle: str) -> Template:
    """The version the cycle uses already, else the active one, else the latest."""
    versions = Template.objects.filter(name__iexact=name.strip().replace("\0", ""))
    in_cycle = versions.filter(cycletemplate__cycle__name__iexact=cycle.replace("\0", ""))
    found = in_cycle.first() or versions.filter(state=Template.ACTIVE).first() or versions.first()
    if found is None:
        names = ", ".join(
            f"“{known}”" for known in Template.objects.values_list("name", flat=True).distinct()[:20]
        )
        raise CannotImport(
            f"There is no template “{name}”. There is {names or 'none yet: import_template makes one'}."
        )
    return found


def _cycle(name: str, template: Template, report: Report, *, create: bool) -> Cycle:
    name = " ".join(name.split())
    if not name or len(name) > 100 or not name.isprintable():
        raise CannotImport("The name of the cycle must be one line of up to 100 characters.")
    cycle = Cycle.objects.select_for_update().filter(name__iexact=name).first()
    if cycle is None and not create:
        raise CannotImport(f"There is no cycle “{name}”. Create it first, or use --create.")
    if cycle is None:
        starts, ends = _quarter(name)
        cycle = Cycle.objects.create(
            name=name, starts=starts, ends=ends, due=ends, state=Cycle.OPEN, opened_at=timezone.now()
        )
        report.created["cycles"] += 1
    if cycle.state == Cycle.CLOSED:
        raise CannotImport(f"{cycle} is closed, so its marks cannot change. An administrator can reopen it.")
    CycleTemplate.objects.get_or_create(cycle=cycle, kind=template.kind, defaults={"template": template})
    return cycle


def _quarter(name: str) -> tuple[date, date]:
    """First and last day of the quarter a cycle is named after, else of today's."""
    found, today = _QUARTER.search(name), timezone.localdate()
    year = int(found["year"] or found["then"]) if found else today.year
    quarter = int(found["quarter"] or found["first"]) if found else (today.month + 2) // 3
    after = date(year + quarter // 4, quarter % 4 * 3 + 1, 1)
    return date(year, quarter * 3 - 2, 1), after - timedelta(days=1)


# --- Who is who ------------------------------------------------------------------------------------------
def _resolve(
    table: RatingsFile, cycle: Cycle, template: Template, report: Report, *, create: bool
) -> list[tuple[Cell, int, int, str]]:
    """Each usable cell with its partner's id, its rater's id and the role; others become problems."""
    partners = _partners(table.cells, template, report, create=create)
    scored_with = dict(
        Scorecard.objects.filter(cycle=cycle)
        .exclude(template=template)
        .values_list("partner", "template__name")
    )
    raters, usual_roles = _raters(table.cells, report, create=create)
    role_of: dict[tuple[int, int], str] = {}
    seen: dict[tuple[int, int, int], int] = {}
    usable = []
    for cell in table.cells:
        partner, rater = partners[cell.partner], raters[cell.rater]
        if isinstance(partner, str):
            report.problems.append(Problem(cell.line, "partner", partner))
        elif isinstance(rater, str):
            report.problems.append(Problem(cell.line, "rater", rater))
        elif partner in scored_with:
            reason = f"{cell.partner} is scored with “{scored_with[partner]}” in {cycle}."
            report.problems.append(Problem(cell.line, "partner", reason))
        else:
            role = cell.role or usual_roles[rater]
            known = role_of.setdefault((partner, rater), role)
            first = seen.setdefault((partner, rater, cell.criterion.pk), cell.line)
            if first != cell.line:
                reason = f"The same cell is already on line {first}, under another spelling."
                report.problems.append(Problem(cell.line, "criterion", reason))
            elif known != role:
                reason = (
                    f"{cell.rater} rates {cell.partner} as {_SIDES[known]} further up; a person has one role."
                )
                report.problems.append(Problem(cell.line, "role", reason))
            elif cell.criterion.roles and role not in cell.criterion.roles and _says_something(cell):
                asked = ", ".join(_SIDES[side] for side in cell.criterion.roles)
                reason = f"“{cell.criterion.name}” is asked of {asked}, not of {_SIDES[role]}."
                report.problems.append(Problem(cell.line, "role", reason))
            else:
                usable.append((cell, partner, rater, role))
    return usable


def _says_something(cell: Cell) -> bool:
    return cell.value is not None or cell.not_applicable or bool(cell.comment)


def _partners(cells: list[Cell], template: Template, report: Report, *, create: bool) -> dict[str, int | str]:
    """Partner ids by spelling, or a sentence that says why there is none."""
    kinds: dict[str, str] = {}
    for cell in cells:
        kinds[cell.partner] = kinds.get(cell.partner) or cell.kind
    keys = {spelling: name_key(spelling) for spelling in kinds}
    known: dict[str, list[Partner]] = defaultdict(list)
    for partner in Partner.objects.filter(name_key__in=set(keys.values())).only("name", "name_key", "kind"):
        known[partner.name_key].append(partner)
    by_alias = dict(Partner.objects.filter(aliases__name__in=list(kinds)).values_list("aliases__name", "pk"))
    found: dict[str, int | str] = {}
    missing: dict[str, Partner] = {}
    one_own = Partner.objects.filter(kind="own").exists()
    for spelling, key in keys.items():
        alike = known[key]
        same = [partner for partner in alike if partner.name.casefold() == spelling.casefold()] or alike
        if spelling in by_alias:
            found[spelling] = by_alias[spelling]
        elif len(same) == 1:
            found[spelling] = same[0].pk
            _note_spelling(report, spelling, same[0])
            if kinds[spelling] and kinds[spelling] != same[0].kind:
                report.notes.append(
                    f"{same[0].name} stays of kind {same[0].kind}; the file says {kinds[spelling]}."
                )
        elif same:
            found[spelling] = f"Several partners are called like this: {', '.join(p.name for p in same[:5])}."
        elif not create:
            found[spelling] = "There is no partner of this name. Create it first, or use --create."
        elif key in missing:
            _note_spelling(report, spelling, missing[key])
        else:
            is_candidate = template.kind == CANDIDATE
            kind = kinds[spelling] or ("vendor" if is_candidate else template.kind)
            if kind == "own" and one_own:
                found[spelling] = "There is one own organisation already."
                continue
            one_own = one_own or kind == "own"
            admission = CANDIDATE if is_candidate else ADMITTED
            missing[key] = Partner(name=spelling, name_key=key, kind=kind, admission=admission)
    Partner.objects.bulk_create(missing.values())
    report.created["partners"] += len(missing)
    return {spelling: missing[key].pk for spelling, key in keys.items() if key in missing} | found


def _note_spelling(report: Report, spelling: str, partner: Partner) -> None:
    if spelling.casefold() != partner.name.casefold():
        report.notes.append(f"“{spelling}” was taken for {partner.name}.")


def _raters(
    cells: list[Cell], report: Report, *, create: bool
) -> tuple[dict[str, int | str], dict[int, str]]:
    """Rater ids by spelling, or a sentence that says why there is none; and the role each has by default."""
    roles: dict[str, str] = {}
    for cell in cells:
        roles[cell.rater] = roles.get(cell.rater) or cell.role
    folded = {spelling: spelling.casefold() for spelling in roles}
    known: dict[str, list[User]] = defaultdict(list)
    people = User.objects.annotate(lower_email=Lower("email"), lower_name=Lower("name"))
    wanted = set(folded.values()) | {spelling.lower() for spelling in roles}
    for user in people.filter(lower_email__in=wanted) | people.filter(lower_name__in=wanted):
        for name in {(user.email or "").casefold(), user.name.casefold()} - {""}:
            known[name].append(user)
    found: dict[str, int | str] = {}
    missing: dict[str, User] = {}
    for spelling, key in folded.items():
        by_email = [user for user in known[key] if (user.email or "").casefold() == key]
        same = by_email or known[key]
        if len(same) == 1:
            found[spelling] = same[0].pk
        elif same:
            found[spelling] = f"{len(same)} people are called {spelling}; write the e-mail address."
        elif not create:
            found[spelling] = (
                "There is nobody of this name or e-mail address. Create them first, or use --create."
            )
        elif "@" in spelling and (wrong := _address_problem(spelling)):
            found[spelling] = wrong
        elif key not in missing:
            missing[key] = _person(spelling, roles[spelling])
    User.objects.bulk_create(missing.values())
    report.created["raters"] += len(missing)
    ids = {spelling: missing[key].pk for spelling, key in folded.items() if key in missing} | found
    users = [user for group in known.values() for user in group] + list(missing.values())
    return ids, {user.pk: user.rater_role for user in users}


def _address_problem(address: str) -> str:
    try:
        validate_email(address)
    except ValidationError:
        return "This is not an e-mail address."
    return "" if len(address) <= 254 else "The e-mail address is too long."


def _person(spelling: str, role: str) -> User:
    """Somebody without a login: by name only, or with an address and switched off until an administrator says so."""
    by_address = "@" in spelling
    user = User(
        name=spelling, email=spelling.lower() if by_address else None, is_active=not by_address,
        rater_role=role or "business",
    )  # fmt: skip
    user.set_unusable_password()
    return user


# --- Writing ---------------------------------------------------------------------------------------------
def _write(
    cells: list[tuple[Cell, int, int, str]], cycle: Cycle, template: Template, report: Report
) -> list[int]:
    """Write the cells set-based; returns the scorecards whose scores they may change."""
    with connection.cursor() as cursor:
        cursor.execute(_INCOMING)
        _copy(cursor, cells)
        values = {"cycle": cycle.pk, "template": template.pk}
        counts = {}
        for name, statement in _STEPS:
            cursor.execute(statement, values)
            counts[name] = cursor.fetchall() if cursor.description else []
        cursor.execute("DROP TABLE incoming, cell")
    for name in ("scorecards", "assessments", "ratings", "comments"):
        report.created[name] += sum(1 for row in counts[name] if row[1])
        report.updated[name] += sum(1 for row in counts[name] if not row[1])
    report.updated["ratings"] += len(counts["emptied"])
    report.unchanged["ratings"] += len(cells) - len(counts["ratings"]) - len(counts["emptied"])
    changed = ("scorecards", "assessments", "ratings", "emptied", "submitted")
    return sorted({row[0] for name in changed for row in counts[name]})


def _copy(cursor: Any, cells: list[tuple[Cell, int, int, str]]) -> None:
    buffer = io.StringIO()
    for cell, partner, rater, role in cells:
        value = "\\N" if cell.value is None else cell.value
        comment = cell.comment
        for sign, escaped in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
            comment = comment.replace(sign, escaped)
        buffer.write(
            f"{partner}\t{rater}\t{role}\t{cell.criterion.pk}\t{value}\t{cell.not_applicable}\t{comment}\n"
        )
    buffer.seek(0)
    cursor.copy_expert("COPY incoming FROM STDIN", buffer)


_INCOMING = """
CREATE TEMPORARY TABLE incoming (partner_id bigint, rater_id bigint, role text, criterion_id bigint,
                                 value smallint, not_applicable boolean, comment text) ON COMMIT DROP
"""
# Each returns (scorecard id, whether the row is new) of what it changed. Assessments are submitted last, so that
# history has one entry with all marks of an assessment, and one a mark only where an older one changed.
_STEPS = [
    (
        "scorecards",
        """
        INSERT INTO scorecards_scorecard (cycle_id, partner_id, template_id)
        SELECT DISTINCT %(cycle)s, partner_id, %(template)s FROM incoming ORDER BY partner_id
        ON CONFLICT (cycle_id, partner_id) DO NOTHING RETURNING id, true
        """,
    ),
    (
        "assessments",
        """
        INSERT INTO scorecards_assessment AS a (scorecard_id, rater_id, rater_role, version)
        SELECT DISTINCT s.id, i.rater_id, i.role, 1
        FROM incoming i JOIN scorecards_scorecard s ON s.cycle_id = %(cycle)s AND s.partner_id = i.partner_id
        ORDER BY s.id, i.rater_id
        ON CONFLICT (scorecard_id, rater_id) DO UPDATE SET rater_role = excluded.rater_role, version = a.version + 1
        WHERE a.rater_role <> excluded.rater_role RETURNING scorecard_id, xmax = 0
        """,
    ),
    # The planner knows nothing yet of the rows just written; a loop over them would cost minutes.
    (
        "cells",
        """
        SET LOCAL enable_nestloop = off;
        CREATE TEMPORARY TABLE cell ON COMMIT DROP AS
        SELECT a.id AS assessment_id, s.id AS scorecard_id, i.criterion_id, i.value, i.not_applicable, i.comment
        FROM incoming i
        JOIN scorecards_scorecard s ON s.cycle_id = %(cycle)s AND s.partner_id = i.partner_id
        JOIN scorecards_assessment a ON a.scorecard_id = s.id AND a.rater_id = i.rater_id;
        SET LOCAL enable_nestloop = on;
        ANALYZE cell
        """,
    ),
    (
        "emptied",
        """
        DELETE FROM scorecards_rating r USING cell
        WHERE r.scorecard_id = cell.scorecard_id AND r.criterion_id = cell.criterion_id
          AND r.assessment_id = cell.assessment_id AND cell.value IS NULL AND NOT cell.not_applicable
        RETURNING r.scorecard_id, false
        """,
    ),
    (
        "ratings",
        """
        INSERT INTO scorecards_rating AS r
            (assessment_id, scorecard_id, criterion_id, value, not_applicable, reason, version)
        SELECT assessment_id, scorecard_id, criterion_id, value, not_applicable, '', 1
        FROM cell WHERE value IS NOT NULL OR not_applicable
        ORDER BY scorecard_id, assessment_id, criterion_id
        ON CONFLICT (scorecard_id, criterion_id, assessment_id) DO UPDATE
        SET value = excluded.value, not_applicable = excluded.not_applicable, version = r.version + 1,
            reason = CASE WHEN excluded.not_applicable THEN r.reason ELSE '' END
        WHERE (r.value, r.not_applicable) IS DISTINCT FROM (excluded.value, excluded.not_applicable)
        RETURNING scorecard_id, xmax = 0
        """,
    ),
    (
        "comments",
        """
        INSERT INTO scorecards_comment AS c (id, scorecard_id, criterion_id, assessment_id, text, published)
        SELECT gen_random_uuid(), scorecard_id, criterion_id, assessment_id, comment, false
        FROM cell WHERE comment <> ''
        ON CONFLICT (assessment_id, criterion_id) DO UPDATE SET text = excluded.text WHERE c.text <> excluded.text
        RETURNING scorecard_id, xmax = 0
        """,
    ),
    (
        "submitted",
        """
        UPDATE scorecards_assessment SET submitted_at = clock_timestamp(), version = version + 1
        WHERE submitted_at IS NULL AND id = ANY (ARRAY(SELECT DISTINCT assessment_id FROM cell))
        RETURNING scorecard_id, false
        """,
    ),
]
