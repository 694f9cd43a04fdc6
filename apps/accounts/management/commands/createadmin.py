"""Make the first user from the command line."""

import getpass
import os

from django.contrib.auth import password_validation
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts.setup import create_admin


class Command(BaseCommand):
    help = "Make the first user, owner of the default workspace. Asks for a password, or reads TRACER_ADMIN_PASSWORD."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args, username: str, **options) -> None:
        password = os.environ.get("TRACER_ADMIN_PASSWORD") or getpass.getpass("Password: ")
        try:
            User.username_validator(username)
            password_validation.validate_password(password)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        if create_admin(username=username, password=password) is None:
            raise CommandError("There is a user already. Owners add more on the Members page.")
        self.stdout.write(f"{username} can log in.")
