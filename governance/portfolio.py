"""The portfolio as one person may see it: which cycles, and the figures of one of them.

The roles that may open these pages see the scores of every closed cycle inside their walls. What is worked out over
all partners is remembered (`governance.memory`), for everybody behind the same walls.
"""

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import cached_property, partial
from typing import Any, NamedTuple

from django.core.paginator import Page, Paginator
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.utils import timezone

from accounts.models import BusinessUnit
from accounts.numbers import row_number
from governance import figures
from governance.memory import changes, remembered
from governance.order import Lost, Order, Place
from partners.models import KINDS, Contract, Partner
from partners.money import Rates
from partners.search import search_partners
from partners.services.costs import current_rates
from scorecards.figures import category_scores
from scorecards.models import Assessment, Band, Category, Cycle, Scorecard, Template

ROWS_A_PAGE = 50
DRAWN = 40  # partners in the scatter: those with the largest spend
MOVERS = 4  # lines in the tables of who fell and who rose most
SPARK = 8  # cycles in a sparkline
SLIPPING = Decimal(-1)  # points since the cycle before, from which on a partner is said to slip
NOT_ANY = "none"  # in an address: no standing, no business unit
SORTS = {
    "name": "name", "kind": "kind", "spend": "spend", "score": "overall", "change": "change", "rank": "rank",
    "coverage": "coverage", "ends": "next_end",
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """Filters, order and page as an address states them; what makes no sense in it is left out."""

    find: str = ""
    kind: str = ""
    standing: str = ""
    unit: int | str | None = None
    template: int | None = None
    sort: str = "-spend"
    page: int = 1

    @classmethod
    def of(cls, address: Mapping[str, str], *, sort: str = "-spend") -> "Asked":
        standing = address.get("standing", "")
        unit = address.get("unit", "")
        wanted = address.get("sort", "")
        return cls(
            find=address.get("find", ""),
            kind=address["kind"] if address.get("kind") in dict(KINDS) else "",
            standing=standing if standing == NOT_ANY or (len(standing) == 1 and standing.isalpha()) else "",
            unit=NOT_ANY if unit == NOT_ANY else row_number(unit),
            template=row_number(address.get("template")),
            sort=wanted if wanted.removeprefix("-") in SORTS else sort,
            page=max(1, row_number(address.get("page")) or 1),
        )

    def for_one_of(self, templates: Sequence[Template]) -> "Asked":
        """With a template: the one asked for, or else the first there is."""
        numbers = [template.pk for template in templates]
        return replace(self, template=self.template if self.template in numbers else numbers[0])

    @property
    def order(self) -> str:
        return f"{SORTS[self.sort.removeprefix('-')]} {'DESC' if self.sort.startswith('-') else 'ASC'}"

    @property
    def is_of_scores(self) -> bool:
        """Whether scores decide who is listed, or in which order."""
        return bool(self.standing) or self.sort.removeprefix("-") in ("score", "change", "rank", "coverage")

    def narrowed(self, user: Any) -> dict[str, Any]:
        """What the filters ask of a partner in a cycle, by column."""
        wanted: dict[str, Any] = {}
        if self.find:
            found = search_partners(Partner.objects.visible_to(user), self.find)
            wanted["partner_id"] = found.order_by().values("pk")
        if self.kind:
            wanted["kind"] = self.kind
        if self.standing:
            wanted["standing"] = "" if self.standing == NOT_ANY else self.standing
        if self.unit:
            wanted["unit_id"] = None if self.unit == NOT_ANY else self.unit
        if self.template:
            wanted["template_id"] = self.template
        return wanted


def cycles_with_scores(user: Any) -> list[Cycle]:
    """Cycles in which the user sees at least one score, the latest first."""
    seen = Scorecard.objects.scores_visible_to(user).filter(
        cycle=OuterRef("pk"), score__overall__isnull=False
    )
    cycles = Cycle.objects.visible_to(user).exclude(state=Cycle.DRAFT)
    return list(cycles.alias(first=_first(seen)).filter(first__isnull=False)[:80])


def chosen_cycle(cycles: Sequence[Cycle], wanted: str | None) -> Cycle | None:
    """The cycle asked for, else the last closed one, else the latest."""
    number = row_number(wanted)
    asked_for = [cycle for cycle in cycles if cycle.pk == number]
    closed = [cycle for cycle in cycles if cycle.state == Cycle.CLOSED]
    return next(iter([*asked_for, *closed, *cycles]), None)


def earlier_closed(cycles: Iterable[Cycle], cycle: Cycle) -> list[Cycle]:
    """Closed cycles before this one, the latest first."""
    earlier = [c for c in cycles if c.state == Cycle.CLOSED and (c.ends, c.pk) < (cycle.ends, cycle.pk)]
    return sorted(earlier, key=lambda c: (c.ends, c.pk), reverse=True)


def year_before(earlier: Iterable[Cycle], cycle: Cycle) -> Cycle | None:
    """The one that ended about a year before this cycle: half a quarter sooner or later at most."""

    def distance(other: Cycle) -> timedelta:
        return abs(cycle.ends - other.ends - timedelta(days=365))

    near = [other for other in earlier if distance(other) <= timedelta(days=46)]
    return min(near, key=distance, default=None)


class Blind(NamedTuple):
    """An open cycle whose scores somebody does not see yet: `left` assessments are still to submit."""

    cycle_id: int
    cycle: str
    left: int


def blind_cycles(user: Any) -> list[Blind]:
    """Open cycles whose scores the user does not see yet, the latest first."""
    waiting = Assessment.objects.filter(rater=user, submitted_at=None, scorecard__cycle__state=Cycle.OPEN)
    by_cycle = waiting.values_list("scorecard__cycle", "scorecard__cycle__name").annotate(left=Count("pk"))
    return [Blind(*row) for row in by_cycle.order_by("-scorecard__cycle__ends", "-scorecard__cycle")]


def _first(scorecards: QuerySet) -> Subquery:
    """One of a cycle's scorecards, found in the order of an index: without reading the rest, as `Exists` would."""
    return Subquery(scorecards.order_by("partner_id").values("pk")[:1])


def templates_of(user: Any, cycle: Cycle) -> list[Template]:
    """Templates with which the cycle scored somebody the user sees; those for vendors first."""
    seen = Scorecard.objects.scores_visible_to(user).filter(
        cycle=cycle, template=OuterRef("pk"), score__overall__isnull=False
    )
    kinds = [kind for kind, _ in KINDS]
    return sorted(
        Template.objects.alias(first=_first(seen)).filter(first__isnull=False),
        key=lambda t: (kinds.index(t.kind), t.name, -t.number),
    )


class Portfolio:
    """What one person may see of a cycle: the one `wanted`, else the last closed one, else the latest.

    `cycles`: those they see scores of; `blind`: open ones whose scores they do not see yet; `earlier`: closed ones
    before this, the latest first; `year`: the one of them that ended about a year before. Without a `cycle` there is
    nothing else to ask for.
    """

    def __init__(self, user: Any, wanted: str | None = None) -> None:
        walls = None if user.sees_all_units else tuple(user.units.order_by("pk").values_list("pk", flat=True))
        self.user = user
        self.blind = blind_cycles(user)
        waiting = tuple(blind.cycle_id for blind in self.blind)
        # Whoever shares all of this sees the same scores, given that they may see any (`see_scores`).
        reader = (timezone.localdate(), user.role, walls, waiting)
        changed = changes()
        self._seen_as, self._listed_as = (changed, *reader), (changed.register, *reader)
        self.cycles: list[Cycle] = self._once("cycles", work=lambda: cycles_with_scores(user))
        self.cycle = chosen_cycle(self.cycles, wanted)
        self.earlier = earlier_closed(self.cycles, self.cycle) if self.cycle else []
        self.year = year_before(self.earlier, self.cycle) if self.cycle else None
        self.last = self.earlier[0] if self.earlier else None

    def _once(self, *key: Any, work: Callable[[], Any], of_scores: bool = True) -> Any:
        """Remembered until something changes; what is not made `of_scores`, while only scores do."""
        return remembered((self._seen_as if of_scores else self._listed_as, *key), work)

    @property
    def units(self) -> list[BusinessUnit]:
        return self._once(
            "units", of_scores=False, work=lambda: list(BusinessUnit.objects.visible_to(self.user))
        )

    @cached_property
    def rates(self) -> Rates:
        return self._once("rates", of_scores=False, work=current_rates)

    @property
    def currency(self) -> str:
        return self.rates.currency

    @cached_property
    def templates(self) -> list[Template]:
        return self._once("templates", self.cycle.pk, work=lambda: templates_of(self.user, self.cycle))

    def bands(self, template: int | None) -> list[Band]:
        return self._once(
            "bands", template, of_scores=False, work=lambda: list(Band.objects.filter(template=template))
        )

    def categories(self, template: int | None) -> list[Category]:
        return self._once(
            "categories",
            template,
            of_scores=False,
            work=lambda: list(Category.objects.filter(template=template)),
        )

    def findings(self) -> dict[str, Any]:
        """What holds of all vendors and providers: totals, who moved most, who is drawn."""
        return self._once("findings", self.cycle.pk, work=lambda: self._worked_out(figures.FINDINGS))

    def listed(self, asked: Asked) -> dict[str, Any]:
        """A page of the partners the filters leave: their `count`, `lines` and, by partner, `past` scores."""
        return self._once("listed", self.cycle.pk, asked, work=lambda: self._list(asked, with_past=True))

    def _order(self, asked: Asked) -> "array[int]":
        """The scorecards the filters leave, in the order asked for: all pages of them."""
        asked = replace(asked, page=1)
        work = partial(self._worked_out, ("order",), asked)
        return self._once(
            "order",
            self.cycle.pk,
            asked,
            of_scores=asked.is_of_scores,
            work=lambda: array("q", work()["order"]),
        )

    def _list(self, asked: Asked, *, with_past: bool = False) -> dict[str, Any]:
        order = self._order(asked)
        page = page_of(len(order), asked)
        first = (page.number - 1) * ROWS_A_PAGE
        found = figures.lines(order[first : first + ROWS_A_PAGE], with_past=with_past, **self._given())
        return found | {"count": len(order)}

    def ranked(self, template: Template) -> Order:
        """The order of everybody with a final score by that template, and what other weights would make of it."""
        visible = Scorecard.objects.scores_visible_to(self.user).filter(cycle=self.cycle)
        return self._once("ranked", self.cycle.pk, template.pk, work=lambda: Order(template, visible))

    def lost(self, order: Order, first: Place, second: Place | None) -> list[Lost]:
        """How far each weight may move before the first falls behind the second, or behind anybody after it."""
        rivals = [second] if second else order.places[order.places.index(first) + 1 :]
        key = ("lost", first.card_id, second and second.card_id)
        return self._once(*key, work=lambda: order.lost(first, rivals))

    def all_lines(self, asked: Asked) -> list[figures.Line]:
        """Every partner the filters leave, for an export."""
        return figures.lines(self._order(asked), **self._given())["lines"] if self.cycle else []

    def heat(self, asked: Asked) -> dict[str, Any]:
        """What holds of all partners a template was used for, and `lines` of one page with their `cells`.

        Cells are scores by (scorecard id, category id).
        """
        everywhere = replace(asked, page=1, sort="-spend")
        found = self._once(
            "heat", self.cycle.pk, everywhere, work=lambda: self._worked_out(figures.HEAT, everywhere)
        )
        return found | self._once("cells", self.cycle.pk, asked, work=lambda: self._with_cells(asked))

    def _with_cells(self, asked: Asked) -> dict[str, Any]:
        found = self._list(asked)
        return found | {"cells": category_scores([line.id for line in found["lines"]])}

    def _worked_out(self, parts: Sequence[str], asked: Asked | None = None) -> dict[str, Any]:
        asked = asked or Asked()
        return figures.work_out(
            parts,
            visible=Scorecard.objects.scores_visible_to(self.user).filter(cycle=self.cycle),
            narrowed=asked.narrowed(self.user),
            order=asked.order,
            **self._given(),
        )

    def _given(self) -> dict[str, Any]:
        """What all figures are made of: contracts and values."""
        values = {
            "cycle": self.cycle.pk, "last": self.last and self.last.pk, "year": self.year and self.year.pk,
            "earlier": [cycle.pk for cycle in self.earlier], "currency": self.currency, "slipping": SLIPPING,
            "movers": MOVERS, "drawn": DRAWN,
            "shown": [cycle.pk for cycle in (self.cycle, *self.earlier[: SPARK - 1])],
        }  # fmt: skip
        contracts = Contract.objects.of_units_of(self.user).running()
        return {"contracts": contracts.counted(self.rates, timezone.localdate()), "values": values}


def page_of(count: int, asked: Asked) -> Page:
    """The page's place among all, as paginators say it."""
    return Paginator(range(count), ROWS_A_PAGE).get_page(asked.page)
