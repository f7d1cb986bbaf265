"""The apps are floors: imports and foreign keys point downwards only."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

FLOORS = ["accounts", "partners", "evidence", "scorecards", "governance"]
OUR_MODELS = [
    model for model in apps.get_models(include_auto_created=True) if model._meta.app_label in FLOORS
]


def _lint_imports(config: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--config", config, "--no-cache"],
        cwd=settings.BASE_DIR, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_imports_point_downwards():
    result = _lint_imports(Path(settings.BASE_DIR, "pyproject.toml"))
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Contracts: 4 kept, 0 broken" in result.stdout


def test_an_import_upwards_would_be_found(tmp_path):
    config = tmp_path / "turned.toml"
    text = Path(settings.BASE_DIR, "pyproject.toml").read_text()
    ladder = 'layers = ["governance", "scorecards", "evidence", "partners", "accounts"]'
    assert ladder in text
    config.write_text(text.replace(ladder, 'layers = ["accounts", "governance"]'))
    assert _lint_imports(config).returncode == 1


@pytest.mark.parametrize("model", OUR_MODELS, ids=lambda model: model._meta.label)
def test_foreign_keys_point_downwards(model):
    floor = FLOORS.index(model._meta.app_label)
    for field in model._meta.get_fields():
        if isinstance(field, models.ForeignKey | models.ManyToManyField):
            target = field.related_model._meta.app_label
            assert target in FLOORS, f"{model._meta.label}.{field.name} points out of the house"
            assert FLOORS.index(target) <= floor, f"{model._meta.label}.{field.name} points upwards"


def test_no_migration_imports_an_app_of_ours():
    for app in FLOORS:
        for migration in Path(settings.BASE_DIR, app, "migrations").glob("*.py"):
            for line in migration.read_text().splitlines():
                assert not line.startswith(
                    tuple(f"{verb} {name}" for verb in ("import", "from") for name in FLOORS)
                ), migration
