"""The Celery application. Redis only wakes workers; the work itself is rows in PostgreSQL."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vendorhub.settings")

app = Celery("vendorhub")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
