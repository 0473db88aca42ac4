"""The controller driven by a loop from outside: the `index` of another pack's loop nodes."""

import pytest
from host.conftest import StartServer
from host.flow import Flow, check_whole, sampled, sampler_records
from host.server import Server

PACK = "ComfyUI-NativeLooping_testing"


@pytest.fixture(scope="module")
def loop_server(start_server: StartServer) -> Server:
    server = start_server(packs=[PACK])
    if not server.object_info("TensorForLoopOpen"):
        pytest.skip(f"{PACK} does not load on this ComfyUI.")
    return server


def looped(flow: Flow) -> None:
    """Wire a for loop over all windows around the take's graph."""
    add = flow.prompt.add
    opened = add("TensorForLoopOpen", count=flow.planner[3])
    index = add("_IntOperations", a=opened[3], b=1, operation="subtract")
    flow.prompt.set(flow.controller, index=index[0])
    closed = add("TensorForLoopClose", flow_control=opened[0], processed=flow.keep[1], accumulate=False)
    add("LongTakeTestRecordEnd", value=closed[0], label=f"loop of {flow.take}", save=False)


def looped_while(flow: Flow) -> None:
    """Wire a while loop around it that carries how many windows stand: the index of the next one."""
    add = flow.prompt.add
    opened = add("WhileLoopOpen", condition=True, initial_value0=0)
    flow.prompt.set(flow.controller, index=opened[1])
    more = add("_IntOperations", a=flow.keep[2], b=flow.planner[3], operation="<")
    closed = add("WhileLoopClose", flow_control=opened[0], condition=more[1], initial_value0=flow.keep[2])
    add("LongTakeTestRecordEnd", value=closed[0], label=f"loop of {flow.take}", save=False)


def test_a_for_loop_makes_the_take_in_one_prompt(loop_server: Server) -> None:
    flow = Flow("looped", frames=73)
    looped(flow)
    prompt_id = loop_server.run(flow.prompt)
    assert loop_server.status(prompt_id) == "success", loop_server.error(prompt_id)
    assert loop_server.started()[-1] == prompt_id
    assert sampled(loop_server, flow) == list(range(flow.windows))
    for window, record in zip(flow.plan.windows[1:], sampler_records(loop_server, flow)[1:], strict=True):
        assert record["motion"] == list(range(window.start, window.start + window.overlap))
    check_whole(loop_server, flow)


def test_a_while_loop_that_failed_goes_on_where_it_stood(loop_server: Server) -> None:
    flow = Flow("looped and failed", frames=73)
    looped_while(flow)
    flow.prompt.set(flow.sampler, fail_at=2)
    failed = loop_server.run(flow.prompt)
    assert loop_server.status(failed) == "error"
    flow.prompt.set(flow.sampler, fail_at=-1)
    again = loop_server.run(flow.prompt)
    assert loop_server.status(again) == "success", loop_server.error(again)
    assert sampled(loop_server, flow) == [0, 1, 2, *range(2, flow.windows)]
    check_whole(loop_server, flow)


def test_an_index_past_the_end_is_refused(server: Server) -> None:
    flow = Flow("past the end")
    flow.prompt.set(flow.controller, index=flow.windows)
    prompt_id = server.run(flow.prompt)
    assert "was asked for" in server.error(prompt_id)["exception_message"]
    assert sampled(server, flow) == []


def test_an_index_past_what_is_there_is_refused(server: Server) -> None:
    flow = Flow("too far")
    flow.prompt.set(flow.controller, index=2)
    prompt_id = server.run(flow.prompt)
    assert "Begin the loop at index 0" in server.error(prompt_id)["exception_message"]
    assert sampled(server, flow) == []


def test_an_index_makes_that_window_and_queues_nothing(server: Server) -> None:
    flow = Flow("by hand", frames=41)
    for index in range(flow.windows):
        flow.prompt.set(flow.controller, index=index)
        prompt_id = server.run(flow.prompt)
        assert server.started()[-1] == prompt_id
        assert sampled(server, flow) == list(range(index + 1))
    check_whole(server, flow)
