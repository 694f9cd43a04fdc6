from tests.storing import store  # noqa: F401
