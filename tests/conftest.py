"""What tests of files share."""

import os

import pytest


@pytest.fixture
def hasty_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the disk: it matters in a power cut only, and takes most of a short test's time."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
