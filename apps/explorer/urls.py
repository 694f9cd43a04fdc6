"""Addresses of the pages."""

from django.urls import path

from apps.explorer.views.theme import theme

urlpatterns = [
    path("theme", theme, name="theme"),
]
