"""What we do about it: decisions, reminders and feeds."""

from governance.models.decisions import (
    ADMIT,
    AT_ADMISSION,
    AT_RENEWAL,
    CONDITIONS,
    DEFER,
    LEAVE,
    REJECT,
    RENEGOTIATE,
    RENEW,
    REPLACE,
    STOPS_RENEWAL,
    Decision,
)
from governance.models.feeds import CalendarFeed
    Action,
    AgendaItem,
    Attendance,
    Meeting,
    MeetingDecision,
    MinutesAmendment,
)
from governance.models.reminders import LeadTimes, Reminder

__all__ = [
    "ADMIT",
    "AT_ADMISSION",
    "AT_RENEWAL",
    "CONDITIONS",
    "DEFER",
    "LEAVE",
    "REJECT",
    "RENEGOTIATE",
    "RENEW",
    "REPLACE",
    "STOPS_RENEWAL",
    "CalendarFeed",
    "Decision",
    "LeadTimes",
    "Reminder",
]
