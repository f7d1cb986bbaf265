"""Templates, cycles, scorecards, assessments, ratings, comments and the scores worked out from them."""

import uuid
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.lookups import Exact
from django.urls import reverse

from accounts.audit import audited
from accounts.models import RATER_ROLES
from partners.models import CANDIDATE, KINDS, Partner
from vendorhub.roles import may

TEMPLATE_KINDS = [*KINDS, (CANDIDATE, "Candidate, whatever its kind")]  # whom a template is for


class Template(models.Model):
    """One version of a template: what we value in partners of a kind. In use, it is never edited."""

    DRAFT, ACTIVE, RETIRED = "draft", "active", "retired"

    name = models.CharField(max_length=200)
    number = models.PositiveSmallIntegerField(default=1, help_text="The version of this template.")
    kind = models.CharField(
        max_length=12, choices=TEMPLATE_KINDS, default="vendor", verbose_name="for partners of kind"
    )
    state = models.CharField(
        max_length=8, default=DRAFT, choices=[(DRAFT, "Draft"), (ACTIVE, "Active"), (RETIRED, "Retired")]
    )
    scale_min = models.SmallIntegerField(default=1)
    scale_max = models.SmallIntegerField(default=5)
    minimum_coverage = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        default=Decimal(60),
        help_text="Per cent of the weight scored for a final score.",
    )
    minimum_raters = models.PositiveSmallIntegerField(default=2)
    # rater role → weight as a decimal string; empty: every assessment counts once.
    role_weights = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        ordering = ["name", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["name", "number"], name="template_version_unique"),
            models.UniqueConstraint(fields=["name"], condition=Q(state="active"), name="one_active_version"),
            models.UniqueConstraint(fields=["name"], condition=Q(state="draft"), name="one_draft_version"),
            models.CheckConstraint(condition=Q(scale_max__gt=F("scale_min")), name="scale_max_above_min"),
        ]
        triggers = audited()

    def __str__(self) -> str:
        return f"{self.name}, version {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("template_detail", args=[self.pk])


class Band(models.Model):
    """A standing: the range from `lower` (included) to the next band's lower edge."""

    template = models.ForeignKey(Template, on_delete=models.CASCADE, related_name="bands")
    letter = models.CharField(max_length=1)
    name = models.CharField(max_length=40)
    lower = models.DecimalField(max_digits=4, decimal_places=1)

    class Meta:
        ordering = ["-lower"]
        constraints = [
            models.UniqueConstraint(fields=["template", "letter"], name="band_letter_unique"),
            models.UniqueConstraint(fields=["template", "lower"], name="band_lower_unique"),
            models.CheckConstraint(condition=Q(lower__gte=0, lower__lte=100), name="band_within_0_100"),
        ]
        triggers = audited()

    def __str__(self) -> str:
        return f"{self.letter} {self.name}"


class Category(models.Model):
    template = models.ForeignKey(Template, on_delete=models.CASCADE, related_name="categories")
    name = models.CharField(max_length=200)
    weight = models.DecimalField(max_digits=9, decimal_places=4)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]
        verbose_name_plural = "categories"
        constraints = [
            models.UniqueConstraint(
                fields=["template", "name"],
                name="category_name_unique",
                deferrable=models.Deferrable.DEFERRED,  # two may change names in one save
            ),
            models.CheckConstraint(condition=Q(weight__gte=0), name="category_weight_not_negative"),
        ]
        triggers = audited()

    def __str__(self) -> str:
        return self.name


class Criterion(models.Model):
    """What is judged. `anchors` holds one sentence per level, lowest first.

    Measured: a figure (`metric`, a name of `evidence.figures`) gives its score, on a straight line from 0 points at
    `floor` to 100 at `target`. Rated: `metric` names the figure that stands beside it while people mark it.
    """

    RATED, MEASURED = "rated", "measured"

    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="criteria")
    name = models.CharField(max_length=200)
    weight = models.DecimalField(max_digits=9, decimal_places=4)
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=8, choices=[(RATED, "Rated"), (MEASURED, "Measured")], default=RATED)
    metric = models.CharField(max_length=60, blank=True)
    floor = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    target = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    min_observations = models.PositiveSmallIntegerField(default=1)
    roles = ArrayField(models.CharField(max_length=20, choices=RATER_ROLES), default=list, blank=True)
    anchors = ArrayField(models.CharField(max_length=500, blank=True), default=list, blank=True)
    critical_minimum = models.DecimalField(
        max_digits=7,
        decimal_places=4,
        null=True,
        blank=True,
        help_text="0 to 100. Below it, the standing is capped.",
    )
    critical_cap = models.CharField(
        max_length=1, blank=True, help_text="Letter of the band it is capped at; empty: the second lowest."
    )

    class Meta:
        ordering = ["category__position", "category_id", "position", "pk"]
        verbose_name_plural = "criteria"
        constraints = [
            models.UniqueConstraint(
                fields=["category", "name"],
                name="criterion_name_unique",
                deferrable=models.Deferrable.DEFERRED,  # two may change names in one save
            ),
            models.CheckConstraint(condition=Q(weight__gte=0), name="criterion_weight_not_negative"),
            models.CheckConstraint(
                condition=Q(critical_minimum=None) | Q(critical_minimum__gte=0, critical_minimum__lte=100),
                name="critical_minimum_within_0_100",
            ),
            models.CheckConstraint(
                condition=Q(floor=None) | Q(target=None) | ~Q(floor=F("target")), name="floor_is_not_target"
            ),
        ]
        triggers = audited()

    def __str__(self) -> str:
        return self.name


