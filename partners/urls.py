"""Addresses of partners, contracts and register imports."""

from django.urls import path

from partners.views import contacts, contracts, costs, currencies, merge, partners, register

urlpatterns = [
    path("import/", register.import_list, name="import_list"),
    path("import/<int:pk>/", register.import_detail, name="import_detail"),
    path("import/<int:pk>/left-out.csv", register.import_problems, name="import_problems"),
    path("partners/", partners.partner_list, name="partner_list"),
    path("partners/export.csv", partners.partner_export, name="partner_export"),
    path("partners/new/", partners.partner_create, name="partner_create"),
    path("partners/<int:pk>/edit/", partners.partner_edit, name="partner_edit"),
    path("partners/<int:pk>/archive/", partners.partner_archive, name="partner_archive"),
    path("partners/<int:pk>/restore/", partners.partner_restore, name="partner_restore"),
    path("partners/<int:pk>/merge/", merge.partner_merge, name="partner_merge"),
    path("partners/<int:pk>/contracts/new/", contracts.contract_create, name="contract_create"),
    path("partners/<int:pk>/contacts/new/", contacts.contact_create, name="contact_create"),
    path("contracts/<int:pk>/", contracts.contract_detail, name="contract_detail"),
    path("contracts/<int:pk>/edit/", contracts.contract_edit, name="contract_edit"),
    path("contracts/<int:pk>/delete/", contracts.contract_delete, name="contract_delete"),
    path("contracts/<int:pk>/costs/", costs.contract_costs, name="contract_costs"),
    path("contracts/<int:pk>/costs/new/", costs.cost_create, name="cost_create"),
    path("contracts/<int:pk>/costs/import/", costs.cost_import, name="cost_import"),
    path("contracts/costs.csv", costs.costs_export, name="costs_export"),
    path("contracts/costs/import/", costs.costs_import, name="costs_import"),
    path("contracts/<int:pk>/costs.csv", costs.cost_export, name="cost_export"),
    path("contracts/costs/<int:pk>/edit/", costs.cost_edit, name="cost_edit"),
    path("contracts/costs/<int:pk>/delete/", costs.cost_delete, name="cost_delete"),
    path("settings/currencies/", currencies.currencies, name="currencies"),
    path("settings/currencies/reporting/", currencies.reporting_edit, name="reporting_edit"),
    path("settings/currencies/<int:pk>/", currencies.rate_edit, name="rate_edit"),
    path("settings/currencies/<int:pk>/delete/", currencies.rate_delete, name="rate_delete"),
    path("contacts/<int:pk>/edit/", contacts.contact_edit, name="contact_edit"),
    path("contacts/<int:pk>/end/", contacts.contact_end, name="contact_end"),
    path("contacts/<int:pk>/delete/", contacts.contact_delete, name="contact_delete"),
]
