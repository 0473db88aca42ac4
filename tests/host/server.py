"""A real ComfyUI server in a process of its own, for tests.

Nothing of ComfyUI is imported into the test process. The server listens on the loopback address only and
keeps models, input, output and settings in a folder of its own.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
from host.client import Client, ServerUnreachable
from host.records import read_records

REPOSITORY = Path(__file__).resolve().parents[2]
STUB_PACK = Path(__file__).resolve().parent / "stub_pack"
OUR_NAME = "longtake"
START_SECONDS = 180
LOG_LINES = 80


class Server(Client):
    """One server and a client for it: ``with Server(...) as server: server.queue(prompt)``.

    host: ComfyUI's folder. python: its interpreter. folder: an empty folder for everything it writes.
    packs: folders of further custom nodes. ours, stub: whether LongTake and the test nodes are loaded.
    arguments: for main.py, for example ``["--cache-classic"]``.
    """

    def __init__(
        self,
        host: Path,
        python: str,
        folder: Path,
        *,
        packs: Sequence[Path] = (),
        ours: bool = True,
        stub: bool = True,
        arguments: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.host, self.python, self.folder = host, python, folder
        self.arguments = list(arguments)
        self.packs = {pack.name: pack for pack in packs}
        if ours:
            self.packs[OUR_NAME] = REPOSITORY
        if stub:
            self.packs[STUB_PACK.name] = STUB_PACK
        self.log_path = folder / "server.log"
        self.records_folder = folder / "records"
        self._process: subprocess.Popen[bytes] | None = None
        self._prepare()

    @property
    def models(self) -> Path:
        """The folder for model files."""
        return self.folder / "models"

    @property
    def output(self) -> Path:
        """ComfyUI's output folder."""
        return self.folder / "output"

    @property
    def input(self) -> Path:
        """ComfyUI's input folder."""
        return self.folder / "input"

    def __enter__(self) -> "Server":  # noqa: PYI034 - Self needs Python 3.11
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server and wait until it answers. May be called again after `stop` or `kill`."""
        port = _free_port()
        command = [self.python, "main.py", "--cpu", "--listen", "127.0.0.1", "--port", str(port)]
        command += ["--base-directory", str(self.folder), "--disable-auto-launch", *self._database()]
        command += ["--disable-all-custom-nodes", "--whitelist-custom-nodes", *(self.packs or ["none"])]
        command += self.arguments
        environment = os.environ | {
            "LONGTAKE_TEST_RECORDS": str(self.records_folder),
            "HF_HUB_OFFLINE": "1",
            "PYTHONUNBUFFERED": "1",
            # One thread: the same numbers on every machine, and no waiting for a core that is busy elsewhere.
            "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
        }
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the tests' own server
                command, cwd=self.host, env=environment, stdout=log, stderr=log
            )
        self.address = f"127.0.0.1:{port}"
        self._wait_until_up()
        self.listen()

    def stop(self) -> None:
        """Stop the server politely, then firmly."""
        self.stop_listening()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None

    def kill(self) -> None:
        """End the server at once, as a crash or a power cut does."""
        self.stop_listening()
        process = self._running()
        process.send_signal(signal.SIGKILL)
        process.wait()
        self._process = None

    def rss(self) -> int:
        """Memory of the server's process in bytes."""
        return int(psutil.Process(self._running().pid).memory_info().rss)

    def peak_rss(self) -> int:
        """The most memory that the server's process has held, in bytes (Linux)."""
        lines = Path(f"/proc/{self._running().pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))

    def reset_peak_rss(self) -> None:
        """Forget what the process has held until now (Linux)."""
        Path(f"/proc/{self._running().pid}/clear_refs").write_text("5", encoding="ascii")

    def check_alive(self) -> None:
        """Raise with the log's end if the server has died."""
        process = self._process
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"The server ended with {process.returncode}.\n{self.log_tail()}")

    def log_tail(self, lines: int = LOG_LINES) -> str:
        """The last lines of the server's log."""
        if not self.log_path.exists():
            return ""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def records(self, node: str | None = None, **match: Any) -> list[dict[str, Any]]:
        """What the test nodes wrote down, oldest first; only of this node, with these values."""
        return read_records(self.records_folder, node, **match)

    def _prepare(self) -> None:
        custom_nodes = self.folder / "custom_nodes"
        for folder in (custom_nodes, self.models, self.input, self.output, self.records_folder):
            folder.mkdir(parents=True, exist_ok=True)
        for name, pack in self.packs.items():
            (custom_nodes / name).symlink_to(pack.resolve(), target_is_directory=True)

    def _database(self) -> list[str]:
        options = (self.host / "comfy" / "cli_args.py").read_text(encoding="utf-8")
        return ["--database-url", f"sqlite:///{self.folder / 'db.sqlite'}"] if "--database-url" in options else []

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("The server is not running. Call start() first.")
        return self._process

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            self.check_alive()
            try:
                self.get("/system_stats")
            except ServerUnreachable:
                time.sleep(0.1)
            else:
                return
        raise TimeoutError(f"The server did not answer within {START_SECONDS} s.\n{self.log_tail()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
