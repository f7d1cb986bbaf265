"""Three years of what happened between us and the demo's partners: the same day gives the same story."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from django.utils import timezone

from evidence.models import (
    THEM,
    US,
    Benchmark,
    Benefit,
    Commitment,
    Disclosure,
    Engagement,
    Entry,
    Incident,
    Obligation,
    Programme,
    Promise,
    PromiseMove,
    Request,
    ValueStatement,
)
from evidence.models.contacts import DELIVERED, IGNORED, POINTED
from evidence.models.service import BENEFITS, DISPUTED, INCIDENT, OBLIGATIONS, OWNED, PARTIES, PRAISE
from governance.demo import data, facts
from governance.demo.quarters import Demo
from partners.dates import plus_months
from partners.models import Contract, Partner

DAYS = 3 * 365
OURS = ("unit", "operations", "own")
LIMITS = {"severe": (1, 8), "major": (4, 24), "minor": (8, 72)}  # hours to acknowledge and to fix


def load_evidence(demo: Demo) -> None:
    """Entries of every kind for every partner outside, and a few for those inside."""
    contracts: dict[int, list[Contract]] = {}
    for contract in Contract.objects.filter(partner__in=demo.partners).order_by("pk"):
        contracts.setdefault(contract.partner_id, []).append(contract)
    for partner in demo.partners:
        if partner.kind == "own":
            continue
        story = _Story(partner, demo.today, contracts.get(partner.pk, []))
        _save(story.engagements())
        _save(story.requests())
        _save(story.incidents())
        if partner.kind not in OURS:
            story.promises()
            _save(story.commitments())
            story.programmes()
            _save(story.benchmarks())
            _save(story.disclosures())
    _triangles(demo)


def _save(rows: list) -> None:
    if rows:
        type(rows[0])._default_manager.bulk_create(rows)


class _Story:
    """What one partner did, drawn from its character by dice that its name throws."""

    def __init__(self, partner: Partner, today: date, contracts: list[Contract]) -> None:
        self.partner, self.today, self.contracts = partner, today, contracts
        self.dice = Random(f"evidence of {partner.name}")  # noqa: S311  (a story, not a secret)
        (self.contacts, self.in_season, self.answer, self.ignored, self.faults, self.owned) = (
            facts.CHARACTERS.get(partner.name, facts.ORDINARY)
        )
        if partner.kind in OURS:
            self.contacts, self.in_season, self.faults = 0.7, 1.0, 1

    def row(self, model: type[Entry], **values: object) -> Entry:
        return model(partner=self.partner, author=self.partner.owner, **values)

    def ago(self, days: int) -> date:
        return self.today - timedelta(days=days)

    def is_season(self, day: date) -> bool:
        """Whether it was the time of deciding about one of its contracts."""
        return any(
            contract.notice_deadline
            and contract.term_ends
            and contract.notice_deadline - timedelta(days=90) <= day <= contract.term_ends
            for contract in self.contracts
        )

    def engagements(self) -> list[Entry]:
        rows = []
        for back in range(DAYS, 0, -1):
            day = self.ago(back)
            if day.weekday() > 4:
                continue
            season = self.is_season(day)
            theirs = self.contacts * (self.in_season if season else 1) / 21.7
            if self.dice.random() < theirs:
                rows.append(self._engagement(day, THEM, season))
            if self.dice.random() < 0.45 / 21.7:
                rows.append(self._engagement(day, US, season))
        return rows

    def _engagement(self, day: date, side: str, season: bool) -> Entry:
        sells = facts.SELLING.get(self.partner.name, (2, 1))[0 if season else 1]
        if side == THEM and self.dice.randrange(10) < sells:
            purpose = "sells"
        else:
            purpose = self.dice.choice([what for what in facts.WHAT_FOR if side == THEM or what != "sells"])
        off = self.dice.random()
        return self.row(
            Engagement, day=day, started_by=side, purpose=purpose,
            channel=self.dice.choice(["meeting", "meeting", "call", "call", "visit", "mail"]),
            subject=self.dice.choice(facts.SUBJECTS[purpose]),
            cancelled_by=THEM if off < 0.03 else US if off < 0.07 else "",
        )  # fmt: skip

    def requests(self) -> list[Entry]:
        rows = []
        for back in range(DAYS - 10, 3, -1):
            day = self.ago(back)
            if day.weekday() > 4:
                continue
            often = 1.6 if self.partner.name == data.PARTNERS[0][0] else 0.8
            if self.dice.random() < often / 21.7:
                rows.append(self._request(day, US, facts.REQUESTS, self.answer, self.ignored))
            if self.dice.random() < 0.2 / 21.7:
                rows.append(self._request(day, THEM, facts.OUR_REQUESTS, 6, 0.25))
        return rows

    def _request(
        self, day: date, side: str, texts: dict[str, list[str]], usual: int, ignored: float
    ) -> Entry:
        kind = self.dice.choice(list(texts))
        request = self.row(
            Request, asked_by=side, asked_on=day, kind=kind, what=self.dice.choice(texts[kind])
        )
        answered = _weekday(day + timedelta(days=round(self.dice.expovariate(1 / usual) * 1.4)))
        if self.dice.random() < ignored:
            request.outcome = IGNORED if day < self.ago(150) else ""
        elif answered < self.today:
            request.answered_on = answered
            request.outcome = self.dice.choice([DELIVERED, DELIVERED, DELIVERED, POINTED, "declined"])
        return request

    def incidents(self) -> list[Entry]:
        rows = []
        for back in range(DAYS - 20, 2, -1):
            if self.dice.random() < self.faults / 365:
                rows.append(self._incident(self.ago(back)))
            elif self.dice.random() < 0.5 / 365:
                rows.append(
                    self.row(
                        Incident, kind=PRAISE, what=self.dice.choice(facts.PRAISE), opened_at=_at(self.ago(back), 9),
                        conversation_on=self.ago(back - 6) if back > 30 else None,
                    )
                )  # fmt: skip
        return rows

    def _incident(self, day: date) -> Entry:
        severity = self.dice.choice(["severe", "major", "major", "major", "minor", "minor"])
        acknowledge, fix = LIMITS[severity]
        opened = _at(day, self.dice.randrange(5, 22))
        late = 0.75 + (1 - self.owned) * 1.1
        seen = opened + timedelta(minutes=round(acknowledge * 60 * self.dice.uniform(0.1, 1.0) * late))
        mended = seen + timedelta(minutes=round(fix * 60 * self.dice.uniform(0.2, 1.0) * late))
        is_open = mended > _at(self.today, 0)
        recent = (self.today - day).days < 60
        talked = severity == "severe" and not is_open and (self.dice.random() < self.owned or not recent)
        return self.row(
            Incident, kind=INCIDENT, what=self.dice.choice(facts.INCIDENTS[severity]), opened_at=opened,
            severity=severity, acknowledged_at=min(seen, _at(self.today, 0)), fixed_at=None if is_open else mended,
            acknowledge_within=acknowledge, fix_within=fix,
            ownership="" if is_open else OWNED if self.dice.random() < self.owned else DISPUTED,
            cause_shared=not is_open and self.dice.random() < self.owned,
            conversation_on=min(day + timedelta(days=9), self.today) if talked else None,
        )  # fmt: skip

    def promises(self) -> None:
        """Promises with every move of their day, and what we asked for in vain."""
        moves: list[PromiseMove] = []
        promises: list[Promise] = []
        for what, ago, ahead, became, days, matters, asked in facts.PROMISES.get(
            self.partner.name, facts.COMMON_PROMISES
        ):
            said = plus_months(self.today, -ago)
            due = plus_months(said, ahead)
            promise = Promise(
                partner=self.partner, author=self.partner.owner, what=what, promised_on=said, due_on=due,
                matters=matters, asked_by_us=asked,
            )  # fmt: skip
            if became == "delivered":
                promise.delivered_on = due + timedelta(days=days[0])
            elif became == "withdrawn":
                promise.withdrawn_on = due + timedelta(days=days[0])
            elif became == "moved":
                now = due
                for move in days:
                    told, now = now - timedelta(days=14), now + timedelta(days=move)
                    if told < self.today:
                        moves.append(
                            PromiseMove(promise=promise, moved_on=told, due_on=now, reason=_reason(move))
                        )
            promises.append(promise)
        for what, ago in facts.NOT_TAKEN_UP.get(self.partner.name, []):
            promises.append(
                Promise(
                    partner=self.partner, author=self.partner.owner, what=what, asked_by_us=True, matters=3,
                    promised_on=plus_months(self.today, -ago),
                )
            )  # fmt: skip
        _save(promises)
        _save(moves)

    def commitments(self) -> list[Entry]:
        return [
            self.row(
                Commitment, made_by=side, what=what, target=target, due_on=self.ago(ago), consequence=consequence,
                met_on=None if met is None else self.ago(ago - met),
                amount=Decimal(amount * 1_000) if consequence else None, currency="EUR" if consequence else "",
                settled_on=None if settled is None else self.ago(ago - settled),
            )
            for side, what, target, ago, met, consequence, amount, settled in facts.COMMITMENTS.get(self.partner.name, [])
        ]  # fmt: skip

    def programmes(self) -> None:
        level, years = facts.PROGRAMMES.get(self.partner.name, ("", []))
        for back, (promised, received, hours, cost) in zip((2, 1, 0), years, strict=False):
            programme = Programme.objects.create(
                partner=self.partner, author=self.partner.owner, year=self.today.year - back, level=level,
                currency="EUR",
            )  # fmt: skip
            Benefit.objects.bulk_create(
                Benefit(
                    programme=programme, kind=kind, promised=Decimal(promised * 1_000 * part // 20),
                    received=Decimal(received * 1_000 * part // 20),
                )
                for (kind, _), part in zip(BENEFITS, (6, 1, 2, 7, 1, 2, 1), strict=True)
            )  # fmt: skip
            Obligation.objects.bulk_create(
                Obligation(
                    programme=programme, kind=kind, hours=Decimal(hours * part // 20),
                    cost=Decimal(cost * 1_000 * part // 20),
                )
                for (kind, _), part in zip(OBLIGATIONS, (7, 6, 2, 3, 2, 0), strict=True)
                if part
            )  # fmt: skip

    def benchmarks(self) -> list[Entry]:
        return [
            self.row(
                Benchmark, item=item, our_price=Decimal(ours), low=Decimal(low), median=Decimal(median),
                high=Decimal(high), currency="EUR", source=source, as_of=self.ago(ago), shared=shared,
            )
            for item, ours, low, median, high, source, ago, shared in facts.BENCHMARKS.get(self.partner.name, [])
        ]  # fmt: skip

    def disclosures(self) -> list[Entry]:
        return [
            self.row(
                Disclosure, shared_by=side, kind=kind, what=what, shared_on=self.ago(ago), chance_to_act=chance,
                effect_on=None if effect is None else self.ago(ago - effect),
            )
            for side, kind, what, ago, effect, chance in facts.DISCLOSURES.get(
                self.partner.name, facts.COMMON_DISCLOSURES
            )
        ]  # fmt: skip


def _triangles(demo: Demo) -> None:
    """What each party said of each quarter, the last complete one last."""
    by_name = {partner.name: partner for partner in demo.partners}
    this = demo.today.replace(month=(demo.today.month - 1) // 3 * 3 + 1, day=1)
    rows = []
    for (vendor, provider), quarters in facts.TRIANGLES.items():
        for back, felt in enumerate(reversed(quarters), 1):
            for (party, _), value in zip(PARTIES, felt, strict=True):
                hours, people, resources, came_back = facts.PUT_IN[party]
                if value is not None:
                    rows.append(ValueStatement(
                        partner=by_name[vendor], provider=by_name[provider] if provider else None,
                        author=by_name[vendor].owner, quarter=plus_months(this, -3 * back),
                        party=party, felt_return=value, hours=Decimal(hours + 10 * back), people=people,
                        resources=resources, came_back=came_back, on_their_word=party != "customer",
                    ))  # fmt: skip
    _save(rows)


def _weekday(day: date) -> date:
    return day + timedelta(days=max(0, 7 - day.weekday()) % 7 if day.weekday() > 4 else 0)


def _at(day: date, hour: int) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(hour)))


def _reason(days: int) -> str:
    return "Waits for another team" if days < 100 else "Planned anew, with fewer people"
