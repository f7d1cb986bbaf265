"""Addresses of partners, contracts and register imports."""

from django.urls import path

from partners.views import register

urlpatterns = [
    path("import/", register.import_list, name="import_list"),
    path("import/<int:pk>/", register.import_detail, name="import_detail"),
    path("import/<int:pk>/left-out.csv", register.import_problems, name="import_problems"),
]
