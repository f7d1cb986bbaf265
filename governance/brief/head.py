"""The top of a brief: the question and by when it must be answered, the score, and what the contract is."""

from decimal import Decimal
from typing import Any

from django.urls import reverse

from accounts.templatetags.look import away, change, day, money, percent, score
from accounts.words import counted
from governance.brief.section import short
from governance.brief.subject import Renewal, Subject
from governance.decisions import decision_of
from governance.models import DEFER
from governance.standing import why_no_score
from governance.words import amount
from partners.dates import term_after
from partners.models import EVERGREEN, EXTENSIONS, Contract
from scorecards.figures import place_of
from scorecards.models import Assessment, FairScore, Score, Scorecard

CHOICE = "renew, renegotiate, replace or leave?"


def of(about: Renewal) -> dict[str, Any]:
    contract = about.contract
    return {
        "heading": heading(about),
        "contract": {
            "id": contract.pk,
            "title": short(contract.title),
            "reference": short(contract.reference, 30),
        },
        "partner": {"id": contract.partner_id, "name": short(contract.partner.name)},
        "score": score_of(about),
        "facts": facts(about),
    }


def heading(about: Renewal) -> str:
    """The question, unless it is answered or too late, and by when it must be answered."""
    contract, today = about.contract, about.today
    name, ends = short(contract.partner.name), contract.term_ends
    if ends and ends < today:
        return f"{name}: this contract ended {_still(away(ends, today))}, on {_still(day(ends))}."
    said = f"{name}: {CHOICE}"
    decision = decision_of(contract)
    if decision and decision.outcome != DEFER:
        said = f"{name}: {decision.get_outcome_display().lower()}, decided on {_still(day(decision.at))}."
    elif contract.term == EVERGREEN:
        said = f"{name}: keep, renegotiate, replace or leave?"
    return f"{said} {by_when(contract)}"


def by_when(contract: Contract) -> str:
    """Until when notice can be given, in a sentence."""
    today, ends, deadline = contract.today, contract.term_ends, contract.notice_deadline
    if contract.term == EVERGREEN:
        return "It has no end: notice can be given on any day."
    if not ends:
        return "No end is recorded."
    if not deadline:
        return f"It ends {_still(away(ends, today))}, on {_still(day(ends))}; no notice period is entered."
    if deadline >= today:
        return f"Notice is due {_still(away(deadline, today))}, by {_still(day(deadline))}."
    return (
        f"The notice deadline passed {_still(away(deadline, today))}; it ends {_still(away(ends, today))}, "
        f"on {_still(day(ends))}."
    )


def facts(about: Renewal) -> list[tuple[str, str]]:
    """What the contract is, in a line."""
    contract = about.contract
    yearly, ends = getattr(contract, "yearly", contract.annual_value), contract.term_ends
    return [
        ("Annual value", f"{contract.currency} {money(yearly)}" if yearly is not None else "not recorded"),
        ("Ends", day(ends) if ends else "never" if contract.term == EVERGREEN else "not recorded"),
        ("If nobody acts", if_nobody_acts(contract, yearly)),
        ("Raters", raters(about)),
        ("Contract owner", short(str(contract.owner), 30) if contract.owner else "nobody yet"),
    ]


def if_nobody_acts(contract: Contract, yearly: Decimal | None) -> str:
    """What happens to the contract by itself."""
    ends = contract.term_ends
    if contract.term == EVERGREEN:
        return f"goes on, {amount(yearly, contract.currency)} a year" if yearly is not None else "goes on"
    if not ends:
        return "not known: no end recorded"
    if contract.has_ended:
        return "nothing: it has ended"
    if contract.ends_for_good == ends:
        return "ends: decided not to renew it"
    if contract.term == EXTENSIONS:
        months = contract.renewal_months
        if contract.extensions is not None and contract.extended >= contract.extensions:
            return f"ends on {day(ends)}; no extension is left"
        return (
            f"ends; {counted(months, 'month')} more are ours to take" if months else "ends; extending is ours"
        )
    if not contract.auto_renews:
        return f"ends on {day(ends)}"
    if not contract.renewal_months:
        return "renews; for how long is not recorded"
    until = day(term_after(ends, contract.renewal_months, 1))
    more = (yearly or 0) * contract.renewal_months / 12
    return f"renews until {until}" + (f", {amount(more, contract.currency)}" if more else "")


def raters(about: Subject) -> str:
    if not about.card:
        return "–"
    submitted = about.outcome.raters if about.outcome else 0
    return f"{submitted} of {Assessment.objects.filter(scorecard=about.card).count()} submitted"


def score_of(about: Subject) -> dict[str, Any]:
    """The score with its standing, or why there is none."""
    latest, card, outcome = about.latest, about.card, about.outcome
    if latest is None or latest.overall is None or card is None or outcome is None:
        return {"missing": why_no_score(about.partner, about.user).why}
    place, among = place_of(card, outcome) if about.beside_others else (None, 0)
    beside = [f"coverage {percent(latest.coverage)}"]
    if outcome.lower != outcome.upper:
        beside = [f"{score(outcome.lower)} to {score(outcome.upper)} with what is missing"]
    if about.before:
        beside.append(f"{change(about.change)} since {short(about.before.cycle, 20)}")
    else:
        beside.append("scored for the first time")
    if place and among > 1:
        beside.append(f"rank {place} of {among}")
    return {
        "overall": score(latest.overall), "letter": latest.standing, "band": about.band_name(latest.standing),
        "status": latest.status, "beside": beside, "cycle": latest.cycle, "closed": latest.closed,
        "doubt": " ".join(filter(None, [_doubt(about), without_severity(card, about.beside_others)])), "href": reverse("scorecard_detail", args=[card.pk]),
    }  # fmt: skip


def without_severity(card: Scorecard, beside_others: bool = True) -> str:
    """What the score comes to without the severity of its raters, and how sure that is; of a closed cycle."""
    fair = FairScore.objects.telling().filter(scorecard=card).first()
    if fair is None:
        return ""
    said = f"Without its raters’ severity {score(fair.adjusted)} ({score(fair.lower)} to {score(fair.upper)})"
    told = beside_others and fair.rank_first != fair.rank_last
    return f"{said}; ranks {fair.ranks} cannot be told apart." if told else f"{said}."


def _doubt(about: Subject) -> str:
    """What keeps the score from being the last word."""
    if about.outcome and about.outcome.status == Score.PROVISIONAL:
        return "Provisional: too few raters or too little of the weight scored."
    if about.latest and not about.latest.closed:
        return f"{about.latest.cycle} is still open: the score may move."
    return ""


def _still(text: str) -> str:
    """Kept on one line."""
    return text.replace(" ", "\u00a0")
