"""A node that puts the running prompt into the queue once more, past the server's own door."""

import copy
import uuid
from typing import Any

from server import PromptServer

CATEGORY = "LongTake tests"


class TestQueueAgain:
    """Queues the running prompt without this node, and without one input of the nodes of a type."""

    CATEGORY = CATEGORY
    FUNCTION = "queue"
    RETURN_TYPES = ()
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {"required": {"type": ("STRING", {}), "without": ("STRING", {})}}

    def queue(self, type: str, without: str) -> dict[str, Any]:  # noqa: A002 - the input's name
        """Nothing to show but the new prompt's id."""
        queue = PromptServer.instance.prompt_queue
        number, _, prompt, extra, _, *rest = next(iter(queue.currently_running.values()))
        nodes = {
            key: copy.deepcopy(node) for key, node in prompt.items() if node["class_type"] != "LongTakeTestQueueAgain"
        }
        for node in nodes.values():
            node.pop("is_changed", None)
            if node["class_type"] == type:
                node["inputs"].pop(without, None)
        outputs = [key for key, node in nodes.items() if node["class_type"] == "LongTakeTestSlowPreview"]
        prompt_id = str(uuid.uuid4())
        queue.put((number, prompt_id, nodes, extra, outputs, *rest))
        return {"ui": {"prompt_id": [prompt_id]}}


QUEUE_NODES = {"LongTakeTestQueueAgain": TestQueueAgain}
