"""Hostile files are refused with a plain reason, quickly and in little memory."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from partners.register.reading import read_table
from partners.register.safety import Refused, check_file
from tests.partners.register_files import ROW, hostile_files, package, register, saved, sheet_of, workbook

MEASURED = """
import json, sys, time
from pathlib import Path
from partners.register.reading import read_table
from partners.register.safety import Refused
for path in sys.argv[1:]:
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    begun = time.process_time()
    try:
        with open(path, "rb") as file:
            read_table(file, path)
        reason = ""
    except Refused as refused:
        reason = str(refused)
    peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024
    print(json.dumps([path, reason, time.process_time() - begun, peak]), flush=True)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="measures memory as Linux tells it")
def test_every_hostile_file_is_refused_with_its_reason_within_two_seconds_and_150_megabytes(tmp_path):
    files = hostile_files()
    paths = {}
    for number, (case, (name, content, _)) in enumerate(files.items()):
        path = tmp_path / f"{number}-{name}"
        path.write_bytes(content)
        paths[str(path)] = case
    output = subprocess.run(
        [sys.executable, "-c", MEASURED, *paths], capture_output=True, text=True, check=True, timeout=120
    ).stdout
    measured = [json.loads(line) for line in output.splitlines()]
    assert len(measured) == len(files)
    wrong = [
        (paths[path], reason, seconds, peak)
        for path, reason, seconds, peak in measured
        if files[paths[path]][2] not in reason or seconds > 2 or peak > 150 or len(reason) > 300
    ]
    assert wrong == []


def test_an_honest_file_of_each_sort_passes():
    for name, content in (
        ("a.csv", register(ROW)), ("a.txt", register(ROW)), ("a.xlsx", saved(workbook(["Supplier", "Title"], ["Alder", "x"]))),
        ("mis-named.csv", saved(workbook(["Supplier", "Title"], ["Alder", "x"]))),
    ):  # fmt: skip
        assert len(read_table(io.BytesIO(content), name).rows) == 1


def test_formatted_empty_cells_around_the_register_do_not_refuse_it():
    row = '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>{1}</t></is></c><c r="XFD{0}" s="1"/></row>'
    sheet = sheet_of(row.format(1, "Supplier") + row.format(2, "Alder Cloud"), "A1:M90000")
    assert len(read_table(io.BytesIO(package(sheet)), "a.xlsx").rows) == 1


def test_the_check_reads_no_more_than_it_must():
    class Counting(io.BytesIO):
        taken = 0

        def read(self, size: int | None = -1) -> bytes:
            found = super().read(size)
            self.taken += len(found)
            return found

    bomb = Counting(hostile_files()["bomb"][1])
    with pytest.raises(Refused):
        check_file(bomb, "a.xlsx")
    assert bomb.taken < 200_000
