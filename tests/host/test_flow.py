"""A take in a real ComfyUI: every frame once and in order, what runs once and what per window, going on."""

import pytest
from host.conftest import StartServer
from host.flow import START_NUMBER, Flow, check_whole, loads, sampled, sampler_records, status, store, video_path
from host.server import Server


@pytest.mark.parametrize("frames", [1, 5, 16, 17, 18, 29, 31, 41, 73, 97])
@pytest.mark.parametrize("fit", ["exact", "pad", "shrink"])
def test_the_video_reads_every_frame_once(server: Server, frames: int, fit: str) -> None:
    flow = Flow(f"cover {fit} {frames}", frames=frames, fit=fit)
    first = server.run(flow.prompt)
    assert server.status(first) == "success", server.error(first)
    check_whole(server, flow)
    assert sampled(server, flow) == list(range(flow.windows))


def test_each_window_continues_from_the_frames_before_it(server: Server) -> None:
    flow = Flow("motion", frames=73)
    server.run(flow.prompt)
    windows = flow.plan.windows
    for window, record in zip(windows, sampler_records(server, flow), strict=True):
        assert (record["start"], record["stop"]) == (window.start, window.stop)
        expected = list(range(window.start, window.start + window.overlap)) if window.index else [START_NUMBER]
        assert record["motion"] == expected
        assert record["seed"] == record["seed_input"]
    assert len({record["seed"] for record in sampler_records(server, flow)}) == len(windows)


def test_what_is_upstream_runs_once_and_the_loop_once_per_window(server: Server) -> None:
    flow = Flow("once", frames=73)
    before = len(server.started())
    server.run(flow.prompt)
    prompts = server.started()[before:]
    assert len(prompts) == flow.windows
    loop = {flow.controller, flow.sampler, flow.keep}
    for number, prompt_id in enumerate(prompts):
        ran, cached = set(server.ran(prompt_id)), server.cached(prompt_id)
        assert loop <= ran
        if number:
            assert not ran & flow.upstream
            assert flow.upstream <= cached
        else:
            assert flow.loader in ran
    assert loads(server, flow) == 1


def test_a_second_take_in_the_same_queue_keeps_what_is_cached(server: Server) -> None:
    flow, other = Flow("first of two"), Flow("second of two")
    other.prompt.set(other.loader, name="model of first of two")
    server.run(flow.prompt)
    server.run(other.prompt)
    check_whole(server, flow)
    check_whole(server, other)
    assert loads(server, flow) == 1


def test_a_finished_take_gives_its_video_again_without_sampling(server: Server) -> None:
    flow = Flow("finished")
    server.run(flow.prompt)
    made = sampled(server, flow)
    video = video_path(server, flow)
    written = video.stat().st_mtime_ns
    flow.prompt.add("LongTakeTestRecordEnd", value=flow.keep[0], label="video", save=False)
    again = server.run(flow.prompt)
    assert server.status(again) == "success"
    assert sampled(server, flow) == made
    assert len(server.records("record", label="video", prompt_id=again)) == 1
    assert video.stat().st_mtime_ns == written
    check_whole(server, flow)


def test_the_video_leaves_the_node_only_at_the_end(server: Server) -> None:
    flow = Flow("video at the end")
    flow.prompt.add("LongTakeTestRecordEnd", value=flow.keep[0], label="only at the end", save=False)
    before = len(server.started())
    server.run(flow.prompt)
    prompts = server.started()[before:]
    (record,) = server.records("record", label="only at the end")
    assert record["prompt_id"] == prompts[-1]
    assert [server.status(prompt_id) for prompt_id in (prompts[0], prompts[-1])] == ["success", "success"]


def test_the_last_window_deleted_is_made_again(server: Server) -> None:
    flow = Flow("deleted")
    server.run(flow.prompt)
    take = store(server).current(flow.take)
    last = take.kept(flow.windows - 1)
    folder = take.window_folder(last.index, last.attempt)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    server.run(flow.prompt)
    assert sampled(server, flow) == [*range(flow.windows), flow.windows - 1]
    check_whole(server, flow)


