"""The audio loop with LTX-2 that the rules of that route vary: nothing is wrong with it."""

from __future__ import annotations

from .examples import Nodes, changed, prompt

LOOP: Nodes = {
    "load": ("LoadImage", {"image": "a.png"}),
    "resize": ("ImageResizeKJv2", {"image": ("load", 0), "width": 832, "height": 448, "upscale_method": "lanczos", "keep_proportion": "crop", "pad_color": "0, 0, 0", "crop_position": "top", "divisible_by": 32, "device": "cpu"}),
    "prepare": ("LTXVPreprocess", {"image": ("resize", 0), "img_compression": 18}),
    "vae": ("VAELoader", {"vae_name": "video_vae.safetensors"}),
    "audio_vae": ("VAELoader", {"vae_name": "audio_vae.safetensors"}),
    "clip": ("DualCLIPLoader", {"clip_name1": "gemma.safetensors", "clip_name2": "projection.safetensors", "type": "ltxv", "device": "default"}),
    "unet": ("UNETLoader", {"unet_name": "ltx-2.3-22b-distilled_fp8.safetensors", "weight_dtype": "default"}),
    "unwanted": ("CLIPTextEncode", {"clip": ("clip", 0), "text": "still image with no motion"}),
    "nag": ("LTX2_NAG", {"model": ("unet", 0), "nag_scale": 11.0, "nag_alpha": 0.25, "nag_tau": 2.5, "inplace": True, "nag_cond_video": ("unwanted", 0)}),
    "shift": ("ModelSamplingSD3", {"model": ("nag", 0), "shift": 13.0}),
    "sigmas": ("BasicScheduler", {"model": ("shift", 0), "scheduler": "linear_quadratic", "steps": 8, "denoise": 1.0}),
    "euler": ("KSamplerSelect", {"sampler_name": "euler"}),
    "text": ("CLIPTextEncode", {"clip": ("clip", 0), "text": "A woman in a red coat is singing. Static camera."}),
    "nothing": ("ConditioningZeroOut", {"conditioning": ("text", 0)}),
    "rate": ("LTXVConditioning", {"positive": ("text", 0), "negative": ("nothing", 0), "frame_rate": 25.0}),
    "sound": ("LoadAudio", {"audio": "a.wav"}),
    "trim": ("TrimAudioDuration", {"audio": ("sound", 0), "start_index": 0.0, "duration": 300.0}),
    "separator": ("MelBandRoFormerModelLoader", {"model_name": "m.safetensors"}),
    "vocals": ("MelBandRoFormerSampler", {"model": ("separator", 0), "audio": ("trim", 0)}),
    "seconds": ("FloatConstant", {"value": 19.88}),
    "first_sound": ("TrimAudioDuration", {"audio": ("vocals", 0), "start_index": 0.0, "duration": ("seconds", 0)}),
    "first_audio": ("LTXVAudioVAEEncode", {"audio": ("first_sound", 0), "audio_vae": ("audio_vae", 0)}),
    "empty": ("EmptyLTXVLatentVideo", {"width": ("resize", 1), "height": ("resize", 2), "length": 497, "batch_size": 1}),
    "start": ("LTXVImgToVideoInplace", {"vae": ("vae", 0), "image": ("prepare", 0), "latent": ("empty", 0), "strength": 1.0, "bypass": False}),
    "first_both": ("LTXVConcatAVLatent", {"video_latent": ("start", 0), "audio_latent": ("first_audio", 0)}),
    "first_noise": ("RandomNoise", {"noise_seed": 42}),
    "first_guider": ("CFGGuider", {"model": ("nag", 0), "positive": ("rate", 0), "negative": ("rate", 1), "cfg": 1.0}),
    "first": ("SamplerCustomAdvanced", {"noise": ("first_noise", 0), "guider": ("first_guider", 0), "sampler": ("euler", 0), "sigmas": ("sigmas", 0), "latent_image": ("first_both", 0)}),
    "first_parts": ("LTXVSeparateAVLatent", {"av_latent": ("first", 0)}),
    "planner": ("AudioLoopPlanner", {"audio": ("trim", 0), "stride_seconds": 17.92, "window_seconds": ("seconds", 0)}),
    "open": ("TensorLoopOpen", {"mode": "iterations", "mode.iterations": 50, "initial_value": ("first_parts", 0), "iterations_in": ("planner", 1)}),
    "control": ("AudioLoopController", {"current_iteration": ("open", 3), "window_seconds": ("seconds", 0), "overlap_seconds": 2.0, "audio": ("trim", 0), "seed": 42, "fps": 25}),
    "prompts": ("TimestampPromptScheduleBatchEncode", {"clip": ("clip", 0), "schedule": "0:00+: A woman in a red coat is singing. Static camera.", "stride_seconds": ("control", 4), "audio_duration": ("control", 2), "snap_boundaries": True, "frame_rate": 25.0}),
    "select": ("ConditioningSelectByIteration", {"conditioning_list": ("prompts", 0), "current_iteration": ("open", 3)}),
    "context": ("LatentContextExtract", {"latent": ("open", 1), "overlap_latent_frames": ("control", 6)}),
    "slice": ("TrimAudioDuration", {"audio": ("vocals", 0), "start_index": ("control", 0), "duration": ("seconds", 0)}),
    "slice_audio": ("LTXVAudioVAEEncode", {"audio": ("slice", 0), "audio_vae": ("audio_vae", 0)}),
    "mask": ("LTXVAudioVideoMask", {"video_latent": ("context", 0), "audio_latent": ("slice_audio", 0), "video_fps": 25.0, "video_start_time": ("control", 7), "video_end_time": ("seconds", 0), "audio_start_time": ("seconds", 0), "audio_end_time": ("seconds", 0), "max_length": "pad", "existing_mask_mode": "add"}),
    "picture": ("VAEEncode", {"pixels": ("prepare", 0), "vae": ("vae", 0)}),
    "guide": ("LTXVAddLatentGuide", {"vae": ("vae", 0), "positive": ("select", 0), "negative": ("rate", 1), "latent": ("mask", 0), "guiding_latent": ("picture", 0), "latent_idx": -1, "strength": 1.0}),
    "both": ("LTXVConcatAVLatent", {"video_latent": ("guide", 2), "audio_latent": ("mask", 1)}),
    "noise": ("RandomNoise", {"noise_seed": ("control", 3)}),
    "guider": ("CFGGuider", {"model": ("nag", 0), "positive": ("guide", 0), "negative": ("guide", 1), "cfg": 1.0}),
    "sample": ("SamplerCustomAdvanced", {"noise": ("noise", 0), "guider": ("guider", 0), "sampler": ("euler", 0), "sigmas": ("sigmas", 0), "latent_image": ("both", 0)}),
    "parts": ("LTXVSeparateAVLatent", {"av_latent": ("sample", 0)}),
    "crop": ("LTXVCropGuides", {"positive": ("guide", 0), "negative": ("guide", 1), "latent": ("parts", 0)}),
    "colour": ("LTXVAdainLatent", {"latents": ("crop", 2), "reference": ("first_parts", 0), "factor": 0.2, "per_frame": False}),
    "overlap": ("LatentOverlapTrim", {"latent": ("colour", 0), "overlap_latent_frames": ("control", 6)}),
    "close": ("TensorLoopClose", {"flow_control": ("open", 0), "processed": ("overlap", 0), "accumulate": True, "overlap": "disabled", "stop": ("control", 1)}),
    "join": ("LatentConcat", {"samples1": ("first_parts", 0), "samples2": ("close", 0), "dim": "t"}),
    "decode": ("LTXVTiledVAEDecode", {"vae": ("vae", 0), "latents": ("join", 0), "horizontal_tiles": 2, "vertical_tiles": 2, "overlap": 1, "last_frame_fix": True, "working_device": "auto", "working_dtype": "auto"}),
    "video": ("VHS_VideoCombine", {"images": ("decode", 0), "audio": ("trim", 0), "frame_rate": 25, "loop_count": 0, "filename_prefix": "loop", "format": "video/h264-mp4", "pix_fmt": "yuv420p", "crf": 19, "save_metadata": True, "trim_to_audio": True, "pingpong": False, "save_output": True}),
}  # fmt: skip
GRAPH = prompt(LOOP)

