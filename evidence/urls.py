"""Addresses of what happened."""

from django.urls import path, re_path

from evidence.views import calendar, entries, files, value

urlpatterns = [
    path("partners/<int:pk>/evidence/", entries.evidence, name="evidence"),
    path("partners/<int:pk>/evidence/new/", entries.entry_quick, name="entry_quick"),
    path("partners/<int:pk>/evidence/new/<slug:slug>/", entries.entry_new, name="entry_new"),
    path("evidence/new/", entries.entry_start, name="entry_start"),
    path("evidence/<slug:slug>/import/", files.entry_import, name="entry_import"),
    re_path(r"^evidence/(?P<slug>[a-z]+)/export\.(?P<form>csv|xlsx)$", files.entry_export, name="entry_export"),
    path("evidence/<slug:slug>/<int:pk>/", entries.entry, name="entry"),
    path("evidence/<slug:slug>/<int:pk>/delete/", entries.entry_delete, name="entry_delete"),
    path("partners/<int:pk>/value/", value.value, name="value"),
    path("partners/<int:pk>/value/<int:provider>/<int:year>/q<int:number>/", value.value_quarter, name="value_quarter"),
    path("evidence/calendar/", calendar.event_import, name="event_import"),
    path("evidence/calendar/drafts/", calendar.event_drafts, name="event_drafts"),
    path("settings/evidence/titles/", calendar.title_rules, name="title_rules"),
    path("settings/evidence/titles/<int:pk>/", calendar.title_rule_edit, name="title_rule_edit"),
    path("settings/evidence/titles/<int:pk>/delete/", calendar.title_rule_delete, name="title_rule_delete"),
    path("settings/evidence/", value.agreement, name="agreement"),
]  # fmt: skip
