"""Picks single static files out of installed wheels: copying whole packages would take a minute."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage, Storage
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
            storage = FileSystemStorage(location=_package_folder(package) / inner)
            storage.prefix = folder  # type: ignore[attr-defined]
            yield name, storage


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Hashed, compressed files; source maps are not served, so references to them are left alone."""

    patterns = (("*.css", CompressedManifestStaticFilesStorage.patterns[0][1][:2]),)
