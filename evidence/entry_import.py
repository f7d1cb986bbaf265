"""Entries from a file: what it would do, shown first; then all of it, or nothing."""

import hashlib
from dataclasses import dataclass, field
from typing import IO, Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.uploads import Problem
from evidence.entry_file import PARTNER, EntryReader, date_of, typed_of
from evidence.kinds import Kind
from evidence.models import Entry
from partners.models import Partner, PartnerAlias
from partners.names import name_key, plain
from partners.preview import Preview, left_out, seal, unseal
from partners.register.reading import read_table
from partners.register.safety import Refused
from partners.register.values import shown

_CHANGED = "Something changed meanwhile, and the file no longer fits. Choose it once more."
SHOWN = 200  # rows of a preview


@dataclass
class Plan(Preview):
    """What a file would do: forms to save, in its order."""

    kind: Kind = field(kw_only=True)
    forms: list[Any] = field(default_factory=list)

    @property
    def new(self) -> int:
        return sum(form.instance.pk is None for form in self.forms)

    @property
    def updated(self) -> int:
        return len(self.forms) - self.new

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The first of them as they are shown: the entry, how it will read, which fields change."""
        return [
            {
                "entry": form.instance, "reads": "" if self.kind.parts else self.kind.reads(form.instance),
                "changes": [str(form[name].label).lower() for name in form.changed_data if name != "version"],
            }
            for form in self.forms[:SHOWN]
        ]  # fmt: skip

    @property
    def stands(self) -> str:
        """Equal while nobody touches what it was made against."""
        seen = [(form.instance.pk, form.instance.version) for form in self.forms if form.instance.pk]
        return hashlib.sha256(repr((seen, self.new, self.unchanged)).encode()).hexdigest()


def look_at(kind: Kind, file: IO[bytes], name: str, *, user: Any, partner: Partner | None) -> Plan:
    """Read a file of one kind of entries, all of one partner or each naming its own. Writes nothing.

    Refused for a file that cannot be used at all. With problems, nothing of it can come in.
    """
    table = read_table(file, name)
    reader = EntryReader(kind, table)
    if partner is None and PARTNER not in reader.places:
        raise Refused("The first line must name a column with the partner of each row.")
    find = _among(user)
    rows: list[tuple[int, int, dict[str, str]]] = []
    problems = [Problem(*problem) for problem in table.problems]
    for row in table.rows:
        named, typed, wrong = reader.read(row.cells)
        found = partner
        if named or partner is None:
            ids = find(named)
            if partner and partner.pk not in ids:
                wrong.append(
                    (PARTNER, f"{shown(named)} is not {partner}; this page takes the entries of one")
                )
            elif not partner and len(ids) != 1:
                wrong.append((PARTNER, _unclear(named, len(ids))))
            found = partner or (Partner(pk=next(iter(ids))) if len(ids) == 1 else None)
        if wrong or found is None:
            problems += [Problem(row.line, reader.heading(name), reason) for name, reason in wrong]
        else:
            rows.append((row.line, found.pk, typed))
    plan = _plan(kind, rows, user)
    for problem in plan.problems:
        problems.append(
            Problem(problem.line, reader.heading(problem.column) or problem.column, problem.reason)
        )
    plan.problems, plan.notes = sorted(problems), table.notes
    if plan.problems:
        plan.left_out = left_out(table, plan.problems, salt(kind, user, partner))
    else:
        plan.sealed = seal([rows, plan.stands], salt(kind, user, partner))
    return plan


def confirm(kind: Kind, sealed: str, *, user: Any, partner: Partner | None) -> tuple[Plan, bool]:
    """Write what was shown. Not done where something it touches was changed meanwhile: look at the new plan then.

    Refused for a preview of somebody else, of another kind or partner, or that is too old.
    """
    whose = salt(kind, user, partner)
    rows, stood = unseal(sealed, whose)
    try:
        return _write(kind, rows, stood, user=user, whose=whose)
    except IntegrityError:  # the plan has looked: only a save at the same moment comes to this
        raise Refused(_CHANGED) from None


def _write(kind: Kind, rows: list[Any], stood: str, *, user: Any, whose: str) -> tuple[Plan, bool]:
    with transaction.atomic():
        plan = _plan(kind, rows, user, lock=True)
        if plan.problems:
            raise Refused(_CHANGED)
        plan.sealed = seal([rows, plan.stands], whose)
        if plan.stands != stood:
            return plan, False
        new = [form.instance for form in plan.forms if form.instance.pk is None and not kind.parts]
        for entry in new:
            entry.author = user
        kind.model._default_manager.bulk_create(new)
        made = set(map(id, new))
        for form in plan.forms:
            if id(form.instance) not in made:
                form.save()
    return plan, True


def _plan(kind: Kind, rows: list[Any], user: Any, *, lock: bool = False) -> Plan:
    partners = Partner.objects.visible_to(user).in_bulk({row[1] for row in rows})
    saved = _Saved(kind, list(partners), user, lock=lock)
    plan = Plan(kind=kind)
    seen: dict[Any, int] = {}
    for line, pk, typed in rows:
        if pk not in partners:
            plan.problems.append(Problem(line, PARTNER, "This partner is gone, or no longer yours."))
            continue
        key = saved.key(pk, typed)
        if key in seen:
            plan.problems.append(
                Problem(line, "", f"says the same as line {seen[key]}; give each a reference of its own")
            )
            continue
        seen[key] = line
        was = saved.find(pk, typed)
        entry = was or kind.model(partner=partners[pk])
        before = typed_of(kind.form(instance=entry, user=user))  # type: ignore[misc]
        form = kind.form({**before, **typed}, instance=entry, user=user)  # type: ignore[misc]
        if was and not saved.may_change(was):
            plan.problems.append(
                Problem(line, "", f"“{was}” was entered by somebody else, so it is not yours to change.")
            )
        elif not form.is_valid():
            plan.problems += [
                Problem(line, "" if name == "__all__" else name, " ".join(map(str, errors)))
                for name, errors in form.errors.items()
            ]
        elif was and not [name for name in form.changed_data if name != "version"]:
            plan.unchanged += 1
        else:
            plan.forms.append(form)
    return plan


class _Saved:
    """The entries a file may be about: found by their reference, else by day and text."""

    def __init__(self, kind: Kind, partners: list[int], user: Any, *, lock: bool) -> None:
        self.kind = kind
        rows = kind.model.objects.visible_to(user).filter(partner__in=partners)  # type: ignore[attr-defined]
        if kind.slug == "engagement":
            rows = rows.filter(
                is_draft=False
            )  # a file says what happened; drafts wait for their own confirmation
        self.editable = set(
            kind.model.objects.editable_by(user).filter(partner__in=partners).values_list("pk", flat=True)  # type: ignore[attr-defined]
        )
        self.by_key: dict[Any, list[Entry]] = {}
        for entry in rows.select_for_update(of=("self",)).order_by("pk") if lock else rows:
            for key in (self._referenced(entry.partner_id, entry.reference), self._told(entry)):
                if key:
                    self.by_key.setdefault(key, []).append(entry)
        if partners:
            held = Partner.objects.in_bulk(partners)
            for found in self.by_key.values():
                for entry in found:
                    entry.partner = held[entry.partner_id]

    def key(self, partner: int, typed: dict[str, str]) -> Any:
        """What tells a row of the file from the others."""
        if reference := typed.get("reference"):
            return self._referenced(partner, reference)
        return (
            partner,
            date_of(typed, self.kind.model.DAY) or typed.get(self.kind.model.DAY),
            plain(typed.get(self.kind.text, "")),
        )

    def find(self, partner: int, typed: dict[str, str]) -> Entry | None:
        found = self.by_key.get(self.key(partner, typed), [])
        return found[0] if len(found) == 1 else None

    def may_change(self, entry: Entry) -> bool:
        return entry.pk in self.editable

    def _referenced(self, partner: int, reference: str) -> Any:
        return ("reference", partner, reference) if reference else None

    def _told(self, entry: Entry) -> Any:
        day = getattr(entry, self.kind.model.DAY)
        if hasattr(day, "hour"):
            day = timezone.localtime(day).date()
        day = str(day) if isinstance(day, int) else day
        return (entry.partner_id, day, plain(getattr(entry, self.kind.text) if self.kind.text else ""))


def _among(user: Any) -> Any:
    """Finds partners by name or another spelling of it; legal forms and punctuation may differ."""
    by_name: dict[str, set[int]] = {}
    visible = Partner.objects.visible_to(user).active()
    for pk, name, key in visible.values_list("pk", "name", "name_key"):
        by_name.setdefault(plain(name), set()).add(pk)
        by_name.setdefault(f"key {key}", set()).add(pk)
    for pk, name in PartnerAlias.objects.filter(partner__in=visible).values_list("partner", "name"):
        by_name.setdefault(plain(name), set()).add(pk)

    def find(name: str) -> set[int]:
        return by_name.get(plain(name)) or by_name.get(f"key {name_key(name)}") or set()

    return find


def _unclear(name: str, number: int) -> str:
    if not name:
        return "names no partner"
    if not number:
        return f"{shown(name)} is no partner that you can see"
    return f"{shown(name)} may be any of {number} partners"


def salt(kind: Kind, user: Any, partner: Partner | None) -> str:
    """Whose preview it is, and of what."""
    return f"{kind.slug} entries {user.pk} {partner.pk if partner else 'of all'}"
