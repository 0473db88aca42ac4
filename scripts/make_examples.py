"""Make the example workflows.

``python -m longtake.scripts.make_examples`` writes example_workflows/*.json and their thumbnails; with ``--check``
it writes nothing and says which of them differ from what it would write.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from PIL import Image

from . import example_notes as notes
from . import example_pictures
from .canvas import BYPASSED, Canvas, Group, Node, Output
from .example_pictures import differs, save

FOLDER = Path(__file__).parents[1] / "example_workflows"
WRAPPER, SEPARATION, OURS = "ComfyUI-WanVideoWrapper", "ComfyUI-MelBandRoFormer", "longtake"

#: Where the files are that the workflow names, below ComfyUI's models folder.
MODELS = {
    "diffusion_models": [
        "wan2.1-i2v-14b-480p-Q5_0.gguf",
        "Wan2_1-InfiniteTalk_Single_Q8.gguf",
        "MelBandRoformer_fp16.safetensors",
    ],
    "loras": ["lightx2v_I2V_14B_480p_cfg_step_distill_rank64_bf16.safetensors"],
    "vae": ["Wan2_1_VAE_bf16.safetensors"],
    "text_encoders": ["umt5-xxl-enc-bf16.safetensors"],
    "clip_vision": ["clip_vision_h.safetensors"],
    "wav2vec2": ["wav2vec2-chinese-base_fp16.safetensors"],
}
PICTURE, SOUND = "portrait.png", "speech.flac"
PROMPT = "A person looks into the camera and speaks, natural gestures, steady camera."
NEGATIVE = "blurred, overexposed, static, worst quality, extra fingers, deformed face, subtitles, watermark"


def talking_video() -> Canvas:
    """A portrait and a sound become a talking video, by WanVideoWrapper with InfiniteTalk."""
    # The separator is there and switched off, and its note says when it is needed.
    canvas = Canvas("talking-video-wan-infinitetalk", allow=["music-in-lip-audio"])
    read_me = canvas.group("Read me", lane=0, colour="#6b5a35")
    read_me.note("What this does", notes.TALKING_VIDEO, taller=250)
    read_me.note("Model files", notes.MODEL_FILES, taller=360)
    read_me.note("What to change", notes.WHAT_TO_CHANGE, taller=350)

    models = canvas.group("1. Models", lane=1)
    model = _model(models)
    vae = models.add("WanVideoVAELoader", column=1, wide=400, package=WRAPPER, model_name=MODELS["vae"][0])
    clip = models.add("CLIPVisionLoader", column=1, wide=400, clip_name=MODELS["clip_vision"][0])
    wav2vec = models.add("Wav2VecModelLoader", column=1, wide=400, package=WRAPPER, model=MODELS["wav2vec2"][0])

    given = canvas.group("2. Your picture and your sound", lane=2, colour="#3f5945")
    sound = given.add("LoadAudio", audio=SOUND, taller=40)
    picture = given.add("LoadImage", image=PICTURE, taller=260)
    resized = given.add(
        "ImageScale", title="Size of the video", upscale_method="lanczos", width=480, height=832, crop="center",
        image=picture["IMAGE"],
    )  # fmt: skip
    size = given.add("GetImageSize", image=resized["IMAGE"])

    planned = canvas.group("3. The plan", lane=3, colour="#4a4766")
    plan = planned.add("LongTakeFrameWindowPlanner", wide=520, taller=240, package=OURS, audio=sound["AUDIO"])
    voice = _voice(canvas.group("The voice alone (switched off)", lane=3, colour="#555555"), sound["AUDIO"])

    once = canvas.group("4. Made once for the whole take", lane=4, colour="#3f5159")
    speech = once.add(
        "LongTakeWav2VecEmbeds", column=1, package=OURS, plan=plan["plan"], wav2vec_model=wav2vec["wav2vec_model"],
        audio=voice,
    )  # fmt: skip
    seen = once.add(
        "WanVideoClipVisionEncode", package=WRAPPER, clip_vision=clip["CLIP_VISION"], image_1=resized["IMAGE"]
    )
    image = once.add(
        "WanVideoImageToVideoEncode", column=1, package=WRAPPER, width=size["width"], height=size["height"],
        num_frames=plan["window_length"], vae=vae["vae"], clip_embeds=seen["image_embeds"],
        start_image=resized["IMAGE"], fun_or_fl2v_model=False,
    )  # fmt: skip
    text = once.add(
        "WanVideoTextEncodeCached", wide=420, package=WRAPPER, model_name=MODELS["text_encoders"][0],
        positive_prompt=PROMPT, negative_prompt=NEGATIVE,
    )  # fmt: skip

    window = canvas.group("5. Made for every window", lane=5, colour="#5c3f52")
    control = window.add(
        "LongTakeAudioLoopController", taller=50, package=OURS, plan=plan["plan"], start_image=resized["IMAGE"],
        take="talking video", seed=1,
    )  # fmt: skip
    embeds = window.add(
        "LongTakeWindowEmbedsWan", package=OURS, window=control["window"], model=model["model"],
        image_embeds=image["image_embeds"], multitalk_embeds=speech["multitalk_embeds"], vae=vae["vae"],
        text_embeds=text["text_embeds"],
    )  # fmt: skip
    sampled = window.add(
        "WanVideoSampler", column=1, package=WRAPPER, model=model["model"], image_embeds=embeds["image_embeds"],
        text_embeds=embeds["text_embeds"], seed=control["seed"], steps=4, cfg=1.0, shift=11.0, scheduler="dpm++_sde",
    )  # fmt: skip
    decoded = window.add("WanVideoDecode", column=2, package=WRAPPER, vae=vae["vae"], samples=sampled["samples"])
    matched = window.add(
        "LongTakeColorMatch", column=2, wide=440, taller=180, package=OURS, frames=decoded["images"],
        window=control["window"], first_frame=resized["IMAGE"],
    )  # fmt: skip
    window.add(
        "LongTakeKeepWindow", column=3, wide=440, taller=560, package=OURS, window=control["window"],
        frames=matched["frames"],
    )  # fmt: skip
    return canvas


def _model(group: Group) -> Node:
    """The model with the LoRA that makes four steps enough, the adapter that hears, and blocks kept in RAM."""
    lora = group.add(
        "WanVideoLoraSelect", wide=400, package=WRAPPER, lora=MODELS["loras"][0], strength=1.0, merge_loras=False
    )
    swap = group.add("WanVideoBlockSwap", wide=400, package=WRAPPER, blocks_to_swap=20, prefetch_blocks=1)
    adapter = group.add("MultiTalkModelLoader", wide=400, package=WRAPPER, model=MODELS["diffusion_models"][1])
    return group.add(
        "WanVideoModelLoader", column=1, wide=400, package=WRAPPER, model=MODELS["diffusion_models"][0],
        base_precision="fp16_fast", attention_mode="sdpa", block_swap_args=swap["block_swap_args"], lora=lora["lora"],
        multitalk_model=adapter["model"],
    )  # fmt: skip


def _voice(group: Group, sound: Output) -> Output:
    """The sound without music, for the model's ears only. Switched off it hands the sound on."""
    loader = group.add(
        "MelBandRoFormerModelLoader", mode=BYPASSED, wide=520, package=SEPARATION,
        model_name=MODELS["diffusion_models"][2],
    )  # fmt: skip
    separated = group.add(
        "MelBandRoFormerSampler", mode=BYPASSED, wide=520, package=SEPARATION, model=loader["model"], audio=sound
    )
    group.note("If there is music in the sound", notes.VOICE, wide=520, taller=60)
    return separated["vocals"]


