"""What holds for every test."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "flowsync",
    deadline=None,  # a slow machine is no failure; what is to be fast is measured by benchmarks
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("flowsync")
