"""Making packs: a person asks, a worker writes the parts, prints them and joins what it printed.

What is made so far is in PostgreSQL. A worker holds a pack by a session lock, so a killed one lets go of it at once, and
the next goes on with the first part that is not written yet.
"""

import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import CDLL
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import timezone

from governance.models import Pack, PackPart, PackPdf
from governance.packs.document import Issue, margins_css
from vendorhub.roles import may

logger = logging.getLogger(__name__)

CLAIM = 0x7061636B  # first half of the key under which a worker holds one pack
ATTEMPTS = 3
LONGEST = 900  # seconds for a part
PANGO = ("libpangoft2-1.0.so.0", "libpangoft2-1.0.dylib", "libpangoft2-1.0-0")  # which needs the rest
NO_PANGO = "PDF needs pango on the server; print from the browser instead."
STOPPED = f"The worker stopped {ATTEMPTS} times while making it. Try again, or print from the browser."
BROKEN = "The PDF could not be made; the server’s log says why. Print from the browser instead."
NOT_ANY_MORE = "Whoever asked for it may no longer make packs."


class NotMade(Exception):
    """A pack cannot be finished, for a reason that a person understands."""


@lru_cache(1)
def can_print() -> bool:
    """Whether this machine has what a PDF takes."""
    if find_spec("weasyprint") is None:
        return False
    for name in PANGO:
        try:
            CDLL(name)
        except OSError:
            continue
        return True
    return False


def issue_of(pack: Pack) -> Issue:
    """What the pack is about, as of the day it was asked for."""
    made_on = timezone.localdate(pack.made_at)
    return Issue(pack.made_by, pack.of_quarter, made_on, pack.partner, pack.is_for_partner)


@transaction.atomic
def ask_for_pack(issue: Issue, *, paper: str) -> Pack:
    """A pack for the workers to make; the one that is being made where somebody pressed twice."""
    about: dict[str, Any] = {
        "quarter": issue.quarter.first, "partner": issue.partner, "paper": paper, "made_by": issue.user,
        "audience": "partner" if issue.for_partner else "internal",
    }  # fmt: skip
    under_way = Pack.objects.unfinished().select_for_update().filter(**about).first()
    return under_way or Pack.objects.create(units=issue.units, **about)


def make_again(pack: Pack) -> bool:
    """Hand a pack that failed to the workers once more. False if it has not failed."""
    failed = Pack.objects.filter(pk=pack.pk, state=Pack.FAILED)
    return bool(failed.update(state=Pack.QUEUED, attempts=0, failure=""))


def make_waiting_packs() -> int:
    """Make every pack that waits and that no other worker holds; how many there were."""
    made = 0
    for pk in list(Pack.objects.unfinished().values_list("pk", flat=True)):
        with _held(pk) as ours:
            pack = Pack.objects.unfinished().select_related("made_by", "partner").filter(pk=pk).first()
            if ours and pack:
                _make(pack)
                made += 1
    return made


@contextmanager
def _held(pk: int) -> Iterator[bool]:
    key = [CLAIM, pk % 2**31]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        ours = cursor.fetchone()[0]
    try:
        yield ours
    finally:
        if ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)


def _make(pack: Pack) -> None:
    try:
        if not may(pack.made_by, "make_packs"):
            raise NotMade(NOT_ANY_MORE)
        if pack.attempts >= ATTEMPTS:
            raise NotMade(STOPPED)
        _begin(pack)
        _write(pack)
        if can_print():
            _print(pack)
        Pack.objects.filter(pk=pack.pk).update(
            state=Pack.DONE, done=F("of"), failure="" if can_print() else NO_PANGO
        )
    except NotMade as reason:
        _fail(pack, str(reason))
    except (OperationalError, InterfaceError):
        raise  # the database went away: the next round goes on where this one stopped
    except Exception:
        logger.exception("pack %s", pack.pk)
        _fail(pack, BROKEN)


@transaction.atomic
def _begin(pack: Pack) -> None:
    """Decide once which partners stand in which part."""
    if not pack.parts.exists():
        parts = issue_of(pack).parts()
        PackPart.objects.bulk_create(
            PackPart(pack=pack, place=place, partners=partners) for place, partners in enumerate(parts)
        )
    several = pack.parts.count()  # each is written, counted where there are more than one, and printed
    pack.of = several * (1 if not can_print() else 2 if several == 1 else 3)
    pack.attempts += 1
    pack.state = Pack.WORKING
    pack.save(update_fields=["of", "attempts", "state"])


def _write(pack: Pack) -> None:
    issue = issue_of(pack)
    for place, partners in pack.parts.filter(html="").values_list("place", "partners"):
        html = issue.pages(place, partners)
        pack.parts.filter(place=place).update(html=html)
        _show(pack, pack.parts.exclude(html="").count())


def _show(pack: Pack, done: int) -> None:
    Pack.objects.filter(pk=pack.pk).update(done=done)


def _print(pack: Pack) -> None:
    """Print part by part, each in a process of its own, so that memory does not grow with the number of parts.

    Which page a part begins on is known once all before it are counted; what is one part counts itself.
    """
    places = list(pack.parts.values_list("place", flat=True))
    margins: dict[str, Any] = issue_of(pack).margins
    paper = pack.paper
    counts: list[int] = []
    if len(places) > 1:
        for place in places:
            counts.append(_pressed(_job(pack, place, margins_css(**margins, paper=paper, total=1))))
            _show(pack, len(places) + len(counts))
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder, f"{place}.pdf")) for place in places]
        for number, (place, file) in enumerate(zip(places, files, strict=True)):
            around = margins_css(**margins, paper=paper, total=sum(counts), first=sum(counts[:number]) + 1)
            pages = _pressed({**_job(pack, place, around), "to": file, "is_part": len(files) > 1})
            _show(pack, len(places) + len(counts) + number + 1)
        if len(files) > 1:
            whole = str(Path(folder, "pack.pdf"))
            pages = _pressed({"parts": files, "to": whole, "title": str(pack)})
            files = [whole]
        content = Path(files[0]).read_bytes()
    with transaction.atomic():
        PackPdf.objects.update_or_create(pack=pack, defaults={"content": content})
        Pack.objects.filter(pk=pack.pk).update(pages=pages)


def _job(pack: Pack, place: int, margins: str) -> dict[str, Any]:
    html = pack.parts.values_list("html", flat=True).get(place=place)
    page = render_to_string("governance/pack/paper.html", {"title": str(pack), "body": html})
    return {"html": page, "sheets": [_rules("css/pack.css")], "charts": _rules("css/pack-charts.css"), "margins": margins}  # fmt: skip


@lru_cache(8)
def _rules(name: str) -> str:
    return Path(str(finders.find(name))).read_text(encoding="utf-8")


def _pressed(job: dict[str, Any]) -> int:
    """Do a job in a process that knows neither the database nor any secret; the number of pages."""
    known = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "LANG", "TMPDIR", "XDG_CACHE_HOME")
        if name in os.environ
    }
    command = [sys.executable, "-m", "governance.packs.press"]
    done = subprocess.run(
        command, input=json.dumps(job), capture_output=True, text=True, cwd=settings.BASE_DIR, env=known, timeout=LONGEST,
        check=False,
    )  # fmt: skip
    if done.returncode:
        logger.error("printing a pack: %s", done.stderr[-4000:])
        raise NotMade(BROKEN)
    return json.loads(done.stdout.splitlines()[-1])["pages"]


def _fail(pack: Pack, reason: str) -> None:
    Pack.objects.filter(pk=pack.pk).update(state=Pack.FAILED, failure=reason)
