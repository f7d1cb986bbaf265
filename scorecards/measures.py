"""Measured criteria in words: what their figure says, the line it lies on, why it gives no score."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from accounts.numbers import NotANumber, parse_decimal
from accounts.templatetags.look import day
from accounts.words import counted
from evidence.figures import ABOVE, FIGURES, INDEX, MEASURABLE, SHARE, FigureKind, words
from scorecards import scoring
from scorecards.models import Criterion

# Where a figure gives no points and where all of them, unless somebody chooses otherwise.
LINES = {
    "presence_ratio": ("5", "1"), "focus": ("0", "0.5"), "answer_days": ("15", "3"), "our_answer_days": ("15", "3"),
    "programme_return": ("0", "1.5"), "value_index": ("-1", "1"), "benchmark_position": ("0.2", "0"),
    "notice_days": ("0", "90"), "our_notice_days": ("0", "90"),
}  # fmt: skip
LARGEST = 10_000_000


def usual_line(metric: str) -> tuple[Decimal, Decimal]:
    """Floor and target that fit a figure; of a share, nothing and all."""
    floor, target = LINES.get(metric, ("0", "1"))
    return Decimal(floor), Decimal(target)


def problem_of(criterion: Criterion) -> str:
    """Why a measured criterion cannot be scored; empty when it can."""
    kind = FIGURES.get(criterion.metric)
    if kind is None:
        said = f"“{criterion.metric}” is none" if criterion.metric else "none is chosen"
        return f"A measured criterion needs a figure, and {said}. Figures that measure: {names()}."
    if not kind.measurable:
        return f"“{kind.label}” can stand beside a criterion and not measure it. Figures that measure: {names()}."
    if criterion.floor is None or criterion.target is None:
        return "A measured criterion needs both: where it gives 0 points and where it gives 100."
    return ""


def names() -> str:
    """The figures a criterion can be measured by, as a table names them."""
    return ", ".join(kind.name for kind in MEASURABLE)


def read_cells(kind: str, text: Callable[[str], str], say: Callable[[str, str], None]) -> dict[str, Any]:
    """The figure of a row of a table and, where it measures, its line: the usual one if there is none.

    `text` gives the cell of a column, `say` takes what is wrong with one.
    """
    metric = "_".join(text("metric").lower().split())
    if metric and metric not in FIGURES:
        say("metric", f"There is no figure “{text('metric')[:60]}”. Figures that measure: {names()}.")
        return {}
    if kind != Criterion.MEASURED:
        return {"metric": metric}
    levels: dict[str, Decimal | None] = {"floor": None, "target": None}
    for column in levels:
        try:
            levels[column] = read_level(text(column)) if text(column) else None
        except NotANumber as error:
            say(column, str(error))
            return {}
    if levels == {"floor": None, "target": None} and metric:
        levels = dict(zip(levels, usual_line(metric), strict=True))
    least = text("min_observations") or "1"
    if not (least.isascii() and least.isdigit() and 1 <= int(least[:6]) <= 10_000):
        say("min_observations", f"“{least[:20]}” is no whole number from 1 to 10,000.")
        return {}
    found = {"metric": metric, "min_observations": int(least), **levels}
    if reason := problem_of(Criterion(kind=kind, **found)):
        say("metric" if levels["floor"] is not None and levels["target"] is not None else "floor", reason)
    elif levels["floor"] == levels["target"]:
        say(
            "target", "The target is where it gives 100 points, the floor where it gives 0: they must differ."
        )
    return found


def cells_of(criterion: Criterion) -> list[str]:
    """Its floor, target and least observations as a table holds them."""
    if criterion.kind != Criterion.MEASURED:
        return ["", "", ""]
    return [plain(criterion.floor), plain(criterion.target), str(criterion.min_observations)]


def plain(number: Decimal | None) -> str:
    """A number as a table holds it, without closing zeros."""
    return "" if number is None else f"{number.normalize():f}"


def label_of(metric: str) -> str:
    kind = FIGURES.get(metric)
    return kind.label if kind else metric or "no figure"


def read_level(text: str) -> Decimal:
    """A value of a figure as people type it: shares and prices also in per cent. Raises NotANumber."""
    typed = " ".join(text.replace("−", "-").split())
    percent = typed.endswith("%")
    number = parse_decimal(typed.removesuffix("%"), least=-LARGEST, most=LARGEST, places=2 if percent else 4)
    return number / 100 if percent else number


def level(metric: str, value: Decimal | None) -> str:
    """A value of a figure in its unit: "60 %", "3 working days"."""
    kind = FIGURES.get(metric)
    if value is None:
        return ""
    if kind and kind.unit in (SHARE, ABOVE):
        return f"{exact(value * 100)} %".replace("-", "−")
    number = exact(value).replace("-", "−")
    return f"{number} {kind.unit}" if kind and kind.unit not in (INDEX, "count") else number


def typed(metric: str, value: Decimal | None) -> str:
    """A value of a figure as people type it: shares and prices in per cent."""
    kind = FIGURES.get(metric)
    if value is not None and kind and kind.unit in (SHARE, ABOVE):
        return f"{exact(value * 100)} %"
    return "" if value is None else exact(value)


def said(criterion: Criterion, tally: scoring.Tally) -> str:
    """What the figure of a measured criterion says, in a few words."""
    if criterion.metric not in FIGURES:
        return ""
    return words(criterion.metric, tally.value, tally.observations)


def line_of(criterion: Criterion) -> str:
    """The line of a measured criterion in words."""
    kind = FIGURES.get(criterion.metric)
    least = counted(criterion.min_observations, (kind.noun if kind else "") or "observation")
    floor, target = level(criterion.metric, criterion.floor), level(criterion.metric, criterion.target)
    return f"0 points at {floor}, 100 at {target}, straight in between; from {least}"


def observed(kind: FigureKind, number: int) -> str:
    """On how much it rests: "12 requests"."""
    return counted(number, kind.noun or "observation")


def why_not(criterion: Criterion, tally: scoring.Tally) -> str:
    """Why a measured criterion has no score."""
    kind = FIGURES.get(criterion.metric)
    if problem_of(criterion) or kind is None:
        return "measured, and its figure is not settled"
    if not tally.observations:
        return "measured, and nothing is on record"
    seen = observed(kind, tally.observations)
    least = max(criterion.min_observations, kind.minimum)
    if tally.observations < least:
        return f"measured, and {seen} on record are too few: it takes {least}"
    return f"measured, and {seen} on record are not enough to say"


def measured_steps(
    criterion: Criterion, tally: scoring.Tally, score: Fraction | None, as_of: date | None
) -> list[tuple[str, str]]:
    """How a measured criterion comes to its score."""
    kind, floor, target = FIGURES.get(criterion.metric), criterion.floor, criterion.target
    if kind is None or floor is None or target is None:
        return []
    since = f", since {day(as_of)}" if as_of else ""
    steps = []
    if tally.observations:
        rests = f"from {observed(kind, tally.observations)}{since}"
        steps.append(("The figure", f"{kind.label}: {said(criterion, tally)}, {rests}"))
    line = f"0 points at {level(kind.name, floor)}, 100 at {level(kind.name, target)}, straight in between"
    steps.append(
        ("Its line", f"{line}; from {counted(criterion.min_observations, kind.noun or 'observation')}")
    )
    if score is not None and tally.value is not None:
        place = (Fraction(tally.value) - Fraction(floor)) * 100 / (Fraction(target) - Fraction(floor))
        held = f" and not beyond {exact(score)}" if place != score else ""
        sum_ = f"({signed(tally.value)} − {signed(floor)}) ÷ ({signed(target)} − {signed(floor)}) × 100"
        steps.append(("As per cent", f"{sum_} = {signed(place)}{held}, shown as {scoring.shown(score)}"))
    return steps


def signed(value: Fraction | Decimal) -> str:
    """A number written out, one below zero in brackets."""
    return f"(−{exact(-value)})" if value < 0 else exact(value)


def exact(value: Fraction | Decimal | int) -> str:
    """A number written out: all its decimals where they end within six, else six and an ellipsis."""
    number = Fraction(value)
    scaled = number * 10**6
    text = f"{Decimal(int(scaled)).scaleb(-6).normalize():f}"
    return text if scaled.denominator == 1 else f"{int(scaled) / 10**6:.6f}…"
