"""Prompts in ComfyUI's API format, built without writing node ids by hand."""

from typing import Any


class Prompt(dict[str, Any]):
    """A prompt: ``node = prompt.add("LoadImage", image="a.png")``; ``other=node[0]`` links to its output."""

    def add(self, class_type: str, **inputs: Any) -> "Node":
        """Add a node and give a handle for links to it. Inputs that are None are left out."""
        node_id = str(len(self) + 1)
        given = {name: value for name, value in inputs.items() if value is not None}
        links = {name: value[0] if isinstance(value, Node) else value for name, value in given.items()}
        self[node_id] = {"class_type": class_type, "inputs": links}
        return Node(node_id)

    def set(self, node: "Node | str", **inputs: Any) -> None:
        """Change inputs of a node."""
        self[str(node)]["inputs"].update(inputs)


class Node(str):
    """A node's id; ``node[1]`` is the link to its second output."""

    __slots__ = ()

    def __getitem__(self, slot: Any) -> Any:
        return [str(self), slot]
