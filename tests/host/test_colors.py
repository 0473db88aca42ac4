"""Color Match and the latent overlap in a real ComfyUI."""

import pytest
from host.flow import Flow, check_whole, sampled
from host.prompt import Node, Prompt
from host.server import Server


@pytest.mark.parametrize("method", ["overlap", "anchor", "off"])
def test_a_take_with_matched_colours_is_whole(server: Server, method: str) -> None:
    flow = Flow(f"colours {method}", frames=41)
    matched = flow.prompt.add(
        "LongTakeColorMatch", frames=flow.sampler[0], method=method, strength=1.0, window=flow.controller[0]
    )
    flow.prompt.set(flow.keep, frames=matched[0])
    first = server.run(flow.prompt)
    assert server.status(first) == "success", server.error(first)
    check_whole(server, flow)
    assert sampled(server, flow) == list(range(flow.windows))
    assert server.run(flow.prompt)
    assert sampled(server, flow) == list(range(flow.windows))


def latents(prompt: Prompt, frames: int, strength: float) -> Node:
    empty = prompt.add("EmptyHunyuanLatentVideo", width=64, height=64, length=frames, batch_size=1)
    mask = prompt.add("SolidMask", value=strength, width=64, height=64)
    return prompt.add("SetLatentNoiseMask", samples=empty[0], mask=mask[0])


@pytest.mark.parametrize(
    ("node", "inputs", "left"),
    [
        ("LongTakeLatentOverlapTrim", {"overlap": 9, "unit": "frames"}, 21 - 3),
        ("LongTakeLatentOverlapTrim", {"overlap": 2, "unit": "latent frames"}, 21 - 2),
        ("LongTakeLatentContextExtract", {"overlap": 9, "unit": "frames"}, 3),
    ],
)
def test_latents_lose_their_overlap_and_their_mask(server: Server, node: str, inputs: dict, left: int) -> None:
    prompt = Prompt()
    made = prompt.add(node, latent=latents(prompt, 81, 0.5)[0], temporal_scale="4 (Wan)", **inputs)
    prompt.add("LongTakeTestRecordEnd", value=made[0], label=node, save=False)
    prompt_id = server.run(prompt)
    assert server.status(prompt_id) == "success", server.error(prompt_id)
    (seen,) = server.records("record", prompt_id=prompt_id)
    assert seen["value"]["samples"]["shape"][2] == left
    assert "noise_mask" not in seen["value"]


def test_two_windows_of_latents_become_one(server: Server) -> None:
    prompt = Prompt()
    before, after = latents(prompt, 81, 0.5), latents(prompt, 33, 1.0)
    joined = prompt.add(
        "LongTakeLatentOverlapCrossfade",
        before=before[0],
        after=after[0],
        overlap=3,
        unit="latent frames",
        temporal_scale="4 (Wan)",
        mode="linear",
        first_latent="a whole latent",
    )
    prompt.add("LongTakeTestRecordEnd", value=joined[0], label="joined", save=False)
    prompt_id = server.run(prompt)
    assert server.status(prompt_id) == "success", server.error(prompt_id)
    (seen,) = server.records("record", prompt_id=prompt_id)
    assert seen["value"]["samples"]["shape"][2] == 21 + 9 - 3