def look_at_a_plan() -> Canvas:
    """A sound and its plan: no model is needed."""
    canvas = Canvas("look-at-a-plan")
    group = canvas.group("A sound and its windows", lane=0, colour="#4a4766")
    group.note("What this does", notes.PLAN, wide=360, taller=230)
    sound = group.add("LoadAudio", audio=SOUND, wide=360, taller=40)
    group.add("LongTakeFrameWindowPlanner", column=1, wide=640, taller=300, package=OURS, audio=sound["AUDIO"])
    return canvas


EXAMPLES = (talking_video, look_at_a_plan)


PICTURES = {talking_video: example_pictures.talking_video, look_at_a_plan: example_pictures.look_at_a_plan}


def contents() -> dict[Path, str]:
    """Every example's file and what it holds."""
    return {
        FOLDER / f"{canvas.name}.json": json.dumps(canvas.as_dict(), indent=1, ensure_ascii=False) + "\n"
        for canvas in (make() for make in EXAMPLES)
    }


def pictures() -> dict[Path, Image.Image]:
    """Every example's thumbnail, beside it under its name."""
    return {FOLDER / f"{make().name}.jpg": PICTURES[make]() for make in EXAMPLES}


def differing() -> list[str]:
    """The names of the files that are not what would be written."""
    texts = [path for path, text in contents().items() if not path.exists() or path.read_text("utf-8") != text]
    return [path.name for path in texts + [path for path, image in pictures().items() if differs(image, path)]]


def main(arguments: list[str] | None = None) -> int:
    """Write the examples, or check them. 0: done or equal, 1: a file differs."""
    parser = argparse.ArgumentParser(prog="make_examples", description="Make the example workflows.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file differs")
    if parser.parse_args(arguments).check:
        for name in (names := differing()):
            print(f"{name} differs; run this without --check.", file=sys.stderr)
        return min(len(names), 1)
    for path, text in contents().items():
        path.write_text(text, encoding="utf-8", newline="\n")
    for path, image in pictures().items():
        save(image, path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
