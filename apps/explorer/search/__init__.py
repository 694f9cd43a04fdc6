"""The search page: what was asked, what was found, and how both are shown."""
