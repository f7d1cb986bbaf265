"""Django's registration of the scorecards app."""

from django.apps import AppConfig


class ScorecardsConfig(AppConfig):
    name = "scorecards"
