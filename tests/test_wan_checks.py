"""Every refusal by its sentence, and what must pass beside it."""

import copy
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from longtake.nodes.core.wan_checks import (
    check_image_embeds,
    check_image_model,
    check_model,
    check_motion_frames,
    check_prompt,
    check_speakers,
    check_vae,
)

FPS = Fraction(25)


def embeds(frames: int = 81, **changes: Any) -> dict[str, Any]:
    """What WanVideoImageToVideoEncode gives for a 128 x 64 start image."""
    latents = (frames - 1) // 4 + 1
    mask = torch.zeros(4, latents, 8, 16)
    mask[:, :1] = 1
    given = {"image_embeds": torch.randn(16, latents, 8, 16), "mask": mask, "num_frames": frames}
    given |= {"lat_h": 8, "lat_w": 16, "max_seq_len": latents * 32, "clip_context": torch.randn(1, 257, 1280)}
    given |= {"negative_clip_context": None, "control_embeds": None, "end_image": None, "has_ref": False}
    return {**given, "fun_or_fl2v_model": True, "add_cond_latents": None, **changes}


def prompt(**changes: dict[str, Any]) -> dict[str, Any]:
    """A graph in API format with the nodes that are looked at; changes: inputs by node."""
    nodes: dict[str, Any] = {
        "encode": {"class_type": "WanVideoImageToVideoEncode", "inputs": {"noise_aug_strength": 0, "vae": ["v", 0]}},
        "audio": {"class_type": "MultiTalkWav2VecEmbeds", "inputs": {"fps": 25.0}},
        "reroute": {"class_type": "SomeReroute", "inputs": {"any": ["audio", 0]}},
        "text": {"class_type": "WanVideoTextEncode", "inputs": {}},
        "window": {
            "class_type": "LongTakeWindowEmbedsWan",
            "inputs": {"image_embeds": ["encode", 0], "multitalk_embeds": ["reroute", 0], "text_embeds": ["text", 0]},
        },
        "between": {"class_type": "WanVideoSomething", "inputs": {"embeds": ["window", 0]}},
        "sampler": {
            "class_type": "WanVideoSampler",
            "inputs": {"image_embeds": ["between", 0], "text_embeds": ["window", 1], "scheduler": "unipc"},
        },
        "other": {"class_type": "WanVideoSampler", "inputs": {"scheduler": "multitalk", "text_embeds": ["text", 0]}},
        "settings": {"class_type": "PrimitiveString", "inputs": {"value": "multitalk"}},
    }
    for name, inputs in changes.items():
        nodes[name]["inputs"] |= inputs
    return nodes


def look(graph: dict[str, Any], prompts: int = 1, frames: int = 1000, fps: Fraction = FPS) -> None:
    check_prompt(graph, "window", prompts=prompts, frames=frames, fps=fps)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [("MultiTalk", 'lacks "infinite"'), ("none", "no InfiniteTalk adapter"), (None, "no InfiniteTalk adapter")],
)
def test_only_infinitetalk_is_taken(kind: str | None, sentence: str) -> None:
    check_model("InfiniteTalk")
    with pytest.raises(ValueError, match=sentence):
        check_model(kind)


def test_only_image_to_video_models_are_taken() -> None:
    check_image_model(36)
    with pytest.raises(ValueError, match="text-to-video one with 16 input channels"):
        check_image_model(16)


