"""What the portfolio pages show: scores beside money, for the partners somebody may see.

One statement works everything out once: ten thousand partners are read one time, not once a figure on the page.
The roles that may open these pages see the scores of every closed cycle inside their walls.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.paginator import Page, Paginator
from django.db import connection
from django.db.models import Count, OuterRef, QuerySet, Subquery

from accounts.numbers import row_number
from partners.models import APART_KINDS, KINDS, Contract, Partner
from partners.search import search_partners
from scorecards.models import Assessment, Cycle, Scorecard, Template

ROWS_A_PAGE = 50
DRAWN = 40  # partners in the scatter: those with the largest spend
MOVERS = 4  # lines in the tables of who fell and who rose most
SLIPPING = Decimal(-1)  # points since the cycle before, from which on a partner is said to slip
NOT_ANY = "none"  # in an address: no standing, no business unit
SORTS = {
    "name": "name", "kind": "kind", "spend": "spend", "score": "overall", "change": "change", "rank": "rank",
    "coverage": "coverage", "ends": "next_end",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A partner in a cycle. Scores have four decimals, changes are differences of scores as shown.

    `rank` is among `ranked` final scores of the same template; internal partners and ourselves have none.
    """

    id: int
    partner_id: int
    name: str
    kind: str
    segment: str
    unit: str | None
    template_id: int
    overall: Decimal | None
    status: str
    standing: str
    standing_name: str | None
    coverage: Decimal
    rank: int | None
    ranked: int | None
    previous: Decimal | None
    previous_cycle: str | None
    change: Decimal | None
    like_for_like: bool | None
    year_ago: Decimal | None
    year_change: Decimal | None
    spend: Decimal | None
    next_end: date | None

    @property
    def kind_name(self) -> str:
        return dict(KINDS)[self.kind]

    @property
    def is_apart(self) -> bool:
        return self.kind in APART_KINDS


@dataclass(frozen=True)
class Asked:
    """Filters, order and page as an address states them; what makes no sense in it is left out."""

    find: str = ""
    kind: str = ""
    standing: str = ""
    unit: int | str | None = None
    template: int | None = None
    sort: str = "-spend"
    page: str = "1"

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
            page=address.get("page", "1"),
        )

    def for_one_of(self, templates: Sequence[Template]) -> "Asked":
        """With a template: the one asked for, or else the first there is."""
        numbers = [template.pk for template in templates]
        return replace(self, template=self.template if self.template in numbers else numbers[0])

    def partners(self, user: Any) -> "QuerySet[Partner]":
        """The visible partners the filters leave."""
        partners = search_partners(Partner.objects.visible_to(user), self.find).order_by()
        if self.kind:
            partners = partners.filter(kind=self.kind)
        if self.unit == NOT_ANY:
            partners = partners.filter(unit=None)
        elif self.unit:
            partners = partners.filter(unit=self.unit)
        return partners


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


def blind_cycles(user: Any) -> "QuerySet[Cycle]":
    """Open cycles whose scores the user does not see yet, with `left`: the assessments still to submit."""
    waiting = Assessment.objects.filter(rater=user, submitted_at=None, scorecard__cycle__state=Cycle.OPEN)
    return (
        Cycle.objects.visible_to(user)
        .filter(scorecards__assessments__in=waiting)
        .annotate(left=Count("scorecards__assessments"))
    )


def _first(rows: QuerySet) -> Subquery:
    """One of the rows, found without reading the rest (which `Exists` would, joined to a short list)."""
    return Subquery(rows.order_by().values("pk")[:1])


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


