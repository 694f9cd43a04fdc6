"""All settings, from the environment. A value that cannot be used is an error that names its variable."""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from tracer_ui import environment, places
from tracer_ui.secret import kept_secret

BASE_DIR = Path(__file__).resolve().parent.parent
try:
    environment.refuse_unknown()
    # Where it runs
    TRACER_DATA_DIR = Path(environment.text("TRACER_DATA_DIR", str(BASE_DIR / "var"))).expanduser().absolute()
    TRACER_BIND = environment.address("TRACER_BIND", "127.0.0.1")
    TRACER_HTTP_PORT = environment.integer("TRACER_HTTP_PORT", 8000, least=1, most=65535)
    TRACER_OTLP_PORT = environment.integer("TRACER_OTLP_PORT", 4318, least=1, most=65535)
    if TRACER_HTTP_PORT == TRACER_OTLP_PORT:
        raise environment.BadSetting(
            f"TRACER_HTTP_PORT and TRACER_OTLP_PORT are both {TRACER_HTTP_PORT}; they must differ"
        )
    TRACER_ROLE = environment.choice("TRACER_ROLE", "web", ("web", "otlp"))  # set by tracer_ui.serve
    # Where people and clients find it from outside, as https://traces.example.com; needed behind a TLS proxy
    TRACER_PUBLIC_URL = environment.url("TRACER_PUBLIC_URL", ("http", "https")).rstrip("/")

    # What it keeps, and how much it takes
    TRACER_RETENTION_DAYS = environment.integer("TRACER_RETENTION_DAYS", 14, least=1, most=3650)
    # Rollups by minute, ten minutes, hour, six hours and day; a window's ends are rounded to what is still there
    TRACER_MINUTE_RETENTION_DAYS = environment.integer("TRACER_MINUTE_RETENTION_DAYS", 2, least=1, most=3650)
    TRACER_TEN_RETENTION_DAYS = environment.integer("TRACER_TEN_RETENTION_DAYS", 8, least=1, most=3650)
    TRACER_HOUR_RETENTION_DAYS = environment.integer("TRACER_HOUR_RETENTION_DAYS", 35, least=1, most=3650)
    TRACER_DAY_RETENTION_DAYS = environment.integer("TRACER_DAY_RETENTION_DAYS", 400, least=1, most=36500)
    TRACER_QUIET_SECONDS = environment.integer("TRACER_QUIET_SECONDS", 10, least=1, most=3600)
    TRACER_MAX_BODY_BYTES = environment.integer("TRACER_MAX_BODY_BYTES", 64 * 1024**2, least=1024, most=1024**3)
    TRACER_MAX_BACKLOG_SPANS = environment.integer("TRACER_MAX_BACKLOG_SPANS", 5_000_000, least=1, most=10**10)

    # How many processes and threads serve it; every thread of web and otlp holds one database connection,
    # and each process of web four more (apps/store/at_once.py)
    TRACER_WEB_WORKERS = environment.integer("TRACER_WEB_WORKERS", 1, least=1, most=64)
    TRACER_OTLP_WORKERS = environment.integer("TRACER_OTLP_WORKERS", 2, least=1, most=64)
    TRACER_WORKER_PROCESSES = environment.integer("TRACER_WORKER_PROCESSES", 2, least=1, most=64)
    TRACER_THREADS = environment.integer("TRACER_THREADS", 8, least=2, most=128)

    # PostgreSQL and Redis: given, or our own under the data directory (see embedded.py)
    DATABASE_URL = environment.url("DATABASE_URL", ("postgresql", "postgres"))
    REDIS_URL = environment.url("REDIS_URL", ("redis", "rediss", "unix"))
    TRACER_EMBEDDED_DATABASE, TRACER_EMBEDDED_REDIS = not DATABASE_URL, not REDIS_URL
    DATABASE_URL = DATABASE_URL or places.database_url(TRACER_DATA_DIR)
    _database = conninfo_to_dict(DATABASE_URL)
    REDIS_URL = REDIS_URL or places.redis_url(TRACER_DATA_DIR)
    # Whose run is this? Alone on one machine, nobody needs to log in and no client needs a key.
    _alone = TRACER_EMBEDDED_DATABASE and environment.is_loopback(TRACER_BIND)
    TRACER_OPEN = environment.flag("TRACER_OPEN", _alone)

    # Prometheus sends it as a bearer token; without it /metrics answers on an open instance only
    TRACER_METRICS_TOKEN = environment.text("TRACER_METRICS_TOKEN")

    SECRET_KEY = environment.text("TRACER_SECRET_KEY")
    if not SECRET_KEY and not TRACER_EMBEDDED_DATABASE:
        raise environment.BadSetting(
            "TRACER_SECRET_KEY must be set when DATABASE_URL is (every process needs the same one): "
            "python -c 'import secrets; print(secrets.token_urlsafe(50))'"
        )
    try:
        SECRET_KEY = SECRET_KEY or kept_secret(TRACER_DATA_DIR / "secret_key")
    except OSError as error:
        raise environment.BadSetting(f"TRACER_DATA_DIR={TRACER_DATA_DIR} cannot be used: {error.strerror}") from None
    ALLOWED_HOSTS = environment.names("TRACER_ALLOWED_HOSTS")
    if not ALLOWED_HOSTS and not environment.is_loopback(TRACER_BIND):
        raise environment.BadSetting(
            f"TRACER_ALLOWED_HOSTS must name the hosts people use when TRACER_BIND is {TRACER_BIND}, "
            "for example traces.example.com,10.0.0.5 (or * for any)"
        )
    # Naming them also on loopback keeps a stranger's web page from reaching us through DNS rebinding.
    ALLOWED_HOSTS = ALLOWED_HOSTS or ["localhost", "127.0.0.1", "[::1]"]
