"""Addresses of what happened."""

from django.urls import path

from evidence.views import value

urlpatterns = [
    path("partners/<int:pk>/value/", value.value, name="value"),
    path("partners/<int:pk>/value/<int:provider>/<int:year>/q<int:number>/", value.value_quarter, name="value_quarter"),
    path("settings/evidence/", value.agreement, name="agreement"),
]  # fmt: skip
