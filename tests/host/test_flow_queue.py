"""A take and ComfyUI's queue: interrupts, failures, other prompts in between, copies, two takes in one graph."""

import shutil

import pytest
from host.flow import Flow, check_whole, loads, sampled, status, store
from host.prompt import Prompt
from host.server import Server


def other_prompt(seed: int, seconds: float = 0.0) -> Prompt:
    prompt = Prompt()
    image = prompt.add("LongTakeTestImage", width=64, height=64, number=-1, seed=seed)
    prompt.add("LongTakeTestSlowPreview", seconds=seconds, value=image[0])
    return prompt


@pytest.mark.parametrize("at", ["sampler", "preview"])
def test_an_interrupt_stops_the_take_and_queueing_goes_on(server: Server, at: str) -> None:
    flow = Flow(f"interrupted at the {at}", frames=73, seconds=0.5)
    flow.preview(0.5)
    first = server.queue(flow.prompt)
    node = {"sampler": "sampler", "preview": "preview"}[at]
    seen = len(server.records(node))
    server.wait_for(lambda: len(sampled(server, flow)) >= 2, what="the second window")
    server.wait_for(lambda: len(server.records(node)) > seen, what=f"the {node}")
    server.interrupt()
    server.wait(20)
    stopped = sampled(server, flow)
    kept = store(server).current(flow.take).state.kept
    assert kept < flow.windows
    assert server.status(first) in ("success", "interrupted")
    flow.prompt.set(flow.sampler, seconds=0.0)
    server.run(flow.prompt)
    check_whole(server, flow)
    assert sampled(server, flow)[len(stopped) :] == list(range(kept, flow.windows))
    assert loads(server, flow) == 1


def test_one_interrupt_in_a_slow_preview_ends_the_take(server: Server) -> None:
    flow = Flow("held up", frames=73)
    preview = flow.preview(30.0)
    first = server.queue(flow.prompt)
    server.wait_for(lambda: server.records("preview", prompt_id=first), what="the preview")
    server.interrupt()
    server.wait(20)
    assert server.status(first) == "interrupted"
    assert sampled(server, flow) == [0]
    assert len(server.records("preview", prompt_id=first)) == 1
    flow.prompt.set(preview, seconds=0.0)
    server.run(flow.prompt)
    check_whole(server, flow)


def test_a_take_removed_after_an_interrupt_begins_again(server: Server) -> None:
    flow = Flow("removed", frames=41, seconds=5.0)
    first = server.queue(flow.prompt)
    server.wait_for(lambda: store(server).current(flow.take), what="the take")
    server.interrupt()
    server.wait(20)
    assert server.status(first) == "interrupted"
    shutil.rmtree(store(server).current(flow.take).folder.parent)
    flow.prompt.set(flow.sampler, seconds=0.0)
    server.run(flow.prompt)
    check_whole(server, flow)


def test_a_sampler_that_fails_stops_the_take_and_queueing_goes_on(server: Server) -> None:
    flow = Flow("fails", frames=73)
    flow.prompt.set(flow.sampler, fail_at=2)
    before = len(server.started())
    server.run(flow.prompt)
    last = server.started()[before:][-1]
    assert server.status(last) == "error"
    assert "fails at window 2" in server.error(last)["exception_message"]
    assert len(server.started()[before:]) == 3
    assert sampled(server, flow) == [0, 1, 2]
    assert status(server, flow)["kept"] == 2
    flow.prompt.set(flow.sampler, fail_at=-1)
    server.run(flow.prompt)
    assert sampled(server, flow) == [0, 1, 2, *range(2, flow.windows)]
    check_whole(server, flow)


@pytest.mark.parametrize("spoil", ["nan", "infinity", "short", "long"])
def test_frames_that_cannot_be_kept_are_refused_before_anything_is_written(server: Server, spoil: str) -> None:
    flow = Flow(f"spoilt {spoil}", frames=41)
    flow.prompt.set(flow.sampler, spoil_at=1, spoil=spoil)
    before = len(server.started())
    server.run(flow.prompt)
    last = server.started()[before:][-1]
    assert server.status(last) == "error"
    assert server.error(last)["node_type"] == "LongTakeKeepWindow"
    take = store(server).current(flow.take)
    assert take.state.kept == 1
    assert not [path for path in take.folder.rglob("*") if ".tmp" in path.name]
    flow.prompt.set(flow.sampler, spoil_at=-1)
    server.run(flow.prompt)
    check_whole(server, flow)


def test_a_prompt_queued_meanwhile_waits_for_the_whole_take(server: Server) -> None:
    flow = Flow("before others", frames=73, seconds=0.2)
    before = len(server.started())
    server.queue(flow.prompt)
    server.wait_for(lambda: sampled(server, flow), what="the first window")
    other = server.queue(other_prompt(31))
    server.wait()
    started = server.started()[before:]
    assert started[-1] == other
    assert len(started) == flow.windows + 1
    check_whole(server, flow)


