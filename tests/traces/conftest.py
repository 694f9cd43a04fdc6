"""Properties are about results, not speed: a busy machine must not fail them. Speed has tests of its own."""

from hypothesis import HealthCheck, settings

settings.register_profile("traces", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("traces")
