"""Settings, addresses, workers, roles and embedded servers: the package that puts the site together."""

from vendorhub.celery import app as celery_app

__all__ = ["celery_app"]
