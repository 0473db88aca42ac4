"""Our embedder against the wrapper's node: the same model, sound and number of frames."""

from typing import Any

import numpy as np
import pytest
from host.conftest import StartServer
from host.prompt import Node, Prompt
from host.records import load_tensor
from host.server import Server
from host.tiny_models import WAV2VEC, write_tiny_models
from host.wan_prompts import PACK, SAMPLE_RATE

SECONDS = 600


@pytest.fixture(scope="module")
def wav2vec_server(start_server: StartServer) -> Server:
    server = start_server(packs=[PACK])
    write_tiny_models(server.models)
    return server


def heard_by_us(frames: int, samples: int, rate: int = SAMPLE_RATE, **inputs: Any) -> Prompt:
    """A plan of a sound, and our embeds of it."""
    prompt = Prompt()
    sound = prompt.add("LongTakeTestAudio", samples=samples, sample_rate=rate, channels=1, seed=3)
    plan = prompt.add(
        "LongTakeFrameWindowPlanner", audio=sound[0], fps=25.0, family="wan", window=33, overlap=9, fit="pad"
    )
    given = {"normalize_loudness": True, "audio_scale": 1.0, "audio_cfg_scale": 1.0, "chunk": 10000} | inputs
    embeds = prompt.add("LongTakeWav2VecEmbeds", plan=plan[0], wav2vec_model=_model(prompt)[0], **given)
    _record(prompt, embeds, f"ours {frames} {rate} {sorted(inputs)}")
    return prompt


def heard_by_the_wrapper(frames: int, samples: int, rate: int) -> Prompt:
    prompt = Prompt()
    sound = prompt.add("LongTakeTestAudio", samples=samples, sample_rate=rate, channels=1, seed=3)
    embeds = prompt.add(
        "MultiTalkWav2VecEmbeds",
        wav2vec_model=_model(prompt)[0],
        audio_1=sound[0],
        normalize_loudness=True,
        num_frames=frames,
        fps=25.0,
        audio_scale=1.0,
        audio_cfg_scale=1.0,
        multi_audio_type="para",
    )
    _record(prompt, embeds, f"theirs {frames} {rate}")
    return prompt


def _model(prompt: Prompt) -> Node:
    return prompt.add("Wav2VecModelLoader", model=WAV2VEC, base_precision="fp32", load_device="main_device")


def _record(prompt: Prompt, embeds: Node, label: str) -> None:
    prompt.add("LongTakeTestRecordEnd", value=embeds[0], label=label, save=True)


def features(server: Server, prompt: Prompt) -> list[np.ndarray]:
    prompt_id = server.run(prompt, timeout=SECONDS)
    error = server.error(prompt_id)
    if "NoneType" in str(error.get("exception_message")) and "MultiTalkWav2VecEmbeds" in str(error.get("node_type")):
        pytest.skip("MultiTalkWav2VecEmbeds gets no hidden states from this version of transformers.")
    assert not error, error
    (seen,) = server.records("record", prompt_id=prompt_id)
    return [load_tensor(speaker) for speaker in seen["value"]["audio_features"]]


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_one_chunk_is_what_the_wrapper_gives(wav2vec_server: Server, record_property: Any, rate: int) -> None:
    frames = 81
    samples = frames * rate // 25
    (ours,) = features(wav2vec_server, heard_by_us(frames, samples, rate))
    (theirs,) = features(wav2vec_server, heard_by_the_wrapper(frames, samples, rate))
    apart = float(np.abs(ours - theirs).max() / theirs.std())
    record_property("largest_difference_over_deviation", apart)
    assert ours.shape == theirs.shape == (frames, 12, 768)
    assert apart <= 2e-4


@pytest.mark.parametrize("samples", [29 * 640, 28 * 640 + 1, 300, 57 * 640])
def test_every_frame_of_the_plan_has_its_feature(wav2vec_server: Server, samples: int) -> None:
    """Among them counts of which the wrapper's arithmetic loses one: 29 and 57."""
    frames = -(-samples // 640)
    (ours,) = features(wav2vec_server, heard_by_us(frames, samples))
    assert ours.shape == (frames, 12, 768)
    assert np.isfinite(ours).all()


def test_sound_in_chunks_has_every_frame_too(wav2vec_server: Server, record_property: Any) -> None:
    frames = 700
    (whole,) = features(wav2vec_server, heard_by_us(frames, frames * 640))
    (parts,) = features(wav2vec_server, heard_by_us(frames, frames * 640, chunk=500))
    apart = np.abs(parts - whole) / whole.std()
    record_property("largest_difference_over_deviation", float(apart.max()))
    record_property("rms_difference_over_deviation", float(np.sqrt((apart**2).mean())))
    assert parts.shape == whole.shape
    assert 0 < apart.max() < 1


def test_a_second_speaker_without_a_first_is_refused(wav2vec_server: Server) -> None:
    prompt = heard_by_us(29, 29 * 640)
    nodes = {node["class_type"]: name for name, node in prompt.items()}
    prompt[nodes["LongTakeWav2VecEmbeds"]]["inputs"]["audio_2"] = [nodes["LongTakeTestAudio"], 0]
    prompt_id = wav2vec_server.run(prompt, timeout=SECONDS)
    assert "Link the first speaker's own track" in wav2vec_server.error(prompt_id)["exception_message"]
