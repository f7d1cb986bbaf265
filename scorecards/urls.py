"""Addresses of templates, cycles, the scoring grid, scorecards and their exports."""

from django.urls import path

from scorecards.views import assessments

urlpatterns: list = [
    # the scoring grid, scorecards, exports
    path("assessments/<int:pk>/", assessments.assessment_detail, name="assessment_detail"),
    path(
        "assessments/<int:pk>/cells/<int:criterion_id>/", assessments.assessment_cell, name="assessment_cell"
    ),
    path("assessments/<int:pk>/submit/", assessments.assessment_submit, name="assessment_submit"),
    path("assessments/<int:pk>/withdraw/", assessments.assessment_withdraw, name="assessment_withdraw"),
]
