"""The mail of a reminder: what decides, in a few lines, and the way to the brief."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.text import Truncator, get_text_list

from accounts.models import OutgoingMail, User
from accounts.services.mail import queue_mail
from accounts.templatetags.look import away, day
from governance.decisions import has_lapsed
from governance.models import DEFER, Decision
from governance.recipients import OF_UNIT, OWNER, PARTNER_OWNER, Recipient
from governance.reminders import ALERTS, DEFERRAL, LEAD, OVERDUE, RENEWED, Stage
from governance.standing import before_of, headline, latest_of
from governance.words import amount, lapse
from partners import terms
from partners.models import Contract
from scorecards.figures import Point, histories
from scorecards.models import Band, Cycle, Scorecard
from scorecards.scoring import difference
from vendorhub.roles import may

LONGEST_NAME = 80  # of a contract or a partner in a subject


class Letters:
    """Mails about some contracts to some people. What they say of scores and cycles is read once for all of them."""

    def __init__(self, pairs: Sequence[tuple[Contract, User]], today: date) -> None:
        self.today = today
        partners: dict[User, set[int]] = {}
        for contract, user in pairs:
            partners.setdefault(user, set()).add(contract.partner_id)
        everybody = set().union(*partners.values())
        cards = Scorecard.objects.filter(partner__in=everybody).order_by("pk")
        scored = cards.values_list("partner", "cycle__name", "cycle__state")
        self.under_way = {partner: cycle for partner, cycle, state in scored if state == Cycle.OPEN}
        known = {partner for partner, _, _ in scored}
        self.points: dict[tuple[int, int], list[Point]] = {}
        for user, about in partners.items():
            if not about & known:
                continue
            seen = Scorecard.objects.scores_visible_to(user).filter(partner__in=about & known)
            self.points |= {(user.pk, partner): points for partner, points in histories(seen).items()}
        templates = {point.template_id for points in self.points.values() for point in points}
        bands = Band.objects.filter(template__in=templates).values_list("template", "letter", "name")
        self.bands = {(template, letter): name for template, letter, name in bands}
        self.lapsed = _lapsed({contract.pk: contract for contract, _ in pairs})

    def queue(
        self,
        contract: Contract,
        person: Recipient,
        stage: Stage,
        others: Sequence[Stage],
        *,
        gap: str,
        kind: str,
    ) -> OutgoingMail | None:
        """Queue the mail about one stage; it names the others that have passed."""
        address = _address(contract, person.user)
        facts = self.facts(contract, person.user, gap)
        opening = _opening(contract, stage, others, self.today)
        listed = "\n".join(f"  {name}: {value}" for name, value in facts)
        also = _also(stage, others)
        text = (
            f"Hello {person.user.name},\n\n{opening}\n\n{listed}\n\n{also}{_call(person.user, stage)}: {address}\n\n"
            f"{_why(person, gap)}\n"
        )
        return queue_mail(
            person.user, subject=_subject(contract, stage, self.today), text=text, kind=kind,
            must_arrive=person.must_arrive,
        )  # fmt: skip

    def facts(self, contract: Contract, user: User, gap: str = "") -> list[tuple[str, str]]:
        """What decides, as label and value."""
        known: Any = contract
        value = (
            f"{amount(known.yearly, contract.currency)} a year"
            if known.yearly is not None
            else "not recorded"
        )
        facts = [
            ("Contract", f"{contract.title}{f' ({contract.reference})' if contract.reference else ''}"),
            ("Partner", str(contract.partner)),
            ("Terms", terms.in_sentences(contract)),
            ("Value", value),
        ]
        if said := self._score(contract, user):
            facts.append(("Score", said))
        facts.append(("Open", " ".join(self._open(contract, gap))))
        return facts

    def _score(self, contract: Contract, user: User) -> str:
        """Score, band and change as this person may see them; nothing where they see no scores."""
        points = self.points.get((user.pk, contract.partner_id), [])
        latest = latest_of(points)
        if latest is None:
            return "none yet" if may(user, "see_scores") else ""
        before = before_of(points, latest)
        change = difference(latest.overall, before.overall if before else None)
        band = self.bands.get((latest.template_id, latest.standing), latest.standing)
        return headline(contract.partner, latest, band, before, change)

    def _open(self, contract: Contract, gap: str) -> list[str]:
        known: Any = contract
        found = [self.lapsed.get(contract.pk, "Nothing is decided yet.")]
        if known.outcome == DEFER:
            since = ", and nothing has been decided since" if known.deferred_to < self.today else ""
            found = [f"The decision was put off until {day(known.deferred_to)}{since}."]
        if cycle := self.under_way.get(contract.partner_id):
            found.append(f"{cycle} is still open, so the score may move.")
        if known.yearly is None:
            found.append("No value is recorded.")
        if gap:
            found.append(gap)
        return found


def _lapsed(contracts: dict[int, Contract]) -> dict[int, str]:
    """Of those whose last decision was about a term that is no more, that it is; by id. One statement."""
    rows = Decision.objects.filter(contract__in=contracts).order_by("at", "pk").defer("snapshot")
    last = {row.contract_id: (row, contracts[row.contract_id]) for row in rows}  # type: ignore[index]
    return {contract.pk: lapse(row, contract) for row, contract in last.values() if has_lapsed(row, contract)}


def _subject(contract: Contract, stage: Stage, today: date) -> str:
    name = f"{_short(contract.title)} ({_short(contract.partner.name)})"
    if stage.kind == RENEWED:
        return f"It renewed itself until {day(contract.renewed_until)}: {name}"
    if stage.kind == OVERDUE:
        return f"{'Deadline passed' if contract.notice_deadline else 'Ended'} undecided: {name}"
    if stage.deadline is None:
        return f"You wanted to look again: {name}"
    verb = "decide by" if contract.notice_deadline else "ends on"
    again = "Look again: " if stage.kind == DEFERRAL else ""
    return f"{again}{name}: {verb} {day(stage.deadline)}, {away(stage.deadline, today)}"


def _opening(contract: Contract, stage: Stage, others: Sequence[Stage], today: date) -> str:
    """Why this mail comes today."""
    kinds = {stage.kind, *(other.kind for other in others)}
    said = []
    if stage.kind == RENEWED:
        said.append(
            f"Nobody decided by {day(stage.deadline)}, and the contract renewed itself until "
            f"{day(contract.renewed_until)}. If notice was given in time, say so by editing the contract."
        )
        if contract.notice_deadline:
            said.append(
                f"The next notice deadline is {day(contract.notice_deadline)}, {away(contract.notice_deadline, today)}."
            )
    elif stage.kind == OVERDUE and contract.notice_deadline:
        said.append(f"The notice deadline passed on {day(stage.deadline)} and nobody has decided.")
    elif stage.kind == OVERDUE:
        said.append(f"The contract ended on {day(stage.deadline)} and nobody has decided.")
    if DEFERRAL in kinds:
        said.append("The decision was put off until now: please look again.")
    if stage.kind not in ALERTS and stage.deadline:
        what = "Notice is due" if contract.notice_deadline else "The contract ends"
        if stage.deadline < today:
            what = "Notice was due" if contract.notice_deadline else "The contract ended"
        said.append(f"{what} on {stage.deadline:%A}, {day(stage.deadline)}, {away(stage.deadline, today)}.")
    return " ".join(said)


def _also(stage: Stage, others: Sequence[Stage]) -> str:
    """The lead times this mail stands for, beside its own."""
    days = [str(other.days) for other in others if other.kind == LEAD and other.deadline == stage.deadline]
    if not days:
        return ""
    many = "reminder" if len(days) == 1 else "reminders"
    return f"This mail stands for the {many} of {get_text_list(days, 'and')} days before as well, which had come due.\n\n"


def _call(user: User, stage: Stage) -> str:
    if not may(user, "see_renewals"):
        return "See the contract"
    return "What decides, on one page" if stage.kind not in ALERTS else "Where it stands, on one page"


def _address(contract: Contract, user: User) -> str:
    """Of the brief, or of the contract for whoever sees no briefs."""
    name = "brief" if may(user, "see_renewals") else "contract_detail"
    return f"{settings.SITE_URL}{reverse(name, args=[contract.pk])}"


def _why(person: Recipient, gap: str) -> str:
    """Why this person gets it, and what they stand in for."""
    because = {
        OWNER: "You get this because you own the contract.",
        PARTNER_OWNER: "You get this because you own the partner.",
        OF_UNIT: "You get this as an executive of the business unit.",
    }.get(person.role, "You get this as an administrator.")
    return f"{gap} {because[:-1]}, so it came to you." if gap and person.must_arrive else because


def _short(name: str) -> str:
    return Truncator(name).chars(LONGEST_NAME)
