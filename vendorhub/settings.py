"""Every setting of the site, read from the environment. Without a `.env`, the embedded servers are used.

`VENDORHUB_ENV=production` is strict: it refuses to start with a default or missing secret.
"""

import os
import re
from pathlib import Path

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
if (BASE_DIR / ".env").is_file():
    env.read_env(BASE_DIR / ".env")

DATA_DIR = Path(env("DATA_DIR", default=str(BASE_DIR / ".data"))).resolve()
PRODUCTION = env("VENDORHUB_ENV", default="development") == "production"
DEBUG = False

DEVELOPMENT_KEY = "development-only-" + "x" * 50
SECRET_KEY = env("SECRET_KEY", default="") or ("" if PRODUCTION else DEVELOPMENT_KEY)
if PRODUCTION and (len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 5 or SECRET_KEY == DEVELOPMENT_KEY):
    raise ImproperlyConfigured(
        "SECRET_KEY is missing, too short or the development default. Set 50 random characters."
    )

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["localhost", "127.0.0.1", "[::1]"])
SITE_URL = env("SITE_URL", default="" if PRODUCTION else "http://localhost:8000").rstrip("/")
if PRODUCTION and (not ALLOWED_HOSTS or not SITE_URL):
    raise ImproperlyConfigured("Production needs ALLOWED_HOSTS and SITE_URL (the address in mails).")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[SITE_URL] if PRODUCTION else [])

# --- PostgreSQL and Redis: given, or the embedded ones under DATA_DIR -------------------------------------
DATABASE_URL = env("DATABASE_URL", default="")
REDIS_URL = env("REDIS_URL", default="")
if PRODUCTION and not (DATABASE_URL and REDIS_URL):
    raise ImproperlyConfigured("Production needs DATABASE_URL and REDIS_URL.")

if DATABASE_URL:
    if not re.match(r"(postgres|postgresql|postgis|pgsql|psql)://[^/]*/.", DATABASE_URL):
        raise ImproperlyConfigured(
            "DATABASE_URL does not name a PostgreSQL database. Write postgres://USER:PASSWORD@HOST:PORT/NAME."
        )
    DATABASES = {"default": env.db_url_config(DATABASE_URL)}
else:
    from vendorhub.embedded import socket_folder

    DATABASES = {
        "default": {
            "NAME": "vendorhub",
            "USER": "vendorhub",
            "HOST": str(socket_folder(DATA_DIR)),
            "PORT": "5432",
        }
    }
if not REDIS_URL:
    from vendorhub.embedded import socket_folder

    REDIS_URL = f"redis+socket://{socket_folder(DATA_DIR)}/valkey.sock"

DATABASES["default"] |= {
    "ENGINE": "django.db.backends.postgresql",
    "CONN_MAX_AGE": 60,
    "CONN_HEALTH_CHECKS": True,
    "OPTIONS": DATABASES["default"].get("OPTIONS", {})
    | {
        "connect_timeout": 5,
        "application_name": "vendorhub",
        "options": "-c statement_timeout=30s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s"
        " -c pg_trgm.word_similarity_threshold=0.45"  # how alike a word must be in a search
        " -c jit=off",  # compiling takes longer than any statement of ours
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "accounts",
    "partners",
    "evidence",
    "scorecards",
    "governance",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "axes",
    "csp",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_htmx",
    "pgtrigger",
]

MIDDLEWARE = [
    "vendorhub.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # pads at random, and tokens are masked, so lengths tell nothing (BREACH)
    "vendorhub.outage.DatabaseOutageMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "accounts.middleware.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.WrongMethodMiddleware",
    "accounts.middleware.StaleSaveMiddleware",
    "accounts.middleware.UnreadableInputMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "vendorhub.urls"
WSGI_APPLICATION = "vendorhub.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.navigation",
            ],
            "builtins": ["accounts.templatetags.look"],
        },
    }
]

