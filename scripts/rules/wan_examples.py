"""The InfiniteTalk example that the rules of the Wan route vary."""

from __future__ import annotations

from .examples import Nodes, prompt

LOOP: Nodes = {
    "image": ("LoadImage", {"image": "a.png"}),
    "resize": ("ImageResizeKJv2", {"image": ("image", 0), "width": 640, "height": 640, "upscale_method": "lanczos", "keep_proportion": "crop", "pad_color": "0, 0, 0", "crop_position": "center", "divisible_by": 16, "device": "cpu"}),
    "sound": ("LoadAudio", {"audio": "a.wav"}),
    "separator": ("MelBandRoFormerModelLoader", {"model_name": "m.safetensors"}),
    "vocals": ("MelBandRoFormerSampler", {"model": ("separator", 0), "audio": ("sound", 0)}),
    "wav2vec": ("Wav2VecModelLoader", {"model": "w.safetensors", "base_precision": "fp16", "load_device": "main_device"}),
    "voice": ("MultiTalkWav2VecEmbeds", {"wav2vec_model": ("wav2vec", 0), "audio_1": ("vocals", 0), "normalize_loudness": True, "num_frames": 441, "fps": 25.0, "audio_scale": 1.0, "audio_cfg_scale": 1.0, "multi_audio_type": "para"}),
    "weights": ("MultiTalkModelLoader", {"model": "Wan2_1-InfiniteTalk_Single_Q8.gguf"}),
    "lora": ("WanVideoLoraSelect", {"lora": "lightx2v_I2V_14B_480p_cfg_step_distill_rank64_bf16.safetensors", "strength": 1.0, "low_mem_load": False, "merge_loras": False}),
    "swap": ("WanVideoBlockSwap", {"blocks_to_swap": 20, "offload_img_emb": False, "offload_txt_emb": False, "use_non_blocking": True, "vace_blocks_to_swap": 0, "prefetch_blocks": 1, "block_swap_debug": False}),
    "model": ("WanVideoModelLoader", {"model": "wan2.1-i2v-14b-480p-Q5_0.gguf", "base_precision": "fp16_fast", "quantization": "disabled", "load_device": "offload_device", "attention_mode": "sageattn", "lora": ("lora", 0), "block_swap_args": ("swap", 0), "multitalk_model": ("weights", 0)}),
    "vae": ("WanVideoVAELoader", {"model_name": "v.safetensors", "precision": "bf16"}),
    "loop": ("WanVideoImageToVideoMultiTalk", {"vae": ("vae", 0), "start_image": ("resize", 0), "width": 640, "height": 640, "frame_window_size": 81, "motion_frame": 9, "force_offload": False, "colormatch": "mkl", "tiled_vae": False, "mode": "infinitetalk", "output_path": ""}),
    "sample": ("WanVideoSampler", {"model": ("model", 0), "image_embeds": ("loop", 0), "multitalk_embeds": ("voice", 0), "steps": 6, "cfg": 1.0, "shift": 11.0, "seed": 2, "force_offload": True, "scheduler": "dpm++_sde", "riflex_freq_index": 0}),
    "frames": ("WanVideoPassImagesFromSamples", {"samples": ("sample", 0)}),
    "video": ("VHS_VideoCombine", {"images": ("frames", 0), "audio": ("sound", 0), "frame_rate": 25, "loop_count": 0, "filename_prefix": "talk", "format": "video/h264-mp4", "pix_fmt": "yuv420p", "crf": 19, "save_metadata": True, "trim_to_audio": True, "pingpong": False, "save_output": True}),
}  # fmt: skip
#: The wrapper's own loop, nothing wrong with it.
WRAPPER = prompt(LOOP)

TAKE = prompt(
    {name: node for name, node in LOOP.items() if name not in ("loop", "frames", "video")},
    plan=("LongTakeFrameWindowPlanner", {"audio": ("sound", 0), "fps": 25.0, "family": "wan", "window": 81, "overlap": 9, "fit": "exact"}),
    window=("LongTakeAudioLoopController", {"plan": ("plan", 0), "start_image": ("resize", 0), "take": "take", "seed": 0, "unfinished": "continue"}),
    voice=("MultiTalkWav2VecEmbeds", {**LOOP["voice"][1], "num_frames": ("plan", 1)}),
    reference=("WanVideoImageToVideoEncode", {"width": 640, "height": 640, "num_frames": ("plan", 2), "noise_aug_strength": 0.0, "start_latent_strength": 1.0, "end_latent_strength": 1.0, "force_offload": True, "vae": ("vae", 0), "start_image": ("resize", 0)}),
    embeds=("LongTakeWindowEmbedsWan", {"window": ("window", 0), "model": ("model", 0), "image_embeds": ("reference", 0), "multitalk_embeds": ("voice", 0), "vae": ("vae", 0), "tiled_vae": False}),
    sample=("WanVideoSampler", {**{k: v for k, v in LOOP["sample"][1].items() if k != "multitalk_embeds"}, "image_embeds": ("embeds", 0)}),
    decode=("WanVideoDecode", {"vae": ("vae", 0), "samples": ("sample", 0)}),
    keep=("LongTakeKeepWindow", {"window": ("window", 0), "frames": ("decode", 0)}),
)  # fmt: skip
#: The same through this pack's take.
