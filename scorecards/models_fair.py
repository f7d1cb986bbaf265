"""What a closed cycle's ratings come to once severity is taken out: written by `services.fair` alone."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from vendorhub.roles import may

GROUP = 5  # raters behind anything that is shown of them together
NORMAL = Decimal("1.959964")  # standard errors of half a 95 % interval


class FairCycleQuerySet(models.QuerySet["FairCycle"]):
    def visible_to(self, user: Any) -> "FairCycleQuerySet":
        """What holds of a whole cycle is the company's, for those who see scores."""
        return self if may(user, "see_scores") else self.none()


class FairCycle(models.Model):
    """A closed cycle: variances in squared points of percent, None with the `reason` why they cannot be told.

    `agreement`: Krippendorff's alpha by "cycle", "g" and the id of a category, "c" and that of a criterion
    (scorecards/fair/cycle.py). `severe`, `generous`: how many raters are so markedly. `moved`: how many partners
    stand in another band.
    """

    cycle = models.OneToOneField(
        "scorecards.Cycle", primary_key=True, on_delete=models.CASCADE, related_name="fair"
    )
    reason = models.CharField(max_length=200, blank=True)
    target = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    rater = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    residual = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    ratings = models.PositiveIntegerField(default=0)
    raters = models.PositiveIntegerField(default=0)
    circles = models.PositiveIntegerField(default=0)
    severe = models.PositiveIntegerField(default=0)
    generous = models.PositiveIntegerField(default=0)
    moved = models.PositiveIntegerField(default=0)
    agreement = models.JSONField(default=dict)
    computed_at = models.DateTimeField(auto_now_add=True)

    objects = FairCycleQuerySet.as_manager()

    def __str__(self) -> str:
        return f"cycle {self.cycle_id}"


class FairRaterQuerySet(models.QuerySet["FairRater"]):
    def visible_to(self, user: Any) -> "FairRaterQuerySet":
        """A rater's own severity; everybody's for those who may see it. Others see counts alone."""
        if may(user, "see_severity"):
            return self
        return self.filter(rater=user) if may(user, "use") else self.none()


class FairRater(models.Model):
    """How severe a rater was in a cycle: points of percent, positive is generous, with their standard error."""

    cycle = models.ForeignKey(FairCycle, on_delete=models.CASCADE, related_name="effects", db_index=False)
    rater = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    n = models.PositiveIntegerField()
    effect = models.DecimalField(max_digits=8, decimal_places=4)
    se = models.DecimalField(max_digits=8, decimal_places=4)
    component = models.PositiveIntegerField()

    objects = FairRaterQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cycle", "rater"], name="one_effect_per_rater")]

    def __str__(self) -> str:
        return f"rater {self.rater_id} in {self.cycle_id}: {self.effect}"

    @property
    def margin(self) -> Decimal:
        """Half the 95 % interval."""
        return self.se * NORMAL

    @property
    def is_marked(self) -> bool:
        """Whether the interval leaves out 0."""
        return abs(self.effect) > self.margin


class FairScoreQuerySet(models.QuerySet["FairScore"]):
    def visible_to(self, user: Any) -> "FairScoreQuerySet":
        """Those of scorecards whose scores the user sees, where enough raters stand behind them."""
        from scorecards.models import Scorecard

        return self.telling().filter(scorecard__in=Scorecard.objects.scores_visible_to(user))

    def telling(self) -> "FairScoreQuerySet":
        """Those of cycles with a group of raters: of fewer, beside the score as marked, they would tell who was severe."""
        return self.filter(cycle__raters__gte=GROUP)


def _score(**fields: Any) -> models.DecimalField:
    return models.DecimalField(max_digits=8, decimal_places=4, **fields)


class FairScore(models.Model):
    """A scorecard's score with severity taken out: 95 % interval, rank and the ranks it cannot be told apart from.

    Ranks are None where the score is not final. Not cut off at 0 and 100. `severity_sd`: how far its raters' effects
    lie apart. Categories beside it, by id.
    """

    scorecard = models.OneToOneField(
        "scorecards.Scorecard", primary_key=True, on_delete=models.CASCADE, related_name="fair"
    )
    cycle = models.ForeignKey(FairCycle, on_delete=models.CASCADE, related_name="scores")
    component = models.PositiveIntegerField()
    adjusted = _score()
    lower = _score()
    upper = _score()
    standing = models.CharField(max_length=1, blank=True)
    rank = models.PositiveIntegerField(null=True)
    rank_first = models.PositiveIntegerField(null=True)
    rank_last = models.PositiveIntegerField(null=True)
    severity_sd = _score()
    category_ids = ArrayField(models.BigIntegerField(), default=list)
    category_scores = ArrayField(_score(), default=list)
    category_lower = ArrayField(_score(), default=list)
    category_upper = ArrayField(_score(), default=list)

    objects = FairScoreQuerySet.as_manager()

    def __str__(self) -> str:
        return f"scorecard {self.scorecard_id}: {self.adjusted}"

    @property
    def categories(self) -> dict[int, tuple[Decimal, Decimal, Decimal]]:
        """Score, lower and upper of each category, by its id."""
        parts = zip(self.category_scores, self.category_lower, self.category_upper, strict=True)
        return dict(zip(self.category_ids, parts, strict=True))

    @property
    def ranks(self) -> str:
        """The ranks that cannot be told apart: “4–7”, or the one there is."""
        if self.rank_first is None:
            return ""
        return (
            str(self.rank_first)
            if self.rank_first == self.rank_last
            else f"{self.rank_first}–{self.rank_last}"
        )


class FairRequest(models.Model):
    """A cycle was closed and waits to be worked out. Rows are only added: nobody who closes waits for a worker."""

    cycle = models.ForeignKey("scorecards.Cycle", on_delete=models.CASCADE, related_name="+")
    requested_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"cycle {self.cycle_id}"
