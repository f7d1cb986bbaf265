"""Makes the reminders that are due and queues their mails."""

import json
from contextlib import nullcontext
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from accounts.fields import DayField
from accounts.templatetags.look import day
from accounts.words import counted
from governance.models import Reminder
from governance.services.reminders import Scan, make_reminders, make_reminders_as_if


class Command(BaseCommand):
    help = (
        "Make every reminder that is due and queue its mail, as the timer does every hour; send_mail sends them. "
        "Safe to run twice, and at once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--today",
            metavar="DATE",
            help="What is due by this day instead, as if nobody decided until then: 2026-12-31.",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Say what would be made, and make nothing."
        )
        parser.add_argument("--json", action="store_true", help="Answer in JSON.")

    def handle(self, *args: Any, today: str | None, dry_run: bool, **options: Any) -> None:
        asked = _day(today)
        is_ahead = asked is not None and asked > timezone.localdate()
        make = make_reminders_as_if if is_ahead else make_reminders
        with transaction.atomic() if dry_run else nullcontext():
            scan = make(asked)  # type: ignore[arg-type]
            if dry_run:
                transaction.set_rollback(True)
        if options["json"]:
            self.stdout.write(json.dumps(_values(scan, asked, dry_run), indent=2))
            return
        for reminder in scan.sent:
            self.stdout.write(_line(reminder))
        for reminder in scan.cancelled:
            self.stdout.write(f"{_line(reminder)}: {reminder.note}")
        for contract in scan.nobody:
            self.stdout.write(f"{contract}: nobody can be told. Give it an owner who can sign in.")
        made = counted(len(scan.sent), "reminder")
        self.stdout.write(
            f"{made} {'would be queued' if dry_run else 'queued'}, {len(scan.superseded):,} named in them, "
            f"{len(scan.cancelled):,} cancelled, {counted(len(scan.nobody), 'contract')} without anybody to tell"
        )


def _day(text: str | None) -> date | None:
    try:
        return DayField(required=False).clean(text)
    except ValidationError as error:
        raise CommandError(f"--today {text!r}: {error.messages[0]}") from None


def _line(reminder: Reminder) -> str:
    what = f"{reminder.days} days before" if reminder.days else reminder.get_kind_display().lower()
    deadline = f" {day(reminder.deadline)}" if reminder.deadline else ""
    return f"{reminder.contract} → {reminder.recipient}: {what}{deadline}"


def _values(scan: Scan, today: date | None, dry_run: bool) -> dict[str, Any]:
    rows = [
        {
            "contract": row.contract_id, "kind": row.kind, "deadline": row.deadline and row.deadline.isoformat(),
            "due": row.due.isoformat(), "days": row.days, "recipient": row.recipient_id, "state": row.state,
            "note": row.note,
        }
        for row in [*scan.made, *scan.cancelled]
    ]  # fmt: skip
    return {
        "today": today and today.isoformat(), "dry_run": dry_run, "queued": len(scan.sent),
        "superseded": len(scan.superseded), "cancelled": len(scan.cancelled),
        "nobody": [contract.pk for contract in scan.nobody], "reminders": rows,
    }  # fmt: skip
