"""Computes scores at once, or says which stored ones are not what their marks come to."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from scorecards.models import Cycle, Scorecard
from scorecards.services import fair
from scorecards.services.recompute import differences, drain, recompute_now


class Command(BaseCommand):
    """`recompute [--cycle NAME | --all] [--verify]`."""

    help = (
        "Without options: work off what was requested, fair scores of closed cycles too. With --cycle or --all: compute every scorecard of open cycles "
        "anew, and only compare those of closed ones, whose scores stay. --verify changes nothing; it exits with 1 "
        "and lists the differences when there are any."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--cycle", metavar="NAME")
        which.add_argument("--all", action="store_true")
        parser.add_argument("--verify", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["cycle"] is None and not options["all"] and not options["verify"]:
            self.stdout.write(f"{drain():,} scorecards computed, as requested.")
            while fair.refresh_requested():
                pass
            return
        cards = self._scorecards(options["cycle"])
        if options["verify"]:
            self._compare(cards)
            return
        moving = list(cards.exclude(cycle__state=Cycle.CLOSED).values_list("pk", flat=True))
        recompute_now(moving)
        self.stdout.write(f"{len(moving):,} scorecards computed.")
        closed = cards.filter(cycle__state=Cycle.CLOSED)
        if closed.exists():
            self._compare(closed)

    def _scorecards(self, name: str | None) -> Any:
        if name is None:
            return Scorecard.objects.all()
        cycle = Cycle.objects.filter(name__iexact=name.strip().replace("\0", "")).first()
        if cycle is None:
            raise CommandError(f"There is no cycle “{name}”.")
        return cycle.scorecards.all()

    def _compare(self, cards: Any) -> None:
        found = differences(cards)
        for difference in found:
            self.stdout.write(str(difference))
        wrong = len({difference.scorecard_id for difference in found})
        self.stdout.write(f"{cards.count():,} scorecards compared with their marks, {wrong:,} differ.")
        unfair = list(fair.differences(Cycle.objects.filter(scorecards__in=cards).distinct()))
        for unlike in unfair:
            self.stdout.write(str(unlike))
        if found or unfair:
            sys.exit(1)
