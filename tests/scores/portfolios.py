"""Portfolios of every awkward kind, made by hypothesis, and put into the database."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from django.utils import timezone
from hypothesis import strategies as st

from accounts.models import RATER_ROLES, User
from evidence.models import Figure
from scorecards.models import Assessment, Band, Category, Criterion, Cycle, Rating, Scorecard, Template
from scorecards.scoring import NOT_APPLICABLE, CategoryWeight, CriterionWeight, Mark, TemplateWeights
from tests.factories import make_cycle, make_partner

ROLES = [role for role, _ in RATER_ROLES]
LETTERS = "ABCDEF"
WEIGHTS = st.sampled_from(
    [Decimal(w) for w in ("0", "1", "13.8", "20", "33.3333", "44.5", "100", "99999.9999")]
)
LEVELS = st.sampled_from(
    [Decimal(w) for w in ("0", "1", "-1", "0.0003", "0.3333", "7.7", "15", "-8000.5", "99999.9999")]
)
VALUES = st.one_of(
    LEVELS, st.decimals(-20, 20, places=6), st.decimals(0, 1, places=6), st.just(Decimal("0.333333"))
)
SHARES = st.sampled_from([Decimal(w) for w in ("0", "0.5", "1", "1.75", "3")])


@dataclass
class Portfolio:
    """A template by weights whose ids are places, and the assessments of each scorecard."""

    template: TemplateWeights
    scorecards: list[list["Given"]]
    measured: list[dict[int, tuple[Decimal | None, int]]] = field(default_factory=list)


class Given(NamedTuple):
    """What one rater gave: marks by place, and whether they were handed in."""

    role: str
    marks: dict[int, Mark]
    submitted: bool = True


def lines(draw: st.DrawFn, measured: bool) -> dict:
    """Floor, target and least observations; now and then a line that is not settled."""
    if not measured:
        return {}
    floor, target = draw(st.one_of(st.none(), LEVELS)), draw(LEVELS)
    target = None if floor == target else target
    return {"floor": floor, "target": target, "min_observations": draw(st.integers(0, 3))}


@st.composite
def templates(draw: st.DrawFn) -> TemplateWeights:
    kinds = draw(st.sampled_from([[False], [False, False, True], [True]]))
    lowest = draw(st.sampled_from([1, 0, -5, -32768]))
    span = (
        draw(st.sampled_from([4, 10, 1, 7, 65535]))
        if lowest == -32768
        else draw(st.sampled_from([4, 10, 1, 7]))
    )
    edges = draw(st.sets(st.integers(0, 1000), max_size=6))
    bands = [
        (letter, Decimal(edge) / 10)
        for letter, edge in zip(LETTERS, sorted(edges, reverse=True), strict=False)
    ]
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    places = iter(range(100))
    return TemplateWeights(
        categories=tuple(
            CategoryWeight(
                identity,
                draw(WEIGHTS),
                tuple(
                    CriterionWeight(
                        next(places),
                        draw(WEIGHTS),
                        roles=tuple(
                            draw(st.one_of(st.just([]), st.lists(st.sampled_from(ROLES), unique=True)))
                        ),
                        measured=(measured := draw(st.sampled_from(kinds))),
                        **lines(draw, measured),
                        critical_minimum=draw(
                            st.one_of(st.none(), st.sampled_from([Decimal(40), Decimal("66.7")]))
                        ),
                        critical_cap=draw(st.sampled_from(["", "A", "B", "C", "F"])),
                    )
                    for _ in range(size)
                ),
            )
            for identity, size in enumerate(sizes)
        ),
        scale_min=lowest,
        scale_max=lowest + span,
        minimum_coverage=draw(st.sampled_from([Decimal(60), Decimal(0), Decimal("33.33"), Decimal(100)])),
        minimum_raters=draw(st.integers(0, 3)),
        role_weights=draw(st.one_of(st.just({}), st.dictionaries(st.sampled_from(ROLES), SHARES))),
        **({"bands": bands} if bands else {}),
    )


@st.composite
def portfolios(draw: st.DrawFn) -> Portfolio:
    template = draw(templates())
    criteria = [criterion for category in template.categories for criterion in category.criteria]
    mark = st.one_of(
        st.integers(template.scale_min, template.scale_max),
        st.just(NOT_APPLICABLE),
        st.none(),
        st.just(NOT_APPLICABLE),
    )

    def assessment() -> Given:
        role = draw(st.sampled_from(ROLES))
        asked = [c.id for c in criteria if not c.measured and (not c.roles or role in c.roles)]
        same = draw(st.one_of(st.none(), mark))  # now and then one mark for all
        marks = {place: draw(mark) if same is None else same for place in asked}
        return Given(role, marks, submitted=draw(st.integers(0, 7)) > 0)

    cards = [[assessment() for _ in range(draw(st.integers(0, 6)))] for _ in range(draw(st.integers(1, 3)))]
    said = st.tuples(st.one_of(st.none(), VALUES, VALUES), st.integers(0, 4))
    measured = [{c.id: draw(said) for c in criteria if c.measured and draw(st.booleans())} for _ in cards]
    return Portfolio(template, cards, measured)


def save_template(weights: TemplateWeights, name: str) -> tuple[Template, dict[int, int], dict[int, int]]:
    """Save it and return it with the database's ids of criteria and of categories, by place."""
    template = Template.objects.create(
        name=name, state="active", scale_min=weights.scale_min, scale_max=weights.scale_max,
        minimum_coverage=weights.minimum_coverage, minimum_raters=weights.minimum_raters,
        role_weights={role: str(weight) for role, weight in weights.role_weights.items()},
    )  # fmt: skip
    Band.objects.bulk_create(
        Band(template=template, letter=letter, name=letter, lower=lower) for letter, lower in weights.bands
    )
    criteria, categories = {}, {}
    for place, category in enumerate(weights.categories):
        saved = Category.objects.create(
            template=template, name=str(place), weight=category.weight, position=place
        )
        categories[category.id] = saved.pk
        rows = Criterion.objects.bulk_create(
            Criterion(
                category=saved, name=str(c.id), weight=c.weight, position=position, roles=list(c.roles),
                kind="measured" if c.measured else "rated", critical_minimum=c.critical_minimum,
                critical_cap=c.critical_cap, floor=c.floor, target=c.target, min_observations=c.min_observations,
                metric=f"measure {c.id}" if c.measured else "",
            )
            for position, c in enumerate(category.criteria)
        )  # fmt: skip
        criteria |= {c.id: row.pk for c, row in zip(category.criteria, rows, strict=True)}
    return template, criteria, categories


