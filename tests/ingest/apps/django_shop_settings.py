"""Settings of the small Django application."""

SECRET_KEY = "shop"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "django_shop"
MIDDLEWARE = []
