"""What was said in the demo's meetings: title, minutes, decision, action as (what, side, days until it is due)."""

from typing import NamedTuple


class Said(NamedTuple):
    """A point of a meeting that was held. `note` is for our side alone."""

    title: str
    minutes: str
    decision: str = ""
    action: tuple[str, str, int] | None = None
    note: str = ""


# By level; meetings take theirs in turn.
SAID: dict[str, list[Said]] = {
    "strategic": [
        Said("Plans and roadmaps of either side",
             "They showed the next eighteen months under confidentiality. Two of our five asks are on it; regional failover moved "
             "from spring to autumn. We said what that costs us: a second provider stays under contract until then.",
             "The second provider stays until regional failover runs.", ("Send the roadmap with days, not quarters", "them", 21)),
        Said("Value for each party",
             "All three parties filled in the quarter. Their delivery partner says it puts in more than comes back, mostly in "
             "night work during migrations. Nobody disputed it.",
             "Night work in migrations is paid from next quarter on.", ("Put the night rate into the order form", "us", 30),
             "If the delivery partner leaves, our migration stands still. Worth more than the rate."),
        Said("Where the market stands",
             "We shared the comparison without names: twelve per cent above the median for compute, below it for storage. They "
             "asked for the method and will answer in writing.",
             "", ("Answer the price comparison in writing", "them", 28)),
        Said("Our side of the bargain",
             "They said plainly that our forecasts came late twice and that three approvals took over a month. Both are true.",
             "We send the forecast in the first week of each quarter.", ("Name one person who approves changes within ten days", "us", 14)),
        Said("Risks and decisions ahead",
             "The exit plan exists on paper and has not been tried. A trial of one system before the notice deadline would tell us "
             "what the contract does not.",
             "One system is moved out and back before the deadline.", ("Choose the system for the exit trial", "us", 45)),
    ],
    "tactical": [
        Said("Scorecard, theirs and ours",
             "Went through what moved. Service held, openness fell again; they asked for the comments behind it and got the "
             "signed ones. Our own mark as a customer fell too, for late decisions.",
             "", ("Say in two sentences what you will do about openness", "them", 14)),
        Said("Promises and commitments",
             "Single sign-on was promised for March and came in May. The reporting interface is open with no day. They would "
             "not name one; we noted that it has been open for eleven months.",
             "A promise without a day counts as open in the score.", ("Name a day for the reporting interface", "them", 10)),
        Said("Money outstanding",
             "The service credit of the second quarter is agreed and not paid. Their accounts need our reference; it was sent "
             "twice. We still owe the reward for the early migration.",
             "Both amounts are settled before the next meeting.", ("Pay the reward for the early migration", "us", 30)),
        Said("Requests without an answer",
             "Seven of ours are open, the oldest since spring. Four were never assigned on their side. Two of theirs wait for our "
             "architects.",
             "Requests get an owner within two working days, on both sides.", ("Answer the two open architecture questions", "us", 10)),
        Said("People",
             "The third account manager in two years starts on Monday. The hand-over took place without us. We asked for "
             "an overlap of four weeks next time, and for the same engineer to stay.",
             "", ("Send a hand-over note with open points", "them", 7), "Ask the executive sponsor if this repeats."),
        Said("Next quarter",
             "Freeze from the tenth of the last month. No changes to identity before the audit. Training for twelve people is "
             "booked against the programme's credits.",
             "No change to identity before the audit.", None),
    ],
    "operational": [
        Said("Service against agreed levels",
             "Availability 99.93 against 99.9. Response to major incidents within four hours in five of six cases; the sixth was "
             "opened in the wrong queue by us.",
             "", ("Put the right queue into our runbook", "us", 7)),
        Said("Open incidents and requests",
             "Two incidents open, neither severe. The slow nightly export has a cause: an index dropped in their last release. "
             "Fix announced for the next patch window.",
             "", ("Deliver the patch for the nightly export", "them", 14)),
        Said("Changes ahead",
             "Certificate renewal on the twelfth, storage migration of two volumes on the twentieth. Both outside office hours; "
             "roll-back was rehearsed for the storage only.",
             "Certificates are renewed only after a rehearsed roll-back.", ("Rehearse the certificate roll-back", "them", 10)),
        Said("After the outage",
             "Mail flow stopped for three hours. They owned it within the hour and shared the cause on the next day: a firewall "
             "rule. The rule is in the change list now.",
             "", ("Add firewall rules to the change list we both read", "them", 7)),
        Said("Access and accounts",
             "Fourteen accounts of people who left were still active. Their tool reports them monthly from now on.",
             "Accounts of leavers are closed within three working days.", ("Send the monthly list of leavers", "us", 20)),
        Said("Documentation",
             "The runbook for restores is out of date since the storage move. One page, tried by somebody who has not written it.",
             "", ("Update the restore runbook and try it", "them", 21)),
    ],
}  # fmt: skip
SKIPPED = "Nobody from their side was free; the points go to the next meeting."
MOVED = "Moved at their request: quarter-end close."
SHOWN_AS_DONE = [
    "Sent by mail, filed with the minutes.", "Seen in the last service report.", "Paid; the statement shows it.",
    "Shown to us in the meeting.", "Agreed in writing by both sides.",
]  # fmt: skip
DROPPED = "Overtaken by the new order form."