def test_a_retake_makes_the_windows_from_there_on_again(server: Server) -> None:
    flow = Flow("retake", frames=73)
    server.run(flow.prompt)
    store(server).current(flow.take).retake(2, seed=99)
    server.run(flow.prompt)
    records = sampler_records(server, flow)
    first, again = records[: flow.windows], records[flow.windows :]
    assert [record["index"] for record in again] == list(range(2, flow.windows))
    assert {record["attempt"] for record in again} == {1}
    assert all(old["seed"] != new["seed"] for old, new in zip(first[2:], again, strict=True))
    assert loads(server, flow) == 1
    check_whole(server, flow)


def test_upscaled_and_interpolated_frames_are_kept_and_the_raw_ones_continue(server: Server) -> None:
    flow = Flow("multiple", frames=41, multiple=2)
    larger = flow.prompt.add("ImageScaleBy", image=flow.sampler[0], upscale_method="bilinear", scale_by=2.0)
    flow.prompt.set(flow.keep, frames=larger[0])
    server.run(flow.prompt)
    check_whole(server, flow)
    for window, record in zip(flow.plan.windows[1:], sampler_records(server, flow)[1:], strict=True):
        assert record["motion"] == list(range(window.start, window.start + window.overlap))


@pytest.mark.parametrize("seam", ["linear", "cosine", "best cut"])
def test_blended_seams_keep_every_frame_in_its_place(server: Server, seam: str) -> None:
    flow = Flow(f"seam {seam}", frames=41, keep_inputs={"seam": seam})
    server.run(flow.prompt)
    check_whole(server, flow)


def test_lossless_takes_end_in_mkv(server: Server) -> None:
    flow = Flow("lossless", keep_inputs={"format": "mkv (FFV1, lossless)"})
    server.run(flow.prompt)
    assert video_path(server, flow).suffix == ".mkv"


def test_a_killed_server_goes_on_where_it_stood(start_server: StartServer) -> None:
    server = start_server()
    flow = Flow("killed", frames=97, seconds=0.3)
    server.queue(flow.prompt)
    server.wait_for(lambda: len(sampled(server, flow)) >= 3, what="the third window")
    server.kill()
    before = store(server).current(flow.take).state.kept
    assert before >= 2
    server.start()
    server.run(flow.prompt)
    made = sampled(server, flow)
    assert made.count(before) in (1, 2)
    assert [made.count(index) for index in range(flow.windows) if index != before] == [1] * (flow.windows - 1)
    check_whole(server, flow)
    server.stop()


def test_nothing_needs_a_browser(server: Server) -> None:
    flow = Flow("headless")
    first = server.queue(flow.prompt, listen=False)
    server.wait()
    assert server.status(first) == "success"
    check_whole(server, flow)


def test_a_caller_is_told_where_the_take_stands(server: Server) -> None:
    flow = Flow("told", frames=41)
    first = server.run(flow.prompt)
    told = [data for kind, data in server.events if kind == "longtake.take" and data["name"] == flow.take]
    assert [data["kept"] for data in told if data["kept"]][-1] == flow.windows
    assert told[-1]["complete"]
    assert told[-1]["next_prompt_id"] is None
    nexts = {data["next_prompt_id"] for data in told} - {None}
    assert len(nexts) == flow.windows - 1
    assert first not in nexts
    assert status(server, flow)["kept"] == flow.windows
    texts = [data["text"] for kind, data in server.events if kind == "text" and flow.take in data["text"]]
    assert any(f"window 2 of {flow.windows}" in text for text in texts)


@pytest.mark.parametrize("cache", ["classic", "none", "lru 8"])
def test_any_cache_makes_the_take(start_server: StartServer, cache: str) -> None:
    server = start_server(cache=cache)
    flow = Flow("any cache", frames=73)
    server.run(flow.prompt)
    assert sampled(server, flow) == list(range(flow.windows))
    assert loads(server, flow) == (flow.windows if cache == "none" else 1)
    check_whole(server, flow)
    server.run(flow.prompt)
    assert sampled(server, flow) == list(range(flow.windows))
    server.stop()
