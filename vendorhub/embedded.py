"""Embedded PostgreSQL and Valkey: where they live and how they are started."""

import hashlib
from pathlib import Path


def socket_folder(data_dir: Path) -> Path:
    """Return the short private folder that holds both servers' Unix sockets for this data directory."""
    digest = hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:12]
    return Path("/tmp") / f"vendorhub-{digest}"  # noqa: S108  (made with mode 0700 and checked before use)
