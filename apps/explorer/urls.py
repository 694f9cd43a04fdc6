"""Addresses of the pages."""

from django.urls import path

from apps.explorer.views.connect import connect, connect_listening
from apps.explorer.views.theme import theme

urlpatterns = [
    path("connect", connect, name="connect"),
    path("connect/listening", connect_listening, name="connect-listening"),
    path("theme", theme, name="theme"),
]
