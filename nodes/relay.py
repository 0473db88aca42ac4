"""The relay: the running prompt goes back into ComfyUI's own queue to make the next window.

A relayed prompt carries a literal on its controller that names the take and the prompt it comes from. So it
only ever goes on with that take, and stops where its parent was interrupted or failed.
"""

from __future__ import annotations

import copy
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server import PromptServer

from .host import log, running_prompt_id

_INPUT = "relay"


@dataclass(frozen=True)
class Relay:
    """Which take a prompt goes on with, and after which prompt."""

    take: str
    parent: str

    def __str__(self) -> str:
        return f"{self.take}@{self.parent}"


@dataclass
class _Posted:
    """What the running prompt has put into the queue: one prompt, whatever it has to go on with."""

    parent: str = ""
    prompt_id: str = ""
    prompt: dict[str, Any] | None = None


_posted = _Posted()
_next_prompts: dict[str, str] = {}
_lock = threading.Lock()


def relay_of(prompt: Mapping[str, Any] | None, controller: str) -> Relay | None:
    """The relay that a controller in a running prompt belongs to; None in a prompt that a person queued."""
    value = (prompt or {}).get(controller, {}).get("inputs", {}).get(_INPUT)
    take, at, parent = str(value or "").partition("@")
    return Relay(take, parent) if at else None


def post_next(take: str, folder: str, controller: str, *, others_first: bool = False) -> None:
    """Queue the running prompt once more, to go on with a take.

    One prompt is queued for each running one, however many takes it makes. It keeps its parent's number and
    so runs next; others_first: it goes to the end of the queue.
    """
    parent = running_prompt_id()
    queue = PromptServer.instance.prompt_queue
    with _lock:
        if _posted.parent != parent or _posted.prompt is None:
            # The queue's own copy: the one that nodes can see carries marks of this run, which the executor trusts.
            item = next(item for item in queue.get_current_queue_volatile()[0] if item[1] == parent)
            if controller not in item[2]:
                log.warning("The controller is inside a loop: nothing is queued. Link its `index` to the loop.")
                return
            _posted.parent, _posted.prompt_id = parent, str(uuid.uuid4())
            _posted.prompt = copy.deepcopy(item[2])
            _posted.prompt[controller]["inputs"][_INPUT] = str(Relay(take, parent))
            number = _last_number() if others_first else item[0]
            queue.put((number, _posted.prompt_id, _posted.prompt, *copy.deepcopy(tuple(item[3:]))))
        elif controller in _posted.prompt:
            _posted.prompt[controller]["inputs"][_INPUT] = str(Relay(take, parent))
        _next_prompts[folder] = _posted.prompt_id


def next_prompt(folder: str) -> str | None:
    """The id of the prompt that goes on with a take, waiting or running; None if there is none, or no more."""
    found = _next_prompts.get(folder)
    running, pending = PromptServer.instance.prompt_queue.get_current_queue_volatile()
    return found if any(item[1] == found for item in (*running, *pending)) else None


def nothing_next(folder: str) -> None:
    """Nothing more will be queued for a take."""
    _next_prompts.pop(folder, None)


def may_go_on(relay: Relay) -> bool:
    """The parent ran to its end. It then leaves the history, unless a person queued it.

    So a take leaves two entries, the prompt that was queued and the last one, however many windows it has.
    """
    queue = PromptServer.instance.prompt_queue
    entry = queue.get_history(prompt_id=relay.parent, map_function=lambda entry: entry).get(relay.parent)
    if entry is None:
        return True
    if not (entry.get("status") or {}).get("completed", True):
        return False
    if any(_INPUT in node.get("inputs", {}) for node in entry["prompt"][2].values()):
        queue.delete_history_item(relay.parent)
    return True


def _last_number() -> float:
    server = PromptServer.instance
    number: float = server.number
    server.number += 1
    return number
