"""ComfyUI's canvas as a test sees and uses it."""

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: Scale and move the canvas so that the nodes of these types, or all, fill it.
_SHOW = """(types) => {
    const canvas = window.app.canvas, all = window.app.graph.nodes
    const nodes = types.length ? all.filter(n => types.includes(n.type)) : all
    const left = Math.min(...nodes.map(n => n.pos[0])) - 30, top = Math.min(...nodes.map(n => n.pos[1])) - 80
    const right = Math.max(...nodes.map(n => n.pos[0] + n.size[0])) + 30
    const bottom = Math.max(...nodes.map(n => n.pos[1] + n.size[1])) + 30
    const wide = canvas.canvas.width - 60, high = canvas.canvas.height - 100
    const scale = Math.min(1.5, wide / (right - left), high / (bottom - top))
    canvas.ds.scale = scale
    canvas.ds.offset[0] = -left + 60 / scale
    canvas.ds.offset[1] = -top + 90 / scale
    canvas.setDirty(true, true)
}"""
#: No welcome, nothing over the nodes.
_SETTINGS = {"Comfy.TutorialCompleted": True, "Comfy.Minimap.Visible": False, "Comfy.Graph.CanvasInfo": False}
_DROP = """async ([name, type, data]) => {
    const bytes = Uint8Array.from(atob(data), character => character.charCodeAt(0))
    await window.app.handleFile(new File([bytes], name, { type }))
}"""


class CanvasPage:
    """One page with the canvas on it. vue_nodes: nodes are drawn by "Nodes 2.0" in place of the canvas."""

    def __init__(self, page: Any, address: str, *, vue_nodes: bool) -> None:
        self.page = page
        here = f"http://{address}"
        for setting, value in (*_SETTINGS.items(), ("Comfy.VueNodes.Enabled", vue_nodes)):
            page.request.post(f"{here}/api/settings/{setting}", data=json.dumps(value))
        page.route(lambda url: not url.startswith(here), lambda route: route.abort())
        page.goto(here)
        page.wait_for_function("window.app?.graph && window.app.extensionManager", timeout=60_000)
        page.wait_for_timeout(1500)

    def load(self, workflow: Mapping[str, Any]) -> None:
        """Put a workflow on the canvas."""
        self.page.evaluate("workflow => window.app.loadGraphData(workflow)", dict(workflow))
        self.page.wait_for_timeout(1000)

    def drop(self, path: Path, media_type: str) -> None:
        """Drop a file on the canvas."""
        data = base64.b64encode(path.read_bytes()).decode()
        self.page.evaluate(_DROP, [path.name, media_type, data])
        self.page.wait_for_timeout(1000)

    def prompt(self) -> dict[str, Any]:
        """What the canvas would queue, in API format."""
        return dict(self.page.evaluate("async () => (await window.app.graphToPrompt()).output"))

    def queue(self) -> None:
        """Queue what is on the canvas, as the Run button does."""
        self.page.evaluate("() => window.app.queuePrompt(0)")

    def types(self) -> list[str]:
        """The types of the nodes on the canvas."""
        return list(self.page.evaluate("() => window.app.graph.nodes.map(node => node.type)"))

    def missing(self) -> list[str]:
        """The nodes that the canvas does not know, or marks as wrong."""
        return list(
            self.page.evaluate(
                "() => window.app.graph.nodes"
                ".filter(n => n.has_errors || !(n.type in LiteGraph.registered_node_types)).map(n => n.type)"
            )
        )

    def outputs(self, kind: str) -> dict[str, Any]:
        """What the nodes of a type showed last, as the canvas holds it."""
        return dict(
            self.page.evaluate(
                "kind => Object.assign({}, ...window.app.graph.nodes.filter(n => n.type === kind)"
                ".map(n => window.app.nodeOutputs[n.id] ?? {}))",
                kind,
            )
        )

    def progress(self, kind: str) -> str:
        """The line of progress that the node of a type shows."""
        return str(
            self.page.evaluate(
                "kind => window.app.graph.nodes.find(node => node.type === kind)"
                ".widgets.find(widget => widget.name === '$$node-text-preview').value",
                kind,
            )
        )

    def select(self, kind: str) -> None:
        """Select the node of a type, as a click on it does."""
        self.page.evaluate(
            "kind => window.app.canvas.selectNode(window.app.graph.nodes.find(node => node.type === kind))", kind
        )

    def show(self, *kinds: str) -> None:
        """Bring the nodes of these types into sight, or all."""
        self.page.evaluate(_SHOW, list(kinds))
        self.page.wait_for_timeout(700)

    def picture(self, name: str) -> None:
        """Leave a picture of the page in the folder SCREENSHOTS, if it is set."""
        if folder := os.environ.get("SCREENSHOTS"):
            self.page.screenshot(path=Path(folder) / f"{name}.png")