_FIGURES = """
WITH contracts AS MATERIALIZED ({contracts}),
visible (id) AS MATERIALIZED ({visible}),
spent AS MATERIALIZED (SELECT coalesce(mode() WITHIN GROUP (ORDER BY currency), 'EUR') AS currency FROM contracts),
spending AS (
    SELECT partner_id, sum(yearly) FILTER (WHERE currency = (SELECT currency FROM spent)) AS spend,
           coalesce(bool_or(yearly > 0 AND currency <> (SELECT currency FROM spent)), false) AS spent_elsewhere,
           min(ends) AS next_end
    FROM contracts GROUP BY partner_id
),
marks AS MATERIALIZED (
    SELECT s.id, s.partner_id, s.template_id, s.cycle_id, o.overall, o.status, o.standing, o.coverage
    FROM scorecards_scorecard s JOIN scorecards_score o ON o.scorecard_id = s.id
    WHERE s.cycle_id IN (%(cycle)s, %(last)s, %(year)s)
),
everybody AS (
    SELECT m.*, p.name, p.kind, p.segment, p.unit_id, p.kind = ANY (%(apart)s) AS is_apart,
           rank() OVER placed AS place, count(*) OVER (PARTITION BY m.template_id, m.status, p.kind = ANY (%(apart)s))
               AS placed
    FROM marks m JOIN partners_partner p ON p.id = m.partner_id
    WHERE m.cycle_id = %(cycle)s
    WINDOW placed AS (PARTITION BY m.template_id, m.status, p.kind = ANY (%(apart)s) ORDER BY m.overall DESC)
),
seen AS MATERIALIZED (
    SELECT s.*, CASE WHEN s.status = 'final' AND NOT is_apart THEN place END AS rank,
           CASE WHEN s.status = 'final' AND NOT is_apart THEN placed END AS ranked,
           coalesce(last.overall, older.overall) AS previous,
           coalesce(last.cycle_id, older.cycle_id) AS previous_cycle,
           round(s.overall, 1) - round(coalesce(last.overall, older.overall), 1) AS change,
           coalesce(last.template_id, older.template_id) = s.template_id AS like_for_like,
           year.overall AS year_ago, round(s.overall, 1) - round(year.overall, 1) AS year_change,
           spending.spend, spending.spent_elsewhere, spending.next_end
    FROM everybody s JOIN visible USING (id)
    LEFT JOIN spending ON spending.partner_id = s.partner_id
    LEFT JOIN marks last
        ON last.partner_id = s.partner_id AND last.cycle_id = %(last)s AND last.overall IS NOT NULL
    LEFT JOIN LATERAL (
        SELECT e.template_id, e.cycle_id, x.overall
        FROM scorecards_scorecard e JOIN scorecards_score x ON x.scorecard_id = e.id
        WHERE last.partner_id IS NULL AND e.partner_id = s.partner_id AND e.cycle_id = ANY (%(earlier)s::bigint[])
              AND x.overall IS NOT NULL
        ORDER BY array_position(%(earlier)s::bigint[], e.cycle_id) LIMIT 1
    ) older ON true
    LEFT JOIN marks year ON year.partner_id = s.partner_id AND year.cycle_id = %(year)s
),
outside AS NOT MATERIALIZED (SELECT * FROM seen WHERE NOT is_apart),
firm AS NOT MATERIALIZED (SELECT *, {moved} AS moved FROM outside WHERE status = 'final'),
picked AS NOT MATERIALIZED (SELECT * FROM seen WHERE {narrowed}),
lowest AS (
    SELECT template_id, letter, lower, row_number() OVER (PARTITION BY template_id ORDER BY lower) AS place
    FROM scorecards_band
),
category AS (
    SELECT p.name, p.spend, c.category_id, c.score, round(c.score, 1) < edge.lower AS is_short
    FROM picked p JOIN scorecards_categoryscore c ON c.scorecard_id = p.id
    LEFT JOIN lowest edge ON edge.template_id = p.template_id AND edge.place = 3
)
SELECT json_build_object({parts})::text
"""
_ROWS = "SELECT coalesce(json_agg(x), '[]') FROM ({rows}) x"
_LINES = _ROWS.format(
    rows="""
    SELECT r.*, (SELECT name FROM accounts_businessunit u WHERE u.id = r.unit_id) AS unit,
        (SELECT name FROM scorecards_band b WHERE b.template_id = r.template_id AND b.letter = r.standing)
            AS standing_name
    FROM {}"""
)
_PARTS = {
    "currency": "SELECT currency FROM spent",
    "others": _ROWS.format(
        rows="SELECT currency, count(DISTINCT partner_id) AS partners FROM contracts WHERE yearly > 0 "
        "AND currency <> (SELECT currency FROM spent) AND partner_id IN (SELECT partner_id FROM outside) "
        "GROUP BY currency ORDER BY currency"
    ),
    "totals": """
        SELECT row_to_json(x) FROM (
            SELECT count(*) AS partners, coalesce(sum(spend), 0) AS spend, count(*) FILTER (WHERE final) AS final,
                   count(*) FILTER (WHERE final AND change IS NOT NULL) AS compared,
                   count(*) FILTER (WHERE fell) AS fell, coalesce(sum(spend) FILTER (WHERE fell), 0) AS spend_fell,
                   count(*) FILTER (WHERE poor) AS poor, coalesce(sum(spend) FILTER (WHERE poor), 0) AS spend_poor,
                   count(*) FILTER (WHERE spend IS NULL AND spent_elsewhere IS NOT TRUE) AS unknown,
                   CASE WHEN min(previous_cycle) = max(previous_cycle) THEN min(previous_cycle) END AS since
            FROM (SELECT o.*, status = 'final' AS final, status = 'final' AND change <= %(slipping)s AS fell,
                         l.place <= 2 AND status = 'final' AS poor
                  FROM outside o LEFT JOIN lowest l ON l.template_id = o.template_id AND l.letter = o.standing) o
        ) x""",
    "largest": _LINES.format(
        "firm r WHERE change <= %(slipping)s ORDER BY spend DESC NULLS LAST, change, name LIMIT 1"
    ),
    "fell": _LINES.format("firm r WHERE moved < 0 ORDER BY moved, name LIMIT %(movers)s"),
    "rose": _LINES.format("firm r WHERE moved > 0 ORDER BY moved DESC, name LIMIT %(movers)s"),
    "drawn": _LINES.format(
        "outside r WHERE spend > 0 AND overall IS NOT NULL ORDER BY spend DESC, name LIMIT %(drawn)s"
    ),
    "all": "SELECT count(*) FROM seen",
    "count": "SELECT count(*) FROM picked",
    "lines": _LINES.format(
        "picked r ORDER BY is_apart, (kind = 'own'), {order}, name, id LIMIT %(limit)s "
        "OFFSET least(%(offset)s, (SELECT greatest(count(*) - 1, 0) FROM picked) / %(page)s * %(page)s)"
    ),
    "categories": _ROWS.format(
        rows="SELECT category_id, count(*) AS scored, count(*) FILTER (WHERE is_short) AS short, "
        "sum(spend) FILTER (WHERE is_short) AS spend, percentile_cont(0.5) WITHIN GROUP (ORDER BY score) AS median "
        "FROM category GROUP BY category_id"
    ),
    "shortest": _ROWS.format(
        rows="SELECT name, count(*) AS categories FROM category WHERE is_short GROUP BY name "
        "ORDER BY count(*) DESC, sum(spend) DESC NULLS LAST, name LIMIT 3"
    ),
    "median": "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY overall) FROM picked",
}
TOP = ("currency", "others", "totals", "largest", "fell", "rose")
PAGE = (*TOP, "drawn", "all", "count", "lines")
HEAT = ("currency", "all", "count", "lines", "categories", "shortest", "median")


