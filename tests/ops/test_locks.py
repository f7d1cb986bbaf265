"""The check of the lock files finds what it is for."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)


@pytest.fixture
def copy(tmp_path) -> Path:
    (tmp_path / ".ci").mkdir()
    for name in (".ci/check_locks.py", "pyproject.toml", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ".ci/check_locks.py"], cwd=folder, capture_output=True, text=True, check=False
    )


def test_the_locks_fit(copy):
    assert check(copy).returncode == 0


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("requirements.txt", "amqp==", "--index-url https://example.org/simple\namqp==", "names an address"),
        ("requirements.txt", "django==", "django>=", "not pinned"),
        ("requirements.txt", "django==5", "django==4", "pins django to 4"),
        (
            "requirements-dev.txt",
            "celery==5.7.0",
            "celery==5.7.1",
            "celery is 5.7.0 in requirements.txt and 5.7.1",
        ),
        ("pyproject.toml", '    "celery', '    "not-locked~=1.0",\n    "celery', "lacks not-locked"),
    ],
)
def test_a_lock_that_does_not_fit_is_reported(copy, file, old, new, complaint):
    text = (copy / file).read_text()
    assert old in text
    (copy / file).write_text(text.replace(old, new, 1))
    checked = check(copy)
    assert checked.returncode == 1
    assert complaint in checked.stderr
