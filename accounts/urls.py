"""Addresses of settings and history."""

from django.urls import path

from accounts.views import audit, mail, settings

urlpatterns = [
    path("settings/", settings.people, name="settings"),
    path("settings/people/", settings.people, name="people"),
    path("settings/people/new/", settings.person_create, name="person_create"),
    path("settings/people/<int:pk>/", settings.person_edit, name="person_edit"),
    path("settings/people/<int:pk>/invite/", settings.person_invite, name="person_invite"),
    path("settings/units/", settings.units, name="units"),
    path("settings/units/<int:pk>/rename/", settings.unit_rename, name="unit_rename"),
    path("settings/units/<int:pk>/delete/", settings.unit_delete, name="unit_delete"),
    path("settings/mail/", mail.mail_list, name="mail_list"),
    path("settings/mail/retry/", mail.mail_retry_all, name="mail_retry_all"),
    path("settings/mail/<int:pk>/retry/", mail.mail_retry, name="mail_retry"),
    path("my/mail/", mail.mail_choices, name="mail_choices"),
    path("mail/stop/<str:token>/", mail.mail_stop, name="mail_stop"),
    path("settings/audit/", audit.audit_list, name="audit_list"),
    path("history/<slug:table>/<int:row_id>/", audit.history, name="history"),
]