class PairAnswersQuerySet(models.QuerySet["PairAnswers"]):
    def visible_to(self, user: Any) -> "PairAnswersQuerySet":
        """Templates are the company's, and so is what people say of their weights."""
        return self if may(user, "see_templates") else self.none()


class PairAnswers(models.Model):
    """How one person compares a template's categories in pairs, or the criteria of one of them.

    `answers`: {"12-15": 3}: the first weighs three times the second; -3: the second three times the first.
    """

    OF = "template"

    template = models.ForeignKey(Template, on_delete=models.CASCADE, related_name="pair_answers")
    category = models.ForeignKey(Category, null=True, on_delete=models.CASCADE, related_name="pair_answers")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="pair_answers"
    )
    answers = models.JSONField(default=dict)

    objects = PairAnswersQuerySet.as_manager()

    class Meta:
        ordering = ["person__name", "pk"]
        verbose_name = verbose_name_plural = "answers in pairs"
        constraints = [
            models.UniqueConstraint(
                fields=["template", "category", "person"],
                nulls_distinct=False,
                name="one_set_of_answers_per_person",
            )
        ]
        triggers = audited()

    def __str__(self) -> str:
        return f"{self.person} on {self.category or self.template}"


class CycleQuerySet(models.QuerySet["Cycle"]):
    def visible_to(self, user: Any) -> "CycleQuerySet":
        """Cycles are the company's: whoever may use the product may know of them."""
        return self if may(user, "use") else self.none()


class Cycle(models.Model):
    """A quarterly review: draft → open → closed. Closed, its scores and their inputs do not move."""

    DRAFT, OPEN, CLOSED = "draft", "open", "closed"

    name = models.CharField(max_length=100, unique=True)
    starts = models.DateField()
    ends = models.DateField()
    due = models.DateField(help_text="The day raters should have submitted by.")
    state = models.CharField(
        max_length=6, default=DRAFT, choices=[(DRAFT, "Draft"), (OPEN, "Open"), (CLOSED, "Closed")]
    )
    opened_at = models.DateTimeField(null=True, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)
    reopen_reason = models.TextField(blank=True, max_length=2000)
    templates = models.ManyToManyField(Template, through="CycleTemplate", related_name="cycles")
    is_demo = models.BooleanField(default=False, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = CycleQuerySet.as_manager()

    class Meta:
        ordering = ["-ends", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(ends__gte=F("starts")), name="cycle_ends_after_start")
        ]
        triggers = audited(ignore=("is_demo",))

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("cycle_detail", args=[self.pk])


class CycleTemplate(models.Model):
    """The template a cycle uses for partners of a kind."""

    cycle = models.ForeignKey(Cycle, on_delete=models.CASCADE)
    kind = models.CharField(max_length=12, choices=TEMPLATE_KINDS)
    template = models.ForeignKey(Template, on_delete=models.PROTECT)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cycle", "kind"], name="one_template_per_kind")]
        triggers = audited()

    def __str__(self) -> str:
        return f"{self.cycle}: {self.kind}"