def test_only_the_vae_of_wan_21_is_taken() -> None:
    check_vae(SimpleNamespace(encode=print))
    check_vae(SimpleNamespace(encode=print, z_dim=16))
    for vae in (SimpleNamespace(encode_video=print), SimpleNamespace(encode=print, z_dim=48)):
        with pytest.raises(ValueError, match="cannot encode the frames to continue from"):
            check_vae(vae)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"multitalk_sampling": True}, "loop over all windows itself"),
        ({"image_embeds": None}, "no encoded picture"),
        ({"mask": None}, "no encoded picture"),
        ({"end_image": torch.zeros(3, 1, 8, 8)}, "carry end_image"),
        ({"has_ref": True, "control_embeds": {}}, "carry control_embeds, has_ref"),
        ({"extra_latents": [1]}, "carry extra_latents"),
        ({"image_embeds": torch.zeros(48, 21, 8, 16)}, "48 channels"),
        ({"mask": torch.ones(4, 21, 8, 16)}, "more than one start frame"),
        ({"mask": torch.zeros(4, 21, 8, 16)}, "more than one start frame"),
    ],
)
def test_image_embeds_that_cannot_be_cut(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        check_image_embeds(embeds(**changes), 81)


def test_image_embeds_must_last_as_long_as_the_window() -> None:
    check_image_embeds(embeds(81), 81)
    check_image_embeds(embeds(81), 49)
    with pytest.raises(ValueError, match="for 77 frames and the window has 81"):
        check_image_embeds(embeds(77), 81)


def test_motion_frames_must_fit_the_embeds_and_the_overlap() -> None:
    check_motion_frames(torch.zeros(9, 64, 128, 3), 9, embeds())
    with pytest.raises(ValueError, match="from 9 frames and got 5"):
        check_motion_frames(torch.zeros(5, 64, 128, 3), 9, embeds())
    with pytest.raises(ValueError, match="are 256 x 64 and the image embeds are for 128 x 64"):
        check_motion_frames(torch.zeros(9, 64, 256, 3), 9, embeds())


def test_speakers_have_equally_long_features_and_a_mask_each() -> None:
    one, two = torch.zeros(5, 12, 768), torch.zeros(6, 12, 768)
    check_speakers([one], torch.zeros(7, 8, 8))
    check_speakers([one, one], None)
    for count in (2, 3):
        check_speakers([one, one], torch.zeros(count, 8, 8))
    with pytest.raises(ValueError, match="5, 6 audio features"):
        check_speakers([one, two], None)
    with pytest.raises(ValueError, match="no audio features"):
        check_speakers([], None)
    with pytest.raises(ValueError, match="4 masks for 2 speakers"):
        check_speakers([one, one], torch.zeros(4, 8, 8))


def test_a_graph_in_order_passes_and_is_not_changed() -> None:
    graph = prompt()
    before = copy.deepcopy(graph)
    look(graph, prompts=3)
    look({})
    assert graph == before


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sampler": {"scheduler": "multitalk"}}, 'Scheduler "multitalk"'),
        ({"sampler": {"scheduler": ["settings", 0]}}, 'Scheduler "multitalk"'),
        ({"sampler": {"context_options": ["text", 0]}}, "context_options would move frames"),
        ({"sampler": {"loop_args": ["text", 0]}}, "loop_args would move frames"),
        ({"sampler": {"text_embeds": ["text", 0]}}, "3 prompts, one for each window"),
        ({"encode": {"noise_aug_strength": 0.1}}, "noise_aug_strength of WanVideoImageToVideoEncode is 0.1"),
        ({"encode": {"start_latent_strength": 0.9}}, "Set it to 1.0"),
        ({"encode": {"end_latent_strength": 1.1}}, "end_latent_strength"),
        ({"encode": {"augment_empty_frames": 0.5}}, "augment_empty_frames"),
        ({"audio": {"fps": 30.0}}, "at 30.0 fps and the plan at 25"),
    ],
)
def test_settings_of_neighbours_that_spoil_the_window(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        look(prompt(**changes), prompts=3)


def test_one_prompt_may_reach_the_sampler_directly() -> None:
    look(prompt(sampler={"text_embeds": ["text", 0]}))


def test_a_rate_may_differ_until_the_drift_is_a_frame() -> None:
    graph = prompt(audio={"fps": 24.0})
    look(graph, frames=999, fps=Fraction(24000, 1001))
    with pytest.raises(ValueError, match=r"at 24.0 fps and the plan at 23.976"):
        look(graph, frames=1000, fps=Fraction(24000, 1001))


def test_what_comes_over_a_link_from_a_computing_node_cannot_be_seen() -> None:
    look(
        prompt(
            sampler={"scheduler": ["text", 0]}, audio={"fps": ["text", 1]}, encode={"noise_aug_strength": ["text", 0]}
        )
    )
