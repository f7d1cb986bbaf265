"""Who in the demo was reminded of what, as if it had been running all along. No mail is left behind to be sent."""

from datetime import datetime, time, timedelta

from django.utils import timezone

from accounts.models import OutgoingMail
from governance.demo.quarters import Demo
from governance.models import Reminder
from governance.services.reminders import make_reminders
from partners.models import Contract

SCANS = (150, 90, 60, 30, 14, 3, 0)  # days ago


def load_reminders(demo: Demo) -> None:
    """Make what was due on some earlier days, and today's."""
    contracts = list(Contract.objects.filter(partner__is_demo=True).values_list("pk", flat=True))
    for ago in SCANS:
        make_reminders(demo.today - timedelta(days=ago), only=contracts)
    rows = list(Reminder.objects.filter(contract__in=contracts))
    mails = [row.mail_id for row in rows]
    for row in rows:
        row.at, row.mail = timezone.make_aware(datetime.combine(row.due, time(6, 10))), None
    Reminder.objects.bulk_update(rows, ["at", "mail"])
    OutgoingMail.objects.filter(pk__in=mails).delete()
