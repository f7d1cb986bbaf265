"""What we do about it: decisions, reminders and feeds; forums, their meetings and what was agreed there; packs."""

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
from governance.models.forums import Forum, Member
from governance.models.meetings import (
    Action,
    AgendaItem,
    Attendance,
    Meeting,
    MeetingDecision,
    MinutesAmendment,
)
from governance.models.packs import Pack, PackPart, PackPdf
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
    "Action",
    "AgendaItem",
    "Attendance",
    "CalendarFeed",
    "Decision",
    "Forum",
    "LeadTimes",
    "Meeting",
    "MeetingDecision",
    "Member",
    "MinutesAmendment",
    "Pack",
    "PackPart",
    "PackPdf",
    "Reminder",
]
