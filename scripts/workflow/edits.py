"""Changes to a workflow, as data.

A rule says what is to change; only `editor.apply` changes a text. Nodes are named by their path
(``outer:inner``), widgets and inputs by name. A node inside a subgraph is changed in the subgraph's
definition, so in every instance of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class SetWidget:
    """Give a widget another value."""

    node: str
    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Connect:
    """Link an input to an output of a node in the same scope. source: a path, or the key of an `Insert`."""

    node: str
    input: str
    source: str
    slot: int = 0


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Take the link of an input away; its own widget value then counts."""

    node: str
    input: str


@dataclass(frozen=True, slots=True)
class Insert:
    """A new node in the scope of `near`, beside it. key: its name in the edits that follow.

    inputs: name -> (path or key, slot). widgets: name -> value; the rest is as the definition says.
    """

    key: str
    type: str
    near: str
    inputs: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    widgets: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChangeType:
    """Make a node another type. inputs: old input name -> new; links of inputs that are not named are cut.

    widgets: the new type's values by name; the rest is as the definition says. Outputs keep their numbers.
    """

    node: str
    type: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    widgets: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SetMode:
    """0 runs, 2 muted, 4 bypassed. A prompt has no modes."""

    node: str
    mode: int


@dataclass(frozen=True, slots=True)
class KeepPositional:
    """Let `widgets_values` win: write its value into `widgets_values_named`."""

    node: str
    name: str


@dataclass(frozen=True, slots=True)
class KeepNamed:
    """Let `widgets_values_named` win: write its value into `widgets_values`."""

    node: str
    name: str


@dataclass(frozen=True, slots=True)
class DropWidgetValue:
    """Take one position out of `widgets_values`, so that those after it move up."""

    node: str
    index: int


@dataclass(frozen=True, slots=True)
class DropLink:
    """Take a link out of its scope's list and out of the slots that name it. scope: path of the instance, or ''."""

    scope: str
    link: Any


Edit = (
    SetWidget
    | Connect
    | Disconnect
    | Insert
    | ChangeType
    | SetMode
    | KeepPositional
    | KeepNamed
    | DropWidgetValue
    | DropLink
)
