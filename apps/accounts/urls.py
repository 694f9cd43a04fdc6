"""Addresses of accounts."""

from django.urls import path

from apps.accounts.views import entry, keys, members

urlpatterns = [
    path("login", entry.Login.as_view(), name="login"),
    path("logout", entry.Logout.as_view(), name="logout"),
    path("setup", entry.setup, name="setup"),
    path("join/<uidb64>/<token>", entry.Join.as_view(), name="join"),
    path("settings/password", entry.ChangePassword.as_view(), name="password"),
    path("settings/keys", keys.keys, name="keys"),
    path("settings/keys/new", keys.create, name="key-create"),
    path("settings/keys/<int:key_id>/revoke", keys.revoke, name="key-revoke"),
    path("settings/members", members.members, name="members"),
    path("settings/members/new", members.add, name="member-add"),
    path("settings/members/<int:membership_id>/role", members.change, name="member-role"),
    path("settings/members/<int:membership_id>/remove", members.remove, name="member-remove"),
    path("settings/workspace", members.switch, name="workspace-switch"),
    path("settings/workspace/new", members.create, name="workspace-create"),
]
