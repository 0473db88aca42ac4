"""What tests of files share."""

import os

import pytest
from hypothesis import settings

# Machines differ in speed, and a check of a change must not fail for an example that the change has not made.
settings.register_profile("everywhere", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "everywhere")


@pytest.fixture
def hasty_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the disk: it matters in a power cut only, and takes most of a short test's time."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
