"""What cannot become a window is said by Window Embeds, before the wrapper's sampler starts."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from host.conftest import StartServer
from host.server import Server
from host.wan_graph import MISNAMED, SECONDS, SHORT, Graph, graph_of, start_wan_server, windows_made


@pytest.fixture(scope="module")
def wan_server(start_server: StartServer) -> Server:
    return start_wan_server(start_server)


def refusal(server: Server, graph: Graph) -> str:
    """What the window embeds say; the sampler must not have run."""
    prompt_id = server.run(graph.prompt, timeout=SECONDS)
    error = server.error(prompt_id)
    assert error.get("node_id") == str(graph.window), error
    assert str(graph.sampler) not in server.ran(prompt_id)
    return str(error["exception_message"])


def _misnamed(graph: Graph) -> None:
    graph.set_all("MultiTalkModelLoader", model=MISNAMED)


def _no_adapter(graph: Graph) -> None:
    for node in graph.prompt.values():
        node["inputs"].pop("multitalk_model", None)


def _long_loop_embeds(graph: Graph) -> None:
    inputs = graph.prompt[graph.reference]["inputs"]
    kept = {name: inputs[name] for name in ("vae", "width", "height", "start_image")}
    graph.prompt[graph.reference] = {
        "class_type": "WanVideoImageToVideoMultiTalk",
        "inputs": {
            **kept,
            "frame_window_size": 17,
            "motion_frame": 9,
            "force_offload": False,
            "colormatch": "disabled",
            "mode": "auto",
        },
    }


def _context_options(graph: Graph) -> None:
    options = graph.prompt.add(
        "WanVideoContextOptions",
        context_schedule="uniform_standard",
        context_frames=81,
        context_stride=4,
        context_overlap=16,
        freenoise=True,
        verbose=False,
    )
    graph.prompt.set(graph.sampler, context_options=options[0])


def _all_prompts(graph: Graph) -> None:
    text = graph.prompt[graph.window]["inputs"]["text_embeds"]
    graph.set_all("LongTakeTestTextEmbeds", prompts=3)
    graph.prompt.set(graph.sampler, text_embeds=text)


REFUSED: dict[str, tuple[str, Callable[[Graph], None]]] = {
    "scheduler": (
        'Scheduler "multitalk"',
        lambda graph: graph.prompt.set(graph.sampler, scheduler="multitalk"),
    ),
    "context options": ("context_options would move frames", _context_options),
    "all prompts": ("3 prompts, one for each window", _all_prompts),
    "noise augmentation": (
        "noise_aug_strength of WanVideoImageToVideoEncode is 0.1",
        lambda graph: graph.prompt.set(graph.reference, noise_aug_strength=0.1),
    ),
    "strength": (
        "start_latent_strength of WanVideoImageToVideoEncode is 0.9",
        lambda graph: graph.prompt.set(graph.reference, start_latent_strength=0.9),
    ),
    "embeds for fewer frames": (
        "are for 13 frames and the window has 17",
        lambda graph: graph.prompt.set(graph.reference, num_frames=13),
    ),
    "an end image": (
        "end_image",
        lambda graph: graph.prompt.set(
            graph.reference, end_image=graph.prompt[graph.reference]["inputs"]["start_image"]
        ),
    ),
    "the loop's own embeds": ("make the wrapper loop over all windows itself", _long_loop_embeds),
    "MultiTalk by name": ("counts as MultiTalk", _misnamed),
    "no adapter": ("no InfiniteTalk adapter", _no_adapter),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_sampled_is_said_before_the_sampler(wan_server: Server, name: str) -> None:
    sentence, change = REFUSED[name]
    graph = graph_of(SHORT, f"refused {name}")
    change(graph)
    assert sentence in refusal(wan_server, graph)


def test_two_missing_features_pass_and_three_are_refused(wan_server: Server) -> None:
    graph = graph_of(replace(SHORT, frames=17), "missing")
    graph.before_the_window("multitalk_embeds", "LongTakeTestSpoilAudio", "embeds", way="three missing")
    assert "14 features and the plan has 17 frames" in refusal(wan_server, graph)
    graph = graph_of(replace(SHORT, frames=17), "missing two")
    graph.before_the_window("multitalk_embeds", "LongTakeTestSpoilAudio", "embeds", way="two missing")
    assert len(windows_made(wan_server, graph)) == 1
