from tests.storing import store as empty_store  # noqa: F401