class ScorecardQuerySet(models.QuerySet["Scorecard"]):
    def visible_to(self, user: Any) -> "ScorecardQuerySet":
        """Scorecards of partners inside the user's walls. Says nothing yet about their scores."""
        partners = Partner.objects.visible_to(user)
        # A join with all partners says nothing and costs a look at each of them.
        return self.filter(partner__in=partners) if partners.query.has_filters() else self

    def holds(self, field: str = "scorecard") -> models.Func:
        """A condition for rows of many of these: `.filter(scorecards.holds())`.

        Says the same as `scorecard__in`; but PostgreSQL then walks one index in order, in a third of a join's time.
        Of a cycle newer than its statistics it expects one row: a join is then a loop over all rows for each row.
        """
        found = ArraySubquery(self.order_by().values("pk"))
        return models.Func(
            F(field),
            found,
            template="%(expressions)s)",
            arg_joiner=" = ANY (",
            output_field=models.BooleanField(),
        )

    def scores_visible_to(self, user: Any) -> "ScorecardQuerySet":
        """Scorecards whose scores, marks and comments the user may see.

        Blindness: in a cycle that is not closed, whoever still has an assessment to submit sees no score of
        that cycle at all. Raters without a wider role see only scorecards they have submitted for.
        """
        unsubmitted = Assessment.objects.filter(
            rater=user, submitted_at=None, scorecard__cycle=models.OuterRef("cycle")
        )
        seen = self.visible_to(user).filter(Q(cycle__state=Cycle.CLOSED) | ~models.Exists(unsubmitted))
        if may(user, "see_scores"):
            return seen
        own = Assessment.objects.filter(
            rater=user, submitted_at__isnull=False, scorecard=models.OuterRef("pk")
        )
        return seen.filter(models.Exists(own))


class Scorecard(models.Model):
    """One partner in one cycle, with the template version it was opened with."""

    cycle = models.ForeignKey(Cycle, on_delete=models.CASCADE, related_name="scorecards")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="scorecards")
    template = models.ForeignKey(Template, on_delete=models.PROTECT, related_name="scorecards")

    objects = ScorecardQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cycle", "partner"], name="one_scorecard_per_partner")]
        indexes = [models.Index(fields=["partner", "cycle"], name="scorecard_by_partner")]
        triggers = audited()

    def __str__(self) -> str:
        return f"{self.partner}, {self.cycle}"

    def get_absolute_url(self) -> str:
        return reverse("scorecard_detail", args=[self.pk])


class AssessmentQuerySet(models.QuerySet["Assessment"]):
    def visible_to(self, user: Any) -> "AssessmentQuerySet":
        """A rater's own assessments: nobody else opens them."""
        return self.filter(rater=user, scorecard__in=Scorecard.objects.visible_to(user))


class Assessment(models.Model):
    """What one rater says of one scorecard. Counts from `submitted_at` on."""

    scorecard = models.ForeignKey(
        Scorecard, on_delete=models.CASCADE, related_name="assessments", db_index=False
    )
    rater = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="assessments")
    rater_role = models.CharField(max_length=20, choices=RATER_ROLES, default="business")
    submitted_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = AssessmentQuerySet.as_manager()

    class Meta:
        constraints = [
            # With all that a count over a cycle reads, so that it reads nothing else.
            models.UniqueConstraint(
                fields=["scorecard", "rater"],
                include=["rater_role", "submitted_at"],
                name="one_assessment_per_rater",
            )
        ]
        indexes = [
            # Whoever has something left to submit is blind: asked for on every page with scores.
            models.Index(
                fields=["rater", "scorecard"], condition=Q(submitted_at=None), name="assessment_left"
            )
        ]
        triggers = audited()

    def __str__(self) -> str:
        return f"{self.rater} on {self.scorecard}"


class RatingQuerySet(models.QuerySet["Rating"]):
    def answered(self) -> "RatingQuerySet":
        """Cells that say something: rated or not applicable."""
        return self.filter(Q(value__isnull=False) | Q(not_applicable=True))

    def history_withheld_from(self, user: Any) -> bool:
        """Whoever still owes marks to an open cycle does not read others' in the audit trail either."""
        owed = Assessment.objects.filter(rater=user, submitted_at=None, scorecard__cycle__state=Cycle.OPEN)
        return owed.exists()


class Rating(models.Model):
    """One cell: rated (`value`), not applicable, or (neither, or no row) not answered.

    `scorecard` repeats the assessment's so that the recompute streams in index order.
    """

    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="ratings")
    scorecard = models.ForeignKey(Scorecard, on_delete=models.CASCADE, related_name="+", db_index=False)
    criterion = models.ForeignKey(Criterion, on_delete=models.PROTECT, related_name="+", db_index=False)
    value = models.SmallIntegerField(null=True)
    not_applicable = models.BooleanField(default=False)
    reason = models.CharField(max_length=500, blank=True, help_text="Why it does not apply.")
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = RatingQuerySet.as_manager()
    history_kept = True  # from submission on, by sql/rules.sql

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["scorecard", "criterion", "assessment"], include=["value", "not_applicable"],
                name="rating_cell_unique",
            ),
            models.CheckConstraint(condition=Q(value=None) | Q(not_applicable=False), name="rating_rated_or_na"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.criterion_id}: {'n/a' if self.not_applicable else self.value}"

    @property
    def history_name(self) -> str:
        """What the audit trail calls this mark."""
        return f"{self.criterion}, {self.assessment.rater} on {self.scorecard}"


