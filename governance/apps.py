"""Django's registration of the governance app."""

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    name = "governance"
