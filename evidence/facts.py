"""The figures of a partner as people read them: both sides beside each other, then what only they answer for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from accounts.templatetags.look import THIN, day, plain, round_shown
from accounts.words import counted
from evidence.figures import DAYS, FIGURES, NO_DIFFERENCE, ONLY_IN_SEASON, SHARE, TIMES, WORKING_DAYS, words
from evidence.models import Figure

WAITING, NOTHING = "not worked out yet", "nothing on record"
# What both sides answer for: the words, their figure, ours.
PAIRS = [
    ("Requests left unanswered", "open_requests"),
    ("Time to an answer, median", "answer_days"),
    ("Answered within the agreed days", "answered_in_time"),
    ("Commitments met on time, in a year", "commitments_kept"),
    ("Plans shared, of the last four quarters", "plan_quarters"),
    ("Plans shared in advance, median", "notice_days"),
    ("Plans that left a chance to act", "chance_to_act"),
    ("Meetings called off, in a year", "meetings_cancelled"),
    ("Agreed rhythm kept, in a year", "rhythm_kept"),
    ("Actions done by their day, in a year", "actions_kept"),
]
# What only they answer for and no drawing below says.
ALONE = [
    "contacts_a_quarter", "focus", "helpful_share", "promise_slip", "futures_share", "oldest_promise", "asks_taken_up",
    "incidents_owned", "conversations_due", "programme_missing", "value_index", "manager_changes", "manager_tenure",
]  # fmt: skip


@dataclass(frozen=True)
class Fact:
    """A figure in words: what it says, and on what that stands."""

    said: str
    rests_on: str = ""
    is_known: bool = True


class Facts:
    """The figures of one partner by name."""

    def __init__(self, figures: Iterable[Figure]) -> None:
        self.figures: Mapping[str, Figure] = {row.name: row for row in figures}
        self.missing = NOTHING if self.figures else WAITING

    def of(self, name: str) -> Fact:
        """A figure, or that there is none."""
        row = self.figures.get(name)
        if row is None:
            return Fact(self.missing, is_known=False)
        return Fact(words(name, row.value, row.observations, row.word), rests_on(row), row.value is not None)

    def said(self, name: str) -> str:
        """The figure in words, or nothing where it has nothing to say."""
        fact = self.of(name)
        return fact.said if fact.is_known else ""

    @property
    def coming(self) -> str:
        """When they come, where that is known to differ between decision seasons and other days."""
        row = self.figures.get("presence_ratio")
        if row and row.word == ONLY_IN_SEASON:
            return "They come only when we must decide"
        if row is None or row.value is None or row.word == NO_DIFFERENCE:
            return ""
        return f"They come {self.said('presence_ratio')} when we must decide"

    @property
    def come_to_decisions(self) -> bool:
        """Whether they are known to come more often, or only, when we must decide."""
        row = self.figures.get("presence_ratio")
        return bool(self.coming and row and (row.value is None or row.value > 1))

    @property
    def presence(self) -> tuple[str, str]:
        """When they come, as short as a cell, and its interval; empty where there is not enough to say."""
        row = self.figures.get("presence_ratio")
        if row is None or (row.value is None and not row.word):
            return ("", "")
        return (
            (row.word.removesuffix(" shown"), "")
            if row.word
            else (f"{round_shown(row.value)}×", between(row))
        )

    @property
    def pairs(self) -> list[tuple[str, Fact, Fact]]:
        """What, theirs, ours."""
        return [(label, self.of(name), self.of(f"our_{name}")) for label, name in PAIRS]

    @property
    def alone(self) -> list[tuple[str, Fact]]:
        return [(FIGURES[name].label, self.of(name)) for name in ALONE if name in self.figures]


def facts_of(partners: Iterable[int], names: Iterable[str]) -> dict[int, Facts]:
    """These figures of each of these partners, which are visible. One statement."""
    rows: dict[int, list[Figure]] = {partner: [] for partner in partners}
    for figure in Figure.objects.filter(partner__in=rows, name__in=names):
        rows[figure.partner_id].append(figure)
    return {partner: Facts(found) for partner, found in rows.items()}


def rests_on(row: Figure) -> str:
    """On how much it stands, its interval, and since when where that is short of its period."""
    kind = FIGURES[row.name]
    said = []
    if (
        kind.unit in (DAYS, WORKING_DAYS, TIMES)
        and kind.noun
        and kind.name != "manager_tenure"
        and row.observations
    ):
        said.append(counted(row.observations, kind.noun))
    if interval := between(row):
        said.append(f"95{THIN}% interval {interval}")
    if row.starts:
        said.append(f"since {day(row.starts)}")
    return ", ".join(said)


def between(row: Figure) -> str:
    """Its interval: 2.0 to 5.8; 35 to 93 %; from 2.0 where it has no upper end."""
    if row.lower is None:
        return ""
    if FIGURES[row.name].unit == SHARE:
        if row.upper is None:
            return ""
        return f"{plain(round_shown(row.lower * 100, 0))} to {plain(round_shown(row.upper * 100, 0))}{THIN}%"
    low = round_shown(row.lower, 1 if row.lower >= 1 else 2)
    return f"from {low}" if row.upper is None else f"{low} to {round_shown(row.upper, 1)}"