def portfolio(
    user: Any,
    cycle: Cycle,
    cycles: Iterable[Cycle],
    asked: Asked,
    parts: Sequence[str],
    *,
    limit: int | None = None,
) -> dict[str, Any]:
    """The named parts of the portfolio in a cycle, by name; `cycles` are those the user sees scores of.

    Lists hold `Line`s (`others`, `categories` and `shortest`: plain dicts). `page` pages through `lines`.
    """
    earlier = earlier_closed(cycles, cycle)
    year = year_before(earlier, cycle)
    values: dict[str, Any] = {
        "cycle": cycle.pk, "apart": list(APART_KINDS), "slipping": SLIPPING, "movers": MOVERS, "drawn": DRAWN, "earlier": [c.pk for c in earlier],
        "last": earlier[0].pk if earlier else None, "year": year.pk if year else None,
        "limit": limit or ROWS_A_PAGE, "page": ROWS_A_PAGE,
        "offset": 0 if limit else (max(1, row_number(asked.page) or 1) - 1) * ROWS_A_PAGE,
        "standing": "" if asked.standing == NOT_ANY else asked.standing, "template": asked.template,
    }  # fmt: skip
    seen = Scorecard.objects.scores_visible_to(user).filter(cycle=cycle).order_by()
    contracts = Contract.objects.visible_to(user).running().order_by()
    narrowed = ["true"]
    if asked.standing:
        narrowed.append("standing = %(standing)s")
    if asked.template:
        narrowed.append("template_id = %(template)s")
    if asked.find or asked.kind or asked.unit:
        narrowed.append(f"partner_id IN ({_sql(asked.partners(user).values('pk'), values)})")
    name = asked.sort.removeprefix("-")
    statement = _FIGURES.format(
        contracts=_sql(contracts.values("partner_id", "currency", "yearly", "ends"), values),
        visible=_sql(seen.values("pk"), values),
        narrowed=" AND ".join(narrowed),
        moved="year_change" if year else "change",
        parts=", ".join(f"'{part}', ({_PARTS[part]})" for part in parts).format(
            order=f"{SORTS[name]} {'DESC' if asked.sort.startswith('-') else 'ASC'} NULLS LAST"
        ),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found = json.loads(cursor.fetchone()[0], parse_float=Decimal)
    names = {c.pk: c.name for c in earlier}
    for part in {"largest", "fell", "rose", "drawn", "lines"} & found.keys():
        found[part] = [_line(row, names) for row in found[part]]
    if "totals" in found:
        found["totals"]["since"] = names.get(found["totals"]["since"])
    return found | {"year": year, "last": earlier[0] if earlier else None}


def page_of(count: int, asked: Asked) -> Page:
    """The page's place among all, as paginators say it."""
    return Paginator(range(count), ROWS_A_PAGE).get_page(max(1, row_number(asked.page) or 1))


def _line(row: dict[str, Any], cycles: dict[int, str]) -> Line:
    fields = {name: row[name] for name in Line.__dataclass_fields__}
    for name in ("overall", "coverage", "previous", "change", "year_ago", "year_change", "spend"):
        fields[name] = None if row[name] is None else Decimal(row[name])
    fields["next_end"] = date.fromisoformat(row["next_end"]) if row["next_end"] else None
    fields["previous_cycle"] = cycles.get(row["previous_cycle"])
    return Line(**fields)


def _sql(rows: QuerySet, values: dict[str, Any]) -> str:
    """A queryset as a subquery; its parameters join `values` under names of their own."""
    sql, parameters = rows.query.sql_with_params()
    names = []
    for parameter in parameters:
        names.append(f"given_{len(values)}")
        values[names[-1]] = parameter
    pieces = sql.replace("%%", "\0") % tuple(f"%({name})s" for name in names)
    return pieces.replace("\0", "%%")
