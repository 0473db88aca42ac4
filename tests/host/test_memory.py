"""Memory of the server over 50 windows of 81 frames of 640x360: it does not grow with their number.

``--log-cli-level=INFO`` shows the figures.
"""

import logging
import statistics

import pytest
from host.conftest import StartServer
from host.flow import Flow, check_whole, loads, sampled
from host.server import Server

WINDOWS, WINDOW, OVERLAP = 50, 81, 9
MOST_GROWTH = 1 << 20  # bytes per window
SETTLED = 5  # windows until all is loaded
SPAN = 10  # windows whose median counts at either end

log = logging.getLogger(__name__)


@pytest.mark.parametrize("cache", [None, "classic"], ids=["default", "classic"])
def test_memory_does_not_grow_with_the_windows(start_server: StartServer, cache: str | None) -> None:
    server = start_server(cache=cache)
    frames = WINDOW + (WINDOWS - 1) * (WINDOW - OVERLAP)
    flow = Flow("memory", frames=frames, window=WINDOW, overlap=OVERLAP, width=640, height=360)
    assert flow.windows == WINDOWS
    server.queue(flow.prompt)
    memory = [memory_when_kept(server, flow, kept) for kept in range(1, WINDOWS)]
    server.wait()
    first, last = memory[SETTLED : SETTLED + SPAN], memory[-SPAN:]
    growth = (statistics.median(last) - statistics.median(first)) / (len(memory) - SETTLED - SPAN)
    megabytes = [round(size / 2**20) for size in memory]
    log.info("%s, MB at the start of each window: %s; growth %.0f KB a window", cache, megabytes, growth / 1024)
    assert growth < MOST_GROWTH, megabytes
    assert loads(server, flow) == 1
    assert sampled(server, flow) == list(range(WINDOWS))
    check_whole(server, flow)
    server.stop()


def memory_when_kept(server: Server, flow: Flow, kept: int) -> int:
    """Bytes at the moment when the sampler begins the window after `kept` ones: the same point each time."""
    server.wait_for(lambda: len(sampled(server, flow)) > kept, timeout=300, what=f"window {kept + 1}")
    return server.rss()
