"""What happened with the partner: promises one by one, and the facts of both sides beside each other."""

from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import timezone

from accounts.templatetags.look import day, money
from accounts.words import counted
from evidence.facts import Facts
from evidence.figures import FIGURES, ONLY_IN_SEASON
from evidence.models import THEM, US, Commitment, Figure, Promise
from evidence.owed import by_side, is_owed
from governance.brief.section import Question, Section, Source, short
from governance.brief.subject import Subject
from partners.dates import plus_months

PROMISES = 4  # rows
DEAR = Decimal("0.05")  # above the market median that asks for a reason
UNANSWERED = 3
# What is compared: the words, the figure; "our_" mirrors it where both sides answer for it.
ROWS = [
    ("Presence around renewals", "presence_ratio"),
    ("Requests unanswered", "open_requests"),
    ("Commitments met on time", "commitments_kept"),
    ("Incidents within the limits", "incidents_in_limits"),
    ("Price", "benchmark_position"),
    ("Status returned what it cost", "programme_return"),
    ("Plans shared, last four quarters", "plan_quarters"),
]


def promises(about: Subject) -> Section | None:
    """Promises that came due within three years, those that are not kept first."""
    today = timezone.localdate()
    since = plus_months(today, -FIGURES["promises_kept"].months)
    rows = Promise.objects.visible_to(about.user).filter(
        partner=about.partner, due_on__gte=since, due_on__lt=today
    )  # type: ignore[attr-defined]
    found = sorted(rows, key=lambda row: (_kept(row), row.withdrawn_on is not None, row.due_on, row.pk))
    said = _facts(about).said("promises_kept")
    if not found or not said:
        return None
    late = next((row for row in found if not row.delivered_on and not row.withdrawn_on), None)
    href = f"{reverse('evidence', args=[about.partner.pk])}?kind=promise"
    return Section(
        "promises", f"Promises: {said} kept by the first day",
        {"rows": [{"what": short(row.what), "due": day(row.due_on), "became": _became(row), "kept": _kept(row)} for row in found[:PROMISES]]},
        note=f"And {len(found) - PROMISES} more that came due." if len(found) > PROMISES else "",
        sources=[Source(f"{counted(len(found), 'promise')} that came due since {day(since)}", href)],
        questions=[
            Question(f"Which day for “{short(late.what, 40)}” will you put a penalty behind?", f"promised for {day(late.due_on)}, {_became(late)}", 11)
        ] if late else [],
    )  # fmt: skip


def _kept(row: Promise) -> bool:
    return bool(row.delivered_on and row.due_on and row.delivered_on <= row.due_on)


def _became(row: Promise) -> str:
    if row.withdrawn_on:
        return f"withdrawn {day(row.withdrawn_on)}"
    slip = row.slip(timezone.localdate())
    if row.delivered_on:
        return f"{counted(slip, 'day')} late" if slip > 0 else "on time"
    return f"open, {counted(slip, 'day')} late"


def section(about: Subject) -> Section | None:
    """What the facts say of them and of us, at the same size; money outstanding each way."""
    facts = _facts(about)
    owed = by_side(
        Commitment.objects.visible_to(about.user).filter(is_owed(timezone.localdate()), partner=about.partner)  # type: ignore[attr-defined]
    )
    rows = [
        {"what": label, "them": facts.said(name), "us": facts.said(f"our_{name}")}
        for label, name in ROWS
        if facts.said(name) or facts.said(f"our_{name}")
    ]
    if owed[THEM] or owed[US]:
        rows.append(
            {
                "what": "Owed and not settled", "them": _sums(owed[THEM]) or "nothing",
                "us": _sums(owed[US]) or "nothing",
            }
        )  # fmt: skip
    if not rows:
        return None
    href = reverse("evidence", args=[about.partner.pk])
    return Section(
        "facts", _title(facts, owed), {"rows": rows},
        sources=[
            Source(f"{row['what']}: {_rests(facts, name)}", href)
            for row, name in zip(rows, (name for _, name in ROWS if facts.said(name) or facts.said(f"our_{name}")), strict=False)
        ],
        questions=_questions(facts, owed),
    )  # fmt: skip


def _facts(about: Subject) -> Facts:
    return Facts(Figure.objects.visible_to(about.user).filter(partner=about.partner))


def _rests(facts: Facts, name: str) -> str:
    fact = facts.of(name) if facts.said(name) else facts.of(f"our_{name}")
    return f"{fact.said}{f' ({fact.rests_on})' if fact.rests_on else ''}"


def _sums(by_currency: Any) -> str:
    return " and ".join(
        f"{currency} {money(amount)}" for currency, amount in sorted(by_currency.items()) if amount
    )


def _title(facts: Facts, owed: Any) -> str:
    if facts.come_to_decisions:
        return facts.coming
    if sums := _sums(owed[THEM]):
        return f"They owe us {sums}"
    if facts.said("benchmark_position"):
        return f"Price {facts.said('benchmark_position')}"
    return "What the facts say"


def _questions(facts: Facts, owed: Any) -> list[Question]:
    found = []
    price, waiting = (facts.figures.get(name) for name in ("benchmark_position", "open_requests"))
    if sums := _sums(owed[THEM]):
        found.append(
            Question(
                f"When are the {sums} settled: before the signature, or as a credit?",
                "due and not settled",
                9,
            )
        )
    if facts.come_to_decisions:
        said = facts.said("presence_ratio") or ONLY_IN_SEASON
        found.append(
            Question("Who will call us in the months when there is nothing to sign?", f"they come {said} in season", 13)
        )  # fmt: skip
    if price and price.value is not None and price.value > DEAR:
        found.append(
            Question(
                "Why do we pay more than the market, and what brings it down?",
                facts.said("benchmark_position"),
                14,
            )
        )
    if waiting and waiting.value and waiting.value >= UNANSWERED:
        found.append(
            Question(
                "When do we get an answer to what we asked?",
                f"{counted(int(waiting.value), 'request')} unanswered",
                16,
            )
        )
    return found
