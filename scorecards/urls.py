"""Addresses of templates, cycles, the scoring grid, scorecards and their exports."""

from django.urls import path

from scorecards.views import (
    assessments,
    cycle_setup,
    cycle_steps,
    cycles,
    exports,
    fair,
    pairs,
    scorecards,
    templates,
    what_if,
)

urlpatterns: list = [
    # the scoring grid, scorecards, exports
    path("assessments/<int:pk>/", assessments.assessment_detail, name="assessment_detail"),
    path(
        "assessments/<int:pk>/cells/<int:criterion_id>/", assessments.assessment_cell, name="assessment_cell"
    ),
    path("assessments/<int:pk>/submit/", assessments.assessment_submit, name="assessment_submit"),
    path("assessments/<int:pk>/withdraw/", assessments.assessment_withdraw, name="assessment_withdraw"),
    path("scorecards/<int:pk>/", scorecards.scorecard_detail, name="scorecard_detail"),
    path("scorecards/<int:pk>/export.<str:form>", exports.scorecard_export, name="scorecard_export"),
    path("partners/<int:pk>/scorecard/", scorecards.partner_scorecard, name="partner_scorecard"),
    path("cycles/<int:pk>/export.<str:form>", exports.cycle_export, name="cycle_export"),
    # templates
    path("templates/", templates.template_list, name="template_list"),
    path("templates/import/", templates.template_import, name="template_import"),
    path("templates/<int:pk>/", templates.template_detail, name="template_detail"),
    path("templates/<int:pk>/edit/", templates.template_edit, name="template_edit"),
    path("templates/<int:pk>/what-if/", what_if.template_what_if, name="template_what_if"),
    path("templates/<int:pk>/pairs/", pairs.template_pairs, name="template_pairs"),
    path("templates/<int:pk>/pairs/use/", pairs.template_pairs_use, name="template_pairs_use"),
    path("templates/<int:pk>/template.csv", templates.template_export, name="template_export"),
    path("templates/<int:pk>/new-version/", templates.template_new_version, name="template_new_version"),
    path("templates/<int:pk>/activate/", templates.template_activate, name="template_activate"),
    path("templates/<int:pk>/discard/", templates.template_discard, name="template_discard"),
    # cycles
    path("cycles/", cycles.cycle_list, name="cycle_list"),
    path("cycles/new/", cycles.cycle_create, name="cycle_create"),
    path("cycles/<int:pk>/", cycles.cycle_detail, name="cycle_detail"),
    path("cycles/<int:pk>/fairness/", fair.cycle_fair, name="cycle_fair"),
    path("cycles/<int:pk>/edit/", cycles.cycle_edit, name="cycle_edit"),
    path("cycles/<int:pk>/partners/", cycle_setup.cycle_partners, name="cycle_partners"),
    path("cycles/<int:pk>/raters/", cycle_setup.cycle_raters, name="cycle_raters"),
    path("cycles/<int:pk>/template/", cycle_setup.cycle_template, name="cycle_template"),
    path(
        "cycles/<int:pk>/partners/<int:scorecard_id>/remove/",
        cycle_setup.cycle_remove_scorecard,
        name="cycle_remove_scorecard",
    ),
    path(
        "cycles/<int:pk>/raters/<int:assessment_id>/remove/",
        cycle_setup.cycle_remove_rater,
        name="cycle_remove_rater",
    ),
    path("cycles/<int:pk>/open/", cycle_steps.cycle_open, name="cycle_open"),
    path("cycles/<int:pk>/nudge/", cycle_steps.cycle_nudge, name="cycle_nudge"),
    path("cycles/<int:pk>/extend/", cycle_steps.cycle_extend, name="cycle_extend"),
    path("cycles/<int:pk>/close/", cycle_steps.cycle_close, name="cycle_close"),
    path("cycles/<int:pk>/discard/", cycle_steps.cycle_discard, name="cycle_discard"),
    path("cycles/<int:pk>/reopen/", cycle_steps.cycle_reopen, name="cycle_reopen"),
]