except environment.BadSetting as error:
    raise ImproperlyConfigured(str(error)) from None
except ProgrammingError as error:
    raise ImproperlyConfigured(f"DATABASE_URL cannot be read: {error}") from None

DEBUG = False
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "csp",
    "django_htmx",
    "template_partials",
    "apps.store",
    "apps.insights",
    "apps.accounts",
    "apps.ingest",
    "apps.digest",
    "apps.api",
    "apps.explorer",
    "apps.demo",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "tracer_ui.middleware.HostMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "apps.accounts.middleware.AccountsMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "apps.explorer.middleware.VaryOnHtmx",
]
ROOT_URLCONF = "tracer_ui.urls"
if TRACER_ROLE == "otlp":
    # Only ingest and health: no page, no session, no host name to check, and nothing that could answer with a redirect.
    ROOT_URLCONF = "tracer_ui.urls_otlp"
    MIDDLEWARE = []
# OpenTelemetry clients count a redirect as success and drop the spans.
APPEND_SLASH = False
SECURE_SSL_REDIRECT = False
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
                "apps.explorer.context.look",
                "apps.accounts.context.viewer",
            ]
        },
    }
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _database.pop("dbname", "") or "postgres",
        "USER": _database.pop("user", ""),
        "PASSWORD": _database.pop("password", ""),
        "HOST": _database.pop("host", ""),
        "PORT": _database.pop("port", ""),
        # A connection a thread, checked before each request: a restarted PostgreSQL costs nobody an error.
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        # Statements are prepared where the code asks for it, and never by being repeated.
        "OPTIONS": {"connect_timeout": 5, "prepare_threshold": 1_000_000_000, **_database},
        "TEST": {"TEMPLATE": "template0"},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Redis: the task queue, and counters that all processes share
CELERY_BROKER_URL = "redis+socket" + REDIS_URL.removeprefix("unix") if REDIS_URL.startswith("unix:") else REDIS_URL

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(environment.text("TRACER_STATIC_ROOT", str(TRACER_DATA_DIR / "static")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "tracer_ui.static_files.HashedStaticFiles"},
}

# 'self' and nothing else: no inline script or style, no other host, no framing.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = TRACER_PUBLIC_URL.startswith("https:")
CSRF_TRUSTED_ORIGINS = [TRACER_PUBLIC_URL] if TRACER_PUBLIC_URL else []
CSRF_FAILURE_VIEW = "apps.explorer.views.errors.form_expired"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
# Two instances on one host share its cookies (cookies know no ports), so each names its own.
SESSION_COOKIE_NAME = f"tracer_session_{TRACER_HTTP_PORT}"
CSRF_COOKIE_NAME = f"tracer_csrf_{TRACER_HTTP_PORT}"

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    # A busy or refusing answer is an answer; only what broke (500, with its traceback) belongs in the log.
    "filters": {
        "broken": {
            "()": "django.utils.log.CallbackFilter",
            "callback": lambda record: getattr(record, "status_code", 500) == 500,
        }
    },
    "formatters": {"line": {"format": "{levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["broken"]}},
    "root": {"handlers": ["console"], "level": os.environ.get("TRACER_LOG_LEVEL", "WARNING").upper()},
    "loggers": {"apps": {"level": os.environ.get("TRACER_LOG_LEVEL", "INFO").upper()}},
}
