"""Picks single static files out of installed wheels, and out of Bootstrap's what our pages use.

Copying whole packages would take a minute; and a browser reads the whole of a style sheet on every page, of which ours
use a fifth.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, Storage
from django.utils import timezone
from whitenoise.storage import CompressedManifestStaticFilesStorage

# (package of the wheel, folder inside it, file, folder under static/)
WHEEL_FILES = [
    ("bootstrap", "css", "bootstrap.min.css", "bootstrap"),
    ("django_htmx", "static/django_htmx", "htmx-2.min.js", "htmx"),
]


def _package_folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"The package {package} is not installed.")
    return Path(next(iter(spec.submodule_search_locations)))


class WheelFilesFinder(BaseFinder):
    """Serve the files named above from where their wheels were installed."""

    def check(self, **kwargs: Any) -> list:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        found = [
            str(_package_folder(package) / inner / name)
            for package, inner, name, folder in WHEEL_FILES
            if path == f"{folder}/{name}"
        ]
        return found if find_all else (found[0] if found else None)

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, Storage]]:
        for package, inner, name, folder in WHEEL_FILES:
            storage = WheelStorage(location=_package_folder(package) / inner)
            storage.prefix = folder  # type: ignore[attr-defined]
            yield name, storage


class WheelStorage(FileSystemStorage):
    """A folder of a wheel; its style sheets are opened without what no page of ours names."""

    def _open(self, name: str, mode: str = "rb") -> File:
        file = super()._open(name, mode)
        if not name.endswith(".css"):
            return file
        with file:
            return ContentFile(only_used(file.read().decode(), _words()).encode())

    def get_modified_time(self, name: str) -> datetime:
        return timezone.now()  # a template may have begun to use more of it


# A rule of a minified style sheet: what stands before its braces and in them, one level deep (@media).
_RULE = re.compile(r"([^{};]+)\{((?:[^{}]|\{[^{}]*\})*)\}")


def only_used(css: str, words: set[str]) -> str:
    """The rules of a minified style sheet whose classes are all among the words."""

    def kept(rule: re.Match[str]) -> str:
        selectors, body = rule.groups()
        if selectors.startswith(("@media", "@supports")):
            body = only_used(body, words)
        elif not selectors.startswith("@"):
            each = re.split(r",(?![^(]*\))", selectors)
            selectors = ",".join(s for s in each if words.issuperset(re.findall(r"\.([A-Za-z][\w-]*)", s)))
        return f"{selectors}{{{body}}}" if selectors and body else ""

    return "".join(kept(rule) for rule in _RULE.finditer(re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)))


def _words() -> set[str]:
    """Every word that may be a class on a page: those of our templates and scripts, and of the library that draws forms."""
    folders = [settings.BASE_DIR / "templates", settings.BASE_DIR / "static" / "js"]
    folders += [_package_folder("crispy_bootstrap5"), _package_folder("crispy_forms")]
    files = (
        path for folder in folders for path in folder.rglob("*") if path.suffix in (".html", ".js", ".py")
    )
    return {word for path in files for word in re.findall(r"[A-Za-z][\w-]*", path.read_text())}


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Hashed, compressed files; source maps are not served, so references to them are left alone."""

    patterns = (("*.css", CompressedManifestStaticFilesStorage.patterns[0][1][:2]),)
