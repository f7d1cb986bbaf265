"""The figures of the portfolio, worked out by the database in one statement a question.

A statement names the partners, their scores, money and changes once and puts the parts that were asked for into one
JSON object. Ranks are worked out here, among everybody: whom the reader may see is cut out afterwards.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from partners.models import APART_KINDS, KINDS, term_end


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A partner in a cycle. Scores have four decimals, changes are differences of scores as shown.

    `rank` is among `ranked` final scores of the same template; internal partners and ourselves have none, and
    only the lines of a list have one. `capped_by`: the critical criterion that holds the standing down.
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
    capped_by: str | None
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


# A score is met in the order of its index, and whole cycles are joined by hash: OFFSET 0 keeps one from becoming a
# look-up for each row of the other, which the planner, not knowing how many an array holds, would take for cheap.
_SCORES = """(
    SELECT scorecard_id, {columns} FROM scorecards_score WHERE scorecard_id = ANY (ARRAY(SELECT id FROM {cards})) OFFSET 0
)"""
# narrowed, and with money cut: the partners the reader sees and the filters leave, or those of one page.
# seen: what changed for them since the last closed cycle they have a score in, and in a year.
# Rows stay narrow until few are left: what only a `Line` says of a partner is looked up for each at the end.
# What no part asks for costs nothing.
_STATEMENT = """
SET LOCAL enable_nestloop = off;
WITH cards AS MATERIALIZED ({cards}),
contracts AS (SELECT partner_id, counted_in AS currency, counted AS yearly, term_end FROM ({contracts}) c {theirs}),
spending AS (
    SELECT partner_id, sum(yearly) FILTER (WHERE currency = %(currency)s) AS spend, min(term_end) AS next_end
    FROM (SELECT * FROM contracts ORDER BY partner_id) c GROUP BY partner_id
),
everybody AS (
    SELECT c.id, c.partner_id, c.template_id, o.overall, o.status, o.standing, o.coverage,
           p.name, p.kind, p.unit_id, p.kind = ANY (%(apart)s) AS is_apart
    FROM cards c JOIN {scores} o ON o.scorecard_id = c.id
    JOIN (SELECT * FROM (SELECT id AS partner_id, name, kind, unit_id FROM partners_partner) p {theirs} OFFSET 0) p
        USING (partner_id)
),
narrowed AS NOT MATERIALIZED (SELECT * FROM everybody WHERE {narrowed}),
cut AS (
    SELECT n.*, spending.spend, spending.next_end FROM narrowed n LEFT JOIN spending USING (partner_id)
),
last_cards AS MATERIALIZED (
    SELECT id, partner_id, template_id FROM scorecards_scorecard
    WHERE cycle_id = %(last)s AND partner_id = ANY (ARRAY(SELECT partner_id FROM cut))
),
last AS MATERIALIZED (
    SELECT e.partner_id, %(last)s::bigint AS cycle_id, e.template_id, x.overall
    FROM last_cards e JOIN {last_scores} x ON x.scorecard_id = e.id WHERE x.overall IS NOT NULL
),
older_cards AS MATERIALIZED (
    SELECT id, partner_id, cycle_id, template_id FROM scorecards_scorecard WHERE cycle_id = ANY (%(earlier)s::bigint[])
    AND partner_id = ANY (ARRAY(SELECT partner_id FROM cut WHERE partner_id NOT IN (SELECT partner_id FROM last)))
),
older AS (
    SELECT DISTINCT ON (e.partner_id) e.partner_id, e.cycle_id, e.template_id, x.overall
    FROM older_cards e JOIN {older_scores} x ON x.scorecard_id = e.id WHERE x.overall IS NOT NULL
    ORDER BY e.partner_id, array_position(%(earlier)s::bigint[], e.cycle_id)
),
before AS (TABLE last UNION ALL TABLE older),
year_cards AS MATERIALIZED (
    SELECT id, partner_id FROM scorecards_scorecard
    WHERE cycle_id = %(year)s AND partner_id = ANY (ARRAY(SELECT partner_id FROM cut))
),
year AS (SELECT e.partner_id, x.overall FROM year_cards e JOIN {year_scores} x ON x.scorecard_id = e.id),
seen AS (
    SELECT c.*, before.overall AS previous, y.name AS previous_cycle,
           round(c.overall, 1) - round(before.overall, 1) AS change, before.template_id = c.template_id AS like_for_like,
           year.overall AS year_ago, round(c.overall, 1) - round(year.overall, 1) AS year_change
    FROM cut c LEFT JOIN before USING (partner_id) LEFT JOIN year USING (partner_id)
    LEFT JOIN scorecards_cycle y ON y.id = before.cycle_id
),
rivals AS MATERIALIZED (
    SELECT id, template_id FROM scorecards_scorecard WHERE cycle_id = %(cycle)s
    AND partner_id NOT IN (SELECT id FROM partners_partner WHERE kind = ANY (%(apart)s))
),
steps AS (
    SELECT template_id, array_agg(DISTINCT -overall::float8 ORDER BY -overall::float8) AS lower
    FROM cut WHERE status = 'final' AND NOT is_apart GROUP BY template_id
),
counted AS (
    SELECT template_id, width_bucket(-x.overall::float8, s.lower) AS step, count(*) AS many
    FROM rivals r JOIN {rival_scores} x ON x.scorecard_id = r.id JOIN steps s USING (template_id)
    WHERE x.status = 'final' GROUP BY 1, 2
),
ranks AS (
    SELECT template_id, step, 1 + sum(many) OVER (PARTITION BY template_id ORDER BY step) - many AS rank,
           sum(many) OVER (PARTITION BY template_id) AS ranked
    FROM counted
),
placed AS MATERIALIZED (
    SELECT p.id, template_id, width_bucket(-p.overall::float8, s.lower) AS step
    FROM cut p JOIN steps s USING (template_id) WHERE p.status = 'final' AND NOT p.is_apart
),
ranked AS (SELECT id, rank, ranked FROM placed JOIN ranks USING (template_id, step)),
past_cards AS MATERIALIZED (
    SELECT id, partner_id, cycle_id FROM scorecards_scorecard
    WHERE cycle_id = ANY (%(shown)s) AND partner_id = ANY (ARRAY(SELECT partner_id FROM cut))
),
past AS (
    SELECT partner_id, json_agg(x.overall ORDER BY array_position(%(shown)s, cycle_id) DESC) AS scores
    FROM past_cards p LEFT JOIN {past_scores} x ON x.scorecard_id = p.id GROUP BY partner_id
),
outside AS (SELECT * FROM seen WHERE NOT is_apart),
firm AS NOT MATERIALIZED (SELECT *, {moved} AS moved FROM outside WHERE status = 'final'),
lowest AS (
    SELECT template_id, letter, lower, row_number() OVER (PARTITION BY template_id ORDER BY lower) AS place
    FROM scorecards_band
),
category AS (
    SELECT p.name, p.spend, c.category_id, c.score, round(c.score, 1) < edge.lower AS is_short
    FROM cut p JOIN (
        SELECT scorecard_id, category_id, score FROM scorecards_categoryscore
        WHERE scorecard_id = ANY (ARRAY(SELECT id FROM cut)) OFFSET 0
    ) c ON c.scorecard_id = p.id
    LEFT JOIN lowest edge ON edge.template_id = p.template_id AND edge.place = 3
)
SELECT json_build_object({parts})::text
"""
_ROWS = "SELECT coalesce(json_agg(x), '[]') FROM ({rows}) x"
_LINES = _ROWS.format(
    rows="""
    SELECT r.*, (SELECT segment FROM partners_partner p WHERE p.id = r.partner_id) AS segment,
        (SELECT name FROM accounts_businessunit u WHERE u.id = r.unit_id) AS unit,
        (SELECT c.name FROM scorecards_criterion c JOIN scorecards_score o ON o.capped_by_id = c.id
         WHERE o.scorecard_id = r.id) AS capped_by,
        (SELECT name FROM scorecards_band b WHERE b.template_id = r.template_id AND b.letter = r.standing)
            AS standing_name
    FROM (SELECT * FROM {}) r"""
)
_PARTS = {
    "others": _ROWS.format(
        rows="SELECT currency, count(DISTINCT partner_id) AS partners FROM contracts WHERE yearly > 0 "
        "AND currency <> %(currency)s AND partner_id IN (SELECT partner_id FROM outside) "
        "GROUP BY currency ORDER BY currency"
    ),
    "totals": """
        SELECT row_to_json(x) FROM (
            SELECT count(*) AS partners, coalesce(sum(spend), 0) AS spend, count(*) FILTER (WHERE final) AS final,
                   count(*) FILTER (WHERE final AND change IS NOT NULL) AS compared,
                   count(*) FILTER (WHERE fell) AS fell, coalesce(sum(spend) FILTER (WHERE fell), 0) AS spend_fell,
                   count(*) FILTER (WHERE poor) AS poor, coalesce(sum(spend) FILTER (WHERE poor), 0) AS spend_poor,
                   count(*) FILTER (WHERE spend IS NULL AND partner_id NOT IN (
                       SELECT partner_id FROM contracts WHERE yearly > 0 AND currency <> %(currency)s)) AS unknown,
                   CASE WHEN min(previous_cycle) = max(previous_cycle) THEN min(previous_cycle) END AS since
            FROM (SELECT o.*, status = 'final' AS final, status = 'final' AND change <= %(slipping)s AS fell,
                         l.place <= 2 AND status = 'final' AS poor
                  FROM outside o LEFT JOIN lowest l ON l.template_id = o.template_id AND l.letter = o.standing) o
        ) x""",
    "largest": _LINES.format(
        "firm WHERE change <= %(slipping)s ORDER BY spend DESC NULLS LAST, change, name LIMIT 1"
    ),
    "fell": _LINES.format("firm WHERE moved < 0 ORDER BY moved, name LIMIT %(movers)s"),
    "rose": _LINES.format("firm WHERE moved > 0 ORDER BY moved DESC, name LIMIT %(movers)s"),
    "drawn": _LINES.format(
        "outside WHERE spend > 0 AND overall IS NOT NULL ORDER BY spend DESC, name LIMIT %(drawn)s"
    ),
    "count": "SELECT count(*) FROM cut",
    "order": "SELECT coalesce(json_agg(id ORDER BY is_apart, (kind = 'own'), {order} NULLS LAST, name, id), '[]') "
    "FROM {ordered}",
    "lines": _LINES.format("seen LEFT JOIN ranked USING (id)"),
    "past": "SELECT coalesce(json_object_agg(partner_id, scores), '{{}}') FROM past",
    "categories": _ROWS.format(
        rows="SELECT category_id, count(*) AS scored, count(*) FILTER (WHERE is_short) AS short, "
        "sum(spend) FILTER (WHERE is_short) AS spend, percentile_cont(0.5) WITHIN GROUP (ORDER BY score) AS median "
        "FROM category GROUP BY category_id"
    ),
    "shortest": _ROWS.format(
        rows="SELECT name, count(*) AS categories FROM category WHERE is_short GROUP BY name "
        "ORDER BY count(*) DESC, sum(spend) DESC NULLS LAST, name LIMIT 3"
    ),
    "median": "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY overall) FROM cut",
}
FINDINGS = ("others", "totals", "largest", "fell", "rose", "drawn", "count")
HEAT = ("count", "categories", "shortest", "median")
# Where a list finds what it is in the order of.
_ORDERED = {"spend": "cut", "next_end": "cut", "change": "seen", "rank": "cut LEFT JOIN ranked USING (id)"}


def work_out(
    parts: Sequence[str],
    *,
    visible: QuerySet,
    narrowed: dict[str, Any],
    order: str,
    contracts: QuerySet,
    values: dict[str, Any],
) -> dict[str, Any]:
    """The named parts, by name.

    `visible`: the scorecards of the cycle the reader sees scores of; `narrowed`: what the rows must have, by column
    (a queryset: one of these); `contracts`: the running ones the reader sees, `counted`; `order`: a column of a line and ASC or
    DESC. Lists hold `Line`s, apart from `others`, `categories` and `shortest` (plain dicts) and `order` (ids of
    scorecards).
    """
    values = {**values}
    conditions = ["true"]
    for column, wanted in narrowed.items():
        if isinstance(wanted, QuerySet):
            conditions.append(f"{column} IN ({_sql(wanted, values)})")
        else:
            conditions.append(f"{column} IS NOT DISTINCT FROM %({column})s")
            values[column] = wanted
    cards = _sql(visible.order_by().values("id", "partner_id", "template_id"), values)
    return _found(parts, cards, contracts, values, narrowed=" AND ".join(conditions), order=order)


def lines(
    scorecards: Sequence[int], *, with_past: bool = False, contracts: QuerySet, values: dict[str, Any]
) -> dict[str, Any]:
    """The `lines` of these scorecards of the cycle, which the reader sees, in this order.

    And their `past`: by partner, the scores in the cycles `shown` (the latest first), in the order of time.
    """
    found = _found(
        ("lines", "past") if with_past else ("lines",),
        "SELECT id, partner_id, template_id FROM scorecards_scorecard WHERE id = ANY (%(scorecards)s)",
        contracts,
        {**values, "scorecards": list(scorecards)},
        theirs="WHERE partner_id = ANY (ARRAY(SELECT partner_id FROM cards))",
    )
    by_id = {line.id: line for line in found["lines"]}
    found["lines"] = [by_id[number] for number in scorecards if number in by_id]
    return found


def _found(
    parts: Sequence[str],
    cards: str,
    contracts: QuerySet,
    values: dict[str, Any],
    *,
    narrowed: str = "true",
    theirs: str = "",
    order: str = "spend DESC",
) -> dict[str, Any]:
    values["apart"] = list(APART_KINDS)
    statement = _STATEMENT.format(
        cards=cards,
        contracts=_sql(
            contracts.order_by().values("partner_id", "counted_in", "counted", term_end=term_end()), values
        ),
        theirs=theirs,
        scores=_SCORES.format(columns="overall, status, standing, coverage", cards="cards"),
        rival_scores=_SCORES.format(columns="overall, status", cards="rivals"),
        **{
            f"{name}_scores": _SCORES.format(columns="overall", cards=f"{name}_cards")
            for name in ("last", "older", "year", "past")
        },
        narrowed=narrowed,
        moved="change" if values["year"] is None else "year_change",
        parts=", ".join(f"'{part}', ({_PARTS[part]})" for part in parts).format(
            order=order, ordered=_ORDERED.get(order.split()[0], "narrowed")
        ),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found = json.loads(cursor.fetchone()[0], parse_float=Decimal)
    for part in {"largest", "fell", "rose", "drawn", "lines"} & found.keys():
        found[part] = [_line(row) for row in found[part]]
    if "past" in found:
        found["past"] = {int(partner): scores for partner, scores in found["past"].items()}
    return found


def _line(row: dict[str, Any]) -> Line:
    fields = {name: row.get(name) for name in Line.__dataclass_fields__}
    for name in ("overall", "coverage", "previous", "change", "year_ago", "year_change", "spend"):
        fields[name] = None if row[name] is None else Decimal(row[name])
    fields["next_end"] = date.fromisoformat(row["next_end"]) if row["next_end"] else None
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