_NEEDED = (
    "load", "resize", "prepare", "vae", "audio_vae", "clip", "unet", "unwanted", "nag", "shift", "sigmas", "euler", "text", "nothing", "rate",
    "sound", "trim", "separator", "vocals", "seconds", "first_sound", "first_audio", "empty", "start", "first_both", "first_noise",
    "first_guider", "first", "first_parts",
)  # fmt: skip
#: One clip without a loop.
CLIP = prompt(
    {name: LOOP[name] for name in _NEEDED},
    decode=(LOOP["decode"][0], {**LOOP["decode"][1], "latents": ("first_parts", 0)}),
    video=LOOP["video"],
)

_OLD = prompt(
    prompts=("TimestampPromptSchedule", {"current_iteration": ("open", 3), "stride_seconds": ("control", 4), "schedule": "0:00+: A woman in a red coat is singing. Static camera.", "blend_seconds": 0.0, "snap_boundaries": True}),
    now=("CachedTextEncode_AudioLoop", {"clip": ("clip", 0), "text": ("prompts", 0)}),
    then=("CachedTextEncode_AudioLoop", {"clip": ("clip", 0), "text": ("prompts", 1)}),
    blend=("ConditioningBlend", {"conditioning_a": ("now", 0), "conditioning_b": ("then", 0), "blend_factor": ("prompts", 2)}),
)  # fmt: skip
#: The same as it was first published: prompts are encoded inside the loop.
PER_WINDOW = changed(
    {**{name: node for name, node in GRAPH.items() if name != "select"}, **_OLD}, "guide", positive=("blend", 0)
)
