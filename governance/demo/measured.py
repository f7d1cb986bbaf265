"""The demo's own version of the vendors' template: what facts can answer, they answer."""

from django.db.models import F

from scorecards.measures import usual_line
from scorecards.models import Criterion, CycleTemplate, Scorecard, Template
from scorecards.services.templates import BUILTIN, activate, new_version

VENDOR = BUILTIN[0][0]
MEASURED = {  # criterion: its figure, and how many observations it takes
    "Delivers what it promised when it promised": ("promises_kept", 3),
    "Price against the market": ("benchmark_position", 1),
    "Answers sales-support and special-bid requests": ("answered_in_time", 3),
}


def load_measured() -> None:
    """Version 2, with three criteria that measure themselves, in use from the first quarter on."""
    draft = new_version(Template.objects.get(name=VENDOR, number=1))
    for name, (metric, least) in MEASURED.items():
        floor, target = usual_line(metric)
        Criterion.objects.filter(category__template=draft, name=name).update(
            kind=Criterion.MEASURED, metric=metric, min_observations=least, floor=floor, target=target
        )
    activate(draft)


def demo_template(cycles: list[int]) -> Template | None:
    """That version, if these cycles used it."""
    return Template.objects.filter(name=VENDOR, number=2, cycletemplate__cycle__in=cycles).first()


def retire_measured(template: Template) -> None:
    """Take it out and give its place back, unless somebody has built on it."""
    uses = [model.objects.filter(template=template).exists() for model in (CycleTemplate, Scorecard)]
    if template.state == Template.ACTIVE and not any(uses):
        template.delete()
        Template.objects.filter(name=VENDOR, number=1).update(state=Template.ACTIVE, version=F("version") + 1)
