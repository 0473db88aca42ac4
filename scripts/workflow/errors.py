"""What is raised when a file cannot be read or changed."""

from __future__ import annotations


class WorkflowError(ValueError):
    """One sentence that says what is wrong with a workflow file."""
