"""Keeps no more of an upload than may be read and drops the rest, whatever is sent."""

from django.core.files.uploadhandler import FileUploadHandler

from partners.register.safety import CHUNK, MAX_BYTES


class LimitedUploadHandler(FileUploadHandler):
    """Stands before Django's own handlers. What is kept is a little more than may be read, so the check refuses it."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Pass on what fits."""
        return raw_data if start <= MAX_BYTES + CHUNK else None

    def file_complete(self, file_size: int) -> None:
        """The next handler makes the file."""