class Measurement(models.Model):
    """What a figure said for a measured criterion. Follows the figure while the cycle is open, then stays.

    Written by sql/measurements.sql alone. `value` None: not enough to say, or nothing on record. `as_of`: the day
    since when it says so.
    """

    scorecard = models.ForeignKey(
        Scorecard, on_delete=models.CASCADE, related_name="measurements", db_index=False
    )
    criterion = models.ForeignKey(Criterion, on_delete=models.PROTECT, related_name="+", db_index=False)
    value = models.DecimalField(max_digits=18, decimal_places=6, null=True)
    observations = models.PositiveIntegerField(default=0)
    as_of = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scorecard", "criterion"], name="one_measurement_per_criterion")
        ]

    def __str__(self) -> str:
        return f"{self.criterion_id}: {self.value}"


class Comment(models.Model):
    """A remark on a criterion (or the whole). Anonymous: `assessment` is NULL from the first keystroke on.

    The key says nothing of order and there is no time, so that neither gives the author away (see
    `scorecards.services.comments` for what anonymous promises).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    scorecard = models.ForeignKey(Scorecard, on_delete=models.CASCADE, related_name="comments")
    criterion = models.ForeignKey(Criterion, null=True, on_delete=models.PROTECT, related_name="+")
    assessment = models.ForeignKey(Assessment, null=True, on_delete=models.CASCADE, related_name="comments")
    text = models.TextField(max_length=5000)
    published = models.BooleanField(
        default=False, help_text="Its cycle was closed: anonymous ones are shown then."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["assessment", "criterion"], nulls_distinct=True, name="one_signed_comment_per_cell"
            )
        ]

    def __str__(self) -> str:
        return self.text[:60]


def _cardinality(array: str) -> models.Func:
    return models.Func(F(array), function="cardinality", output_field=models.IntegerField())


class Score(models.Model):
    """The outcome of a scorecard: scores 0 to 100 with four decimals, coverage in per cent.

    Its category scores stand beside it in the same row, by id of category: one row is written, compared and removed
    for a scorecard. Read them as `CategoryScore`.
    """

    NONE, PROVISIONAL, FINAL = "no score", "provisional", "final"

    scorecard = models.OneToOneField(
        Scorecard, primary_key=True, on_delete=models.CASCADE, related_name="score"
    )
    overall = models.DecimalField(max_digits=7, decimal_places=4, null=True)
    coverage = models.DecimalField(max_digits=7, decimal_places=4)
    lower = models.DecimalField(max_digits=7, decimal_places=4, null=True)
    upper = models.DecimalField(max_digits=7, decimal_places=4, null=True)
    status = models.CharField(max_length=11)
    standing = models.CharField(max_length=1, blank=True)
    capped_by = models.ForeignKey(
        Criterion, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    raters = models.PositiveIntegerField(default=0)
    category_ids = ArrayField(models.BigIntegerField(), default=list)
    category_scores = ArrayField(models.DecimalField(max_digits=7, decimal_places=4), default=list)

    class Meta:
        indexes = [
            models.Index(
                fields=["capped_by"], condition=Q(capped_by__isnull=False), name="score_by_capping_criterion"
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Exact(_cardinality("category_ids"), _cardinality("category_scores")),
                name="one_score_per_category",
            )
        ]

    def __str__(self) -> str:
        return f"{self.overall} ({self.status})"


class CategoryScore(models.Model):
    """A category's score, 0 to 100 with four decimals: a view of `Score`; no row where nothing of it is scored."""

    pk = models.CompositePrimaryKey("scorecard", "category")
    scorecard = models.ForeignKey(Scorecard, on_delete=models.DO_NOTHING, related_name="category_scores")
    category = models.ForeignKey(Category, on_delete=models.DO_NOTHING, related_name="+")
    score = models.DecimalField(max_digits=7, decimal_places=4)

    class Meta:
        managed = False

    def __str__(self) -> str:
        return f"{self.category_id}: {self.score}"


class RecomputeRequest(models.Model):
    """A scorecard whose inputs changed. Renewed by a new `token` while a worker may be at it."""

    scorecard = models.OneToOneField(Scorecard, primary_key=True, on_delete=models.CASCADE, related_name="+")
    token = models.UUIDField(default=uuid.uuid4)
    requested_at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return str(self.scorecard_id)


# At the end, where their rows come from is known; Django looks for all models here.
from scorecards.models_fair import FairCycle, FairRater, FairRequest, FairScore  # noqa: E402, F401