def test_a_prompt_queued_meanwhile_gets_its_turn_if_the_take_lets_it(server: Server) -> None:
    flow = Flow("after others", frames=73, seconds=0.2, keep_inputs={"next_window": "after what is queued"})
    before = len(server.started())
    server.queue(flow.prompt)
    server.wait_for(lambda: sampled(server, flow), what="the first window")
    other = server.queue(other_prompt(32))
    server.wait()
    started = server.started()[before:]
    assert started.index(other) <= 2
    assert len(started) == flow.windows + 1
    assert sampled(server, flow) == list(range(flow.windows))
    check_whole(server, flow)


def test_two_queued_copies_make_each_window_once(server: Server) -> None:
    flow = Flow("two copies", frames=73, seconds=0.1)
    first, second = server.queue(flow.prompt), server.queue(flow.prompt)
    server.wait()
    assert sampled(server, flow) == list(range(flow.windows))
    assert server.status(first) == server.status(second) == "success"
    check_whole(server, flow)


def test_two_copies_that_take_turns_make_each_window_once(server: Server) -> None:
    keep = {"next_window": "after what is queued"}
    flow = Flow("two in turns", frames=73, seconds=0.1, keep_inputs=keep)
    before = len(server.started())
    server.queue(flow.prompt)
    server.queue(flow.prompt)
    server.wait()
    assert sampled(server, flow) == list(range(flow.windows))
    assert len(server.started()[before:]) <= flow.windows + 2
    check_whole(server, flow)


def test_two_keep_windows_on_one_window_do_not_double_the_queue(server: Server) -> None:
    flow = Flow("two keeps", frames=73)
    flow.prompt.add("LongTakeKeepWindow", window=flow.controller[0], frames=flow.sampler[0])
    before = len(server.started())
    server.run(flow.prompt)
    assert len(server.started()[before:]) == flow.windows
    assert sampled(server, flow) == list(range(flow.windows))
    check_whole(server, flow)


@pytest.mark.parametrize("frames", [(41, 73), (73, 41), (41, 41)])
def test_two_takes_in_one_graph_are_both_finished(server: Server, frames: tuple[int, int]) -> None:
    name = f"pair {frames[0]} {frames[1]}"
    flow, other = (Flow(f"{name} {number}", frames=count) for number, count in enumerate(frames))
    offset = 100
    for node_id, node in other.prompt.items():
        inputs = {
            key: [str(int(value[0]) + offset), value[1]] if isinstance(value, list) else value
            for key, value in node["inputs"].items()
        }
        flow.prompt[str(int(node_id) + offset)] = {**node, "inputs": inputs}
    before = len(server.started())
    server.run(flow.prompt)
    assert len(server.started()[before:]) == max(flow.windows, other.windows)
    for each in (flow, other):
        assert sampled(server, each) == list(range(each.windows))
        check_whole(server, each)


def test_another_sound_begins_another_take_and_the_old_one_stays(server: Server) -> None:
    flow = Flow("sound changes", frames=41)
    server.run(flow.prompt)
    old = store(server).current(flow.take)
    flow.prompt.set(flow.audio, seed=2)
    server.run(flow.prompt)
    new = store(server).current(flow.take)
    assert new.folder != old.folder
    assert new.complete
    assert old.folder.exists()
    assert sampled(server, flow) == list(range(flow.windows)) * 2


def test_begin_anew_makes_the_take_again_once(server: Server) -> None:
    flow = Flow("anew", frames=41)
    server.run(flow.prompt)
    flow.prompt.set(flow.controller, unfinished="begin anew")
    server.run(flow.prompt)
    assert sampled(server, flow) == list(range(flow.windows)) * 2
    assert len(list(store(server).takes(flow.take))) == 2
    check_whole(server, flow)


def test_a_take_leaves_two_entries_in_the_history(server: Server) -> None:
    flow = Flow("history", frames=97)
    before = set(server.all_history())
    first = server.run(flow.prompt)
    left = set(server.all_history()) - before
    assert first in left
    assert len(left) <= 2


def test_clearing_the_queue_stops_the_take_after_the_window_that_runs(server: Server) -> None:
    flow = Flow("cleared", frames=97)
    after = flow.prompt.add("LongTakeTestSlowPreview", seconds=2.0, value=flow.keep[2])
    server.queue(flow.prompt)
    server.wait_for(lambda: server.pending()[1], what="a waiting window")
    server.clear()
    server.wait(20)
    assert status(server, flow)["kept"] == 1
    flow.prompt.set(after, seconds=0.0)
    server.run(flow.prompt)
    check_whole(server, flow)
