"""docker-compose.yml and the Dockerfile start what `make run` starts; no engine is needed to check that."""

import json
import re
from pathlib import Path

import pytest
import yaml

from vendorhub import settings
from vendorhub.launcher import PROGRAMS

ROOT = Path(settings.BASE_DIR)


@pytest.fixture(scope="module")
def services() -> dict:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def test_it_has_every_part(services):
    assert set(services) == {"postgres", "redis", "migrate", "web", "worker", "beat", "mailpit"}


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_it_starts_the_same_program_with_the_same_arguments_as_make_run(services, name):
    assert services[name]["command"] == PROGRAMS[name]


def test_the_image_serves_the_site_when_nothing_else_is_asked_of_it():
    command = re.search(r"^CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert command is not None
    assert json.loads(command[1]) == PROGRAMS["web"]


def test_the_broker_keeps_what_it_was_given(services):
    command = services["redis"]["command"]
    assert command[command.index("--appendonly") + 1] == "yes"
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_programs_wait_for_a_migrated_database(services, name):
    waits = services[name]["depends_on"]
    assert waits["postgres"]["condition"] == waits["redis"]["condition"] == "service_healthy"
    assert waits["migrate"]["condition"] == "service_completed_successfully"
    assert services["migrate"]["command"] == ["python", "manage.py", "migrate", "--no-input"]


def test_data_lives_in_volumes(services):
    volumes = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["volumes"]
    for name in ("postgres", "redis"):
        (mount,) = services[name]["volumes"]
        assert mount.partition(":")[0] in volumes


def test_it_does_not_run_as_root():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert "USER vendorhub" in lines
    assert lines.index("USER vendorhub") < next(n for n, line in enumerate(lines) if line.startswith("CMD"))


def test_the_image_has_what_printing_needs():
    assert {"libpango-1.0-0", "libpangoft2-1.0-0", "fonts-dejavu-core"} <= set(
        (ROOT / "Dockerfile").read_text().split()
    )


def read_by(program: str) -> set[str]:
    """The environment variables a file asks for."""
    text = (ROOT / program).read_text()
    return set(re.findall(r'(?:\benv(?:\.\w+)?\(|environ\.get\()"(\w+)"', text))


def test_every_setting_it_passes_on_is_one_the_site_reads(services):
    assert set(services["web"]["environment"]) <= read_by("vendorhub/settings.py")


def test_the_example_lists_exactly_what_is_read(services):
    listed = re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    of_compose = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    assert sorted(listed) == sorted(
        read_by("vendorhub/settings.py") | read_by("vendorhub/launcher.py") | of_compose
    )


def test_every_setting_is_explained():
    explained = (ROOT / "docs/operations.md").read_text()
    assert {name for name in read_by("vendorhub/settings.py") if f"`{name}`" not in explained} == set()


def test_secrets_have_no_default(services):
    assert services["web"]["environment"]["SECRET_KEY"].startswith("${SECRET_KEY:?")
