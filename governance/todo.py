"""What the start page says first: sentences about what waits for a person, the most pressing one on top."""

from collections.abc import Sequence
from typing import Any

from accounts.templatetags.look import away, day
from accounts.words import counted
from evidence.followups import Talk
from governance.news import News
from governance.renewals import Waiting
from governance.words import sentence, spelled
from scorecards.progress import Owed


def meetings_waiting(number: int) -> str:
    """Drafts out of one's own calendar."""
    return (
        f"{counted(number, 'meeting')} from your calendar wait{'s' if number == 1 else ''} to be confirmed."
        if number
        else ""
    )


def left_to_score(mine: Sequence[Owed]) -> str:
    """My open assessments that are overdue, or due first; how many have until a later day is said behind."""
    if not mine:
        return ""
    days = [one.assessment.scorecard.cycle.due for one in mine]
    first = min(days)
    when = away(first)
    is_overdue = when.endswith("ago")
    now = sum(away(due).endswith("ago") for due in days) if is_overdue else days.count(first)
    later = len(days) - now
    rest = f"; {later:,} {'has' if later == 1 else 'have'} more time" if later else ""
    if is_overdue:
        were = "it was" if now == 1 else "the first was"
        return f"{counted(now, 'partner')} still to score: {were} due {when}{rest}."
    return f"{counted(now, 'partner')} left to score by {day(first)}, {when}{rest}."


def cycle_progress(cycle: Any, *, can_close: bool) -> str:
    """How far an open cycle is; whoever can close it is told what is missing instead."""
    due = f"it {'was' if away(cycle.due).endswith('ago') else 'is'} due {away(cycle.due)}"
    if not cycle.asked:
        return f"Nobody is asked to score in {cycle} yet; {due}."
    if cycle.submitted == cycle.asked:
        end = "it can be closed" if can_close else "it has not been closed yet"
        return f"All {counted(cycle.asked, 'assessment')} of {cycle} are in: {end}."
    if can_close:
        verb = "is" if cycle.asked - cycle.submitted == 1 else "are"
        return f"{cycle.asked - cycle.submitted:,} of {counted(cycle.asked, 'assessment')} {verb} missing in {cycle}; {due}."
    return f"{cycle} is under way: {cycle.submitted:,} of {counted(cycle.asked, 'assessment')} are in; {due}."


def what_changed(found: News) -> str:
    """The newest closed cycle in one sentence; nothing on a first visit, when nothing is new."""
    if found.since is None or found.cycle is None:
        return ""
    moved = found.rose + found.fell
    if not moved and not found.standings:
        return f"{found.cycle} was closed, and no score moved by a point or more."
    changed = f", and {spelled(found.standings)} took a new standing" if found.standings else ""
    return f"{counted(moved, 'score')} moved by a point or more in {found.cycle}{changed}."


def decisions_due(waiting: Waiting, days: int) -> str:
    """Which decision comes first, and which deadlines passed without one."""
    passed, due = waiting.passed, waiting.due
    went_by = f"{counted(passed, 'notice deadline')} passed without a decision" if passed else ""
    if not due:
        return f"{sentence(went_by)}." if passed else ""
    first, contract = (
        next(pair for pair in waiting.first if pair[0].days >= 0)
        if passed < len(waiting.first)
        else (None, None)
    )
    verb = "is" if due == 1 else "are"
    said = f"{counted(due, 'decision')} {verb} due within {days} days"
    if first and contract:
        said += f", {'the first' if due > 1 else 'the one'} about {contract.partner} {away(first.deadline, contract.today)}"
    return f"{said}; {went_by}." if went_by else f"{said}."


def nobody_told(contracts: Sequence[Any]) -> str:
    """How many deadlines come near of which nobody who answers for the contract would hear."""
    if not contracts:
        return ""
    first, has = contracts[0], "has" if len(contracts) == 1 else "have"
    when = away(first.counts_to, first.today)
    which = "" if len(contracts) == 1 else ", the first"
    return f"{counted(len(contracts), 'contract')} {has} nobody to remind{which} with {first.partner} {when}."


def talks_due(found: Sequence[Talk]) -> str:
    """How many conversations a partner's owner owes after incidents and praise, and the first of them."""
    if not found:
        return ""
    first = found[0]
    verb = "is" if len(found) == 1 else "are"
    return f"{counted(len(found), 'conversation')} {verb} due after incidents or praise, the first with {first.incident.partner} {away(first.due)}."


def actions_due(found: Sequence[Any]) -> str:
    """My actions that come due, the first of them named."""
    if not found:
        return ""
    first = found[0]
    of_mine = f"{counted(len(found), 'action')} of mine"
    return f"{of_mine} {'comes' if len(found) == 1 else 'come'} due: “{first.what}” {away(first.due_on)}{' first' if len(found) > 1 else ''}."


def contracts_ending(number: int, contracts: Sequence[Any], days: int) -> str:
    """How many contracts end soon, and the first of them."""
    if not number:
        return ""
    first = contracts[0]
    if number == 1:
        return f"One contract ends within {days} days: {first.title}, {first.partner}, on {day(first.term_ends)}."
    return f"{counted(number, 'contract')} end within {days} days, the first on {day(first.term_ends)} with {first.partner}."


def of_administration(attention: int, invited: int, unwell: Sequence[str]) -> list[str]:
    """What an administrator should look at: what does not run, mail, people who have not come in yet."""
    found = [sentence(f"{what}.") for what in unwell]
    if attention:
        found.append(f"{counted(attention, 'mail')} {'needs' if attention == 1 else 'need'} a decision.")
    if invited:
        found.append(
            f"{counted(invited, 'invited person', 'invited people')} {'has' if invited == 1 else 'have'} not set a password yet."
        )
    return found
