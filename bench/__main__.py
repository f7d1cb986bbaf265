"""Measures speed and size and prints one table: `SIZE=S|M|L python -m bench [module…]`, all modules without one.

Needs a PostgreSQL at DATABASE_URL, on this machine, with a superuser's name in the address; it makes databases of
its own and drops them again. A module of this package that has `measures(context) -> Iterable[Row]` takes part.
"""

import importlib
import os
import pkgutil
import sys

COLUMNS = ((44, "measure"), (16, "value"), (38, "reference"), (18, "found"), (12, "goal"))


def main() -> None:
    """Measure, and print each line as soon as it is known."""
    outside, size = os.environ.get("DATABASE_URL", ""), os.environ.get("SIZE", "S")
    if not outside:
        sys.exit("Set DATABASE_URL: `make services` in another terminal prints one.")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vendorhub.settings")
    import django

    django.setup()
    from bench.context import Context, Row
    from bench.generate import SIZES

    def print_row(row: Row) -> None:
        goal = f"{'≥' if row.at_least else '≤'} {row.limit:,.{0 if row.limit >= 10 else 2}f}"
        found = f"{row.found:,.{0 if row.found >= 1000 else 2}f}{row.unit}"
        _print_line(row.measure, row.value, row.reference, found, goal, "ok" if row.ok else "MISSED")

    if size not in SIZES:
        sys.exit(f"SIZE is one of {', '.join(SIZES)}.")
    context = Context(SIZES[size], outside)
    print(f"size {size}: {SIZES[size]}")
    _print_line(*(title for _, title in COLUMNS), "")
    try:
        for module in pkgutil.iter_modules(importlib.import_module("bench").__path__, "bench."):
            if module.name == "bench.__main__" or (sys.argv[1:] and module.name[6:] not in sys.argv[1:]):
                continue
            measures = getattr(importlib.import_module(module.name), "measures", None)
            for row in measures(context) if measures else ():
                print_row(row)
    finally:
        context.close()


def _print_line(*cells: str) -> None:
    print(
        "".join(f"{cell:<{width}}" for cell, (width, _) in zip(cells, (*COLUMNS, (0, "")), strict=True)),
        flush=True,
    )


if __name__ == "__main__":
    main()
