"""Django's registration of the governance app."""

from pathlib import Path

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    name = "governance"

    def ready(self) -> None:
        """Meetings and actions have figures of their own."""
        from evidence.services.figures import add_group

        add_group("rhythm", (Path(__file__).parent / "sql" / "rhythm.sql").read_text())
