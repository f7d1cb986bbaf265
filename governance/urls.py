"""Addresses of the pages that put everything together."""

from django.urls import path

from governance.views import brief, decisions, feeds, home, partner, portfolio, reminders, renewals

urlpatterns = [
    path("", home.home, name="home"),
    path("portfolio/", portfolio.portfolio, name="portfolio"),
    path("portfolio/export.csv", portfolio.portfolio_export, name="portfolio_export"),
    path("portfolio/categories/", portfolio.portfolio_heat, name="portfolio_heat"),
    path("calendar/", feeds.calendar, name="calendar"),
    path("calendar/new-address/", feeds.calendar_renew, name="calendar_renew"),
    path("calendar/revoke/", feeds.calendar_revoke, name="calendar_revoke"),
    path("calendar/<slug:secret>.ics", feeds.calendar_feed, name="calendar_feed"),
    path("renewals/", renewals.renewals, name="renewals"),
    path("renewals/export.csv", renewals.renewals_export, name="renewals_export"),
    path("renewals/compare/", renewals.renewals_compare, name="renewals_compare"),
    path("contracts/<int:pk>/brief/", brief.brief, name="brief"),
    path("partners/<int:pk>/admission/", brief.admission, name="admission"),
    path("decisions/", decisions.decision_list, name="decision_list"),
    path("decisions/export.csv", decisions.decision_export, name="decision_export"),
    path("decisions/<int:pk>/", decisions.decision_detail, name="decision_detail"),
    path("settings/reminders/", reminders.lead_times, name="lead_times"),
    path("partners/<int:pk>/", partner.partner_detail, name="partner_detail"),
]
