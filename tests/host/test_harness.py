"""The harness itself: what runs, what is cached, what is recorded, interrupts, and errors."""

import pytest
from host.client import PromptRefused
from host.prompt import Node, Prompt
from host.records import load_tensor
from host.server import Server
from paint import read


def watched_image(number: int = 7, seed: int = 0) -> tuple[Prompt, Node]:
    prompt = Prompt()
    image = prompt.add("LongTakeTestImage", width=64, height=64, number=number, seed=seed)
    prompt.add("LongTakeTestRecordEnd", value=image[0], label="image", save=True)
    return prompt, image


def test_the_test_nodes_are_loaded_and_the_packs_of_others_are_not(server: Server) -> None:
    assert server.object_info("LongTakeTestSampler")
    assert not server.object_info("WanVideoSampler")


def test_an_unchanged_prompt_is_cached_and_a_changed_one_runs(server: Server) -> None:
    prompt, image = watched_image(seed=1)
    first = server.run(prompt)
    assert server.status(first) == "success"
    assert server.ran(first) == ["1", "2"]
    second = server.run(prompt)
    assert server.ran(second) == []
    assert server.cached(second) == {"1", "2"}
    prompt["2"]["inputs"]["label"] = "again"
    third = server.run(prompt)
    assert server.ran(third) == ["2"]
    assert server.cached(third) == {"1"}
    prompt.set(image, seed=2)
    assert server.ran(server.run(prompt)) == ["1", "2"]


def test_a_painted_picture_comes_back_through_the_host(server: Server) -> None:
    prompt, _ = watched_image(number=4321)
    prompt_id = server.run(prompt)
    (seen,) = server.records("record", prompt_id=prompt_id)
    assert seen["value"]["shape"] == [1, 64, 64, 3]
    assert read((load_tensor(seen["value"])[0] * 255 + 0.5).astype("uint8")) == 4321


def test_an_interrupt_stops_a_slow_node(server: Server) -> None:
    prompt = Prompt()
    prompt.add("LongTakeTestSlowPreview", seconds=30.0)
    prompt_id = server.queue(prompt)
    server.wait_for(lambda: server.records("preview", prompt_id=prompt_id), what="the preview's start")
    server.interrupt()
    server.wait(10)
    assert server.status(prompt_id) == "interrupted"
    assert [record["state"] for record in server.records("preview", prompt_id=prompt_id)] == ["begun"]


def test_prompts_run_in_the_order_in_which_they_were_queued(server: Server) -> None:
    ids = [server.queue(watched_image(seed=seed)[0]) for seed in (11, 12, 13)]
    server.wait()
    assert server.started()[-3:] == ids


def test_a_prompt_without_a_listener_runs_too(server: Server) -> None:
    prompt, _ = watched_image(seed=21)
    prompt_id = server.queue(prompt, listen=False)
    server.wait()
    assert server.status(prompt_id) == "success"
    assert len(server.records("record", prompt_id=prompt_id)) == 1


def test_a_prompt_that_does_not_validate_is_refused(server: Server) -> None:
    prompt = Prompt()
    prompt.add("LongTakeTestRecordEnd", label="nothing linked", save=False)
    with pytest.raises(PromptRefused, match="value"):
        server.queue(prompt)


def test_a_killed_server_starts_again_in_the_same_folder(start_server) -> None:  # noqa: ANN001
    server = start_server()
    server.run(watched_image()[0])
    before = server.rss()
    server.kill()
    server.start()
    assert before > 0
    assert len(server.records("record")) == 1
    server.run(watched_image()[0])
    assert len(server.records("record")) == 2
    server.stop()