def save_scorecards(
    template: Template, criteria: dict[int, int], cards: list, raters: list[User], cycle: Cycle | None = None,
    measured: list[dict[int, tuple[Decimal | None, int]]] | None = None,
) -> list[Scorecard]:  # fmt: skip
    """Save scorecards of new partners, with these assessments and what their figures say."""
    cycle = cycle or make_cycle()
    saved = []
    for assessments in cards:
        card = Scorecard.objects.create(cycle=cycle, partner=make_partner(), template=template)
        said = measured[len(saved)] if measured else {}
        Figure.objects.bulk_create(
            Figure(partner=card.partner, name=f"measure {place}", value=value, observations=observations)
            for place, (value, observations) in said.items()
        )
        saved.append(card)
        rows = Assessment.objects.bulk_create(
            Assessment(
                scorecard=card, rater=rater, rater_role=given.role,
                submitted_at=timezone.now() if given.submitted else None,
            )
            for rater, given in zip(raters, assessments, strict=False)
        )  # fmt: skip
        Rating.objects.bulk_create(
            [
                Rating(
                    assessment=row, scorecard=card, criterion_id=criteria[place],
                    value=None if mark == NOT_APPLICABLE else mark, not_applicable=mark == NOT_APPLICABLE,
                )
                for row, given in zip(rows, assessments, strict=True)
                for place, mark in given.marks.items()
                if mark is not None or place % 2
            ],
            batch_size=20_000,
        )  # fmt: skip
    return saved