# --- Sign-in ---------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_DISPLAY = "accounts.adapter.display_name"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # nobody makes us write to strangers
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_RATE_LIMITS = False  # django-axes counts failures in PostgreSQL; a web request never asks Redis
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_FORM_FIELD = "login"
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "account/locked.html"
AXES_VERBOSE = False
AXES_DISABLE_ACCESS_LOG = True
AXES_USERNAME_CALLABLE = "accounts.adapter.attempted_address"
AXES_CLIENT_IP_CALLABLE = "accounts.adapter.client_address"
PROXY_COUNT = env.int("PROXY_COUNT", default=0)  # proxies in front that append to X-Forwarded-For

MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- Safety ----------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
FILE_UPLOAD_HANDLERS = [
    "partners.register.upload.LimitedUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
if PRODUCTION:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True

# --- Language, time, static files ------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
TIME_ZONE = env("TIME_ZONE", default="Europe/Berlin")
USE_I18N = False
STATIC_URL = "static/"
STATIC_ROOT = Path(env("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "vendorhub.assets.WheelFilesFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "vendorhub.assets.StaticStorage"},
}
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# --- Mail ------------------------------------------------------------------------------------------------
EMAIL_HOST = env("EMAIL_HOST", default="")
EMAIL_PORT = env.int("EMAIL_PORT", default=25)
EMAIL_HOST_USER = env("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=False)
EMAIL_TIMEOUT = 20
# Said by the launcher where it starts a site of its own to try out: that mail waits then is no alarm.
NO_MAIL_SERVER = env.bool("NO_MAIL_SERVER", default=False)
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="VendorHub <vendorhub@localhost>")

# --- Workers ---------------------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = TIME_ZONE
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 120, "socket_timeout": 5, "socket_connect_timeout": 5, "health_check_interval": 10,
}  # fmt: skip
CELERY_TASK_SOFT_TIME_LIMIT = 300
CELERY_TASK_TIME_LIMIT = 330
CELERY_TASK_DEFAULT_QUEUE = "scores"
CELERY_TASK_ROUTES = {
    "accounts.tasks.*": {"queue": "mail"},
    "governance.tasks.make_reminders": {"queue": "mail"},
    "governance.tasks.make_waiting_packs": {"queue": "bulk"},
    "scorecards.tasks.work_out_fair_scores": {"queue": "bulk"},
    "partners.tasks.*": {"queue": "bulk"},
}
CELERY_BEAT_SCHEDULE = {
    "recompute": {"task": "scorecards.tasks.recompute_requested", "schedule": 1.0, "options": {"expires": 5}},
    "figures": {
        "task": "evidence.tasks.refresh_requested_figures",
        "schedule": 2.0,
        "options": {"expires": 5},
    },
    "fair scores": {
        "task": "scorecards.tasks.work_out_fair_scores",
        "schedule": 5.0,
        "options": {"expires": 10},
    },
    "mail": {"task": "accounts.tasks.send_queued_mail", "schedule": 2.0, "options": {"expires": 10}},
    "imports": {"task": "partners.tasks.run_waiting_imports", "schedule": 2.0, "options": {"expires": 10}},
    "packs": {"task": "governance.tasks.make_waiting_packs", "schedule": 2.0, "options": {"expires": 10}},
    "deadlines": {"task": "partners.tasks.recompute_deadlines", "schedule": crontab(minute=5)},
    "reminders": {
        "task": "governance.tasks.make_reminders",
        "schedule": crontab(minute=10),
    },  # once deadlines are new
    "meetings": {"task": "governance.tasks.plan_meetings", "schedule": crontab(minute=40)},
    "actions": {"task": "governance.tasks.remind_owners", "schedule": crontab(minute=50)},
    "reconcile": {"task": "scorecards.tasks.reconcile_scores", "schedule": crontab(hour=3, minute=0)},
    "figures of all": {"task": "evidence.tasks.refresh_all_figures", "schedule": crontab(hour=0, minute=20)},
    "changes": {"task": "governance.tasks.forget_old_changes", "schedule": crontab(hour=3, minute=30)},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "WARNING")},
}
