"""An HTTP and WebSocket client for one ComfyUI server."""

import asyncio
import json
import struct
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Mapping
from typing import Any

import aiohttp

IDLE_SECONDS = 120
HTTP = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy has no business on loopback
TEXT_EVENT = 3  # ComfyUI's number for progress text among its binary messages


class ServerUnreachable(ConnectionError):
    """Nobody answers at the server's address."""


class PromptRefused(ValueError):
    """The server did not accept a prompt; `.answer` is what it said."""

    def __init__(self, answer: Any) -> None:
        super().__init__(json.dumps(answer, indent=1)[:4000])
        self.answer = answer


class Client:
    """Queue prompts, wait for them, and know which nodes ran.

    events: every WebSocket message as (type, data), oldest first. Binary progress text arrives as
    ("text", {"node", "text"}), other binary messages as ("binary", {"kind", "bytes"}).
    """

    def __init__(self, address: str = "") -> None:
        self.address = address
        self.client_id = uuid.uuid4().hex
        self.events: list[tuple[str, dict[str, Any]]] = []
        self._listener: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    # HTTP

    def get(self, path: str) -> Any:
        """GET a JSON answer."""
        return self._request(path, None)

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """POST a JSON body; the JSON answer, or None if it is empty."""
        return self._request(path, json.dumps(body or {}).encode())

    def fetch(self, path: str) -> bytes:
        """GET raw bytes."""
        with HTTP.open(f"http://{self.address}{path}", timeout=30) as answer:
            return bytes(answer.read())

    def queue(self, prompt: Mapping[str, Any], *, listen: bool = True, **extra: Any) -> str:
        """Queue a prompt in API format and give its id. Without `listen` no client is named with it."""
        body: dict[str, Any] = {"prompt": dict(prompt), **extra}
        if listen:
            body["client_id"] = self.client_id
        try:
            answer = self.post("/prompt", body)
        except urllib.error.HTTPError as error:
            raise PromptRefused(json.loads(error.read())) from error
        if answer.get("node_errors"):
            raise PromptRefused(answer)
        return str(answer["prompt_id"])

    def run(self, prompt: Mapping[str, Any], timeout: float = IDLE_SECONDS) -> str:
        """Queue a prompt, wait until the queue is empty and give its id."""
        prompt_id = self.queue(prompt)
        self.wait(timeout)
        return prompt_id

    def pending(self) -> tuple[list[str], list[str]]:
        """The ids of the running and of the waiting prompts, in the order in which they run."""
        state = self.get("/queue")
        waiting = sorted(state["queue_pending"], key=lambda item: item[0])
        return [item[1] for item in state["queue_running"]], [item[1] for item in waiting]

    def wait(self, timeout: float = IDLE_SECONDS) -> None:
        """Wait until nothing runs and nothing waits."""
        deadline = time.monotonic() + timeout
        while any(self.pending()):
            self.check_alive()
            if time.monotonic() > deadline:
                raise TimeoutError(f"The queue is not empty after {timeout} s: {self.pending()}.")
            time.sleep(0.05)
        time.sleep(0.1)  # the last messages are on their way

    def wait_for(self, condition: Any, timeout: float = IDLE_SECONDS, what: str = "the condition") -> Any:
        """Call condition() until it gives something true, and give that."""
        deadline = time.monotonic() + timeout
        while not (result := condition()):
            self.check_alive()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} did not come about within {timeout} s.")
            time.sleep(0.02)
        return result

    def history(self, prompt_id: str) -> dict[str, Any]:
        """The history entry of a prompt; empty if there is none."""
        return dict(self.get(f"/history/{prompt_id}").get(prompt_id, {}))

    def all_history(self) -> dict[str, Any]:
        """Every history entry by prompt id."""
        return dict(self.get("/history"))

    def outputs(self, prompt_id: str) -> dict[str, Any]:
        """What the nodes of a prompt showed, by node id."""
        return dict(self.history(prompt_id).get("outputs", {}))

    def status(self, prompt_id: str) -> str:
        """``success``, ``error``, ``interrupted``, or ``unknown`` if the prompt has no history."""
        status = self.history(prompt_id).get("status") or {}
        kinds = {message[0] for message in status.get("messages", [])}
        if "execution_interrupted" in kinds:
            return "interrupted"
        return str(status.get("status_str", "unknown"))

    def error(self, prompt_id: str) -> dict[str, Any]:
        """What the failed prompt's error message says; empty if it did not fail."""
        messages = (self.history(prompt_id).get("status") or {}).get("messages", [])
        return next((dict(data) for kind, data in messages if kind == "execution_error"), {})

    def interrupt(self) -> None:
        """Interrupt what runs now."""
        self.post("/interrupt")

    def clear(self) -> None:
        """Remove every waiting prompt."""
        self.post("/queue", {"clear": True})

    def object_info(self, node: str) -> dict[str, Any]:
        """What the server says of a node class; empty if it does not know it."""
        return dict(self.get(f"/object_info/{urllib.parse.quote(node)}").get(node, {}))

    def check_alive(self) -> None:
        """Raise if the server has died. A client that did not start it cannot know."""

    # WebSocket

    def ran(self, prompt_id: str) -> list[str]:
        """The nodes that a prompt executed, each once, in order; cached ones are not among them."""
        nodes = [
            data["node"]
            for kind, data in list(self.events)
            if kind == "executing" and data.get("prompt_id") == prompt_id and data.get("node") is not None
        ]
        return list(dict.fromkeys(nodes))

    def cached(self, prompt_id: str) -> set[str]:
        """The nodes whose outputs a prompt took from the cache when it began."""
        return {
            node
            for kind, data in list(self.events)
            if kind == "execution_cached" and data.get("prompt_id") == prompt_id
            for node in data["nodes"]
        }

    def started(self) -> list[str]:
        """The ids of all prompts that were begun, in order."""
        return [data["prompt_id"] for kind, data in list(self.events) if kind == "execution_start"]

    def listen(self) -> None:
        """Begin to collect the server's messages."""
        ready = threading.Event()
        self._listener = threading.Thread(target=self._collect, args=(ready,), daemon=True)
        self._listener.start()
        if not ready.wait(30):
            raise TimeoutError("The WebSocket did not connect within 30 s.")

    def stop_listening(self) -> None:
        """Stop to collect messages; those collected stay."""
        if self._loop is not None and self._task is not None and self._loop.is_running():
            self._loop.call_soon_threadsafe(self._task.cancel)
        if self._listener is not None:
            self._listener.join(5)
        self._listener = self._loop = self._task = None

    def _collect(self, ready: threading.Event) -> None:
        async def main() -> None:
            self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
            url = f"ws://{self.address}/ws?clientId={self.client_id}"
            async with aiohttp.ClientSession() as session, session.ws_connect(url, max_msg_size=0) as socket:
                ready.set()
                async for message in socket:
                    self._note(message)

        try:
            asyncio.run(main())
        except (asyncio.CancelledError, aiohttp.ClientError):
            return

    def _note(self, message: aiohttp.WSMessage) -> None:
        if message.type == aiohttp.WSMsgType.TEXT:
            event = json.loads(message.data)
            self.events.append((event["type"], event.get("data") or {}))
        elif message.type == aiohttp.WSMsgType.BINARY:
            self.events.append(_binary_event(message.data))

    def _request(self, path: str, body: bytes | None) -> Any:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"http://{self.address}{path}", data=body, headers=headers)
        try:
            with HTTP.open(request, timeout=60) as answer:
                text = answer.read()
        except urllib.error.HTTPError:
            raise
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            raise ServerUnreachable(f"{self.address} does not answer: {error}.") from error
        return json.loads(text) if text else None


def _binary_event(data: bytes) -> tuple[str, dict[str, Any]]:
    (kind,) = struct.unpack(">I", data[:4])
    if kind != TEXT_EVENT:
        return "binary", {"kind": kind, "bytes": len(data) - 4}
    (length,) = struct.unpack(">I", data[4:8])
    node, text = data[8 : 8 + length], data[8 + length :]
    return "text", {"node": node.decode(), "text": text.decode(errors="replace")}
