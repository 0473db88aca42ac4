"""What the notes in the example workflows say. Names stand in plain letters: the canvas draws `code` hardly legible."""

from __future__ import annotations

TALKING_VIDEO = """\
# A talking video, exactly as long as its sound

Choose a picture and a sound in **2**, then queue once.

The graph makes **one window** of 81 frames. *Keep Window* writes it to the take's folder and queues the graph again \
until the last window is there; then it joins them with the sound. What stands in **1** to **4** runs once: ComfyUI \
keeps it from window to window.

- **Stop** whenever you like: cancel the running prompt. Windows that are kept stay.
- **Go on**: queue again. It also goes on after a crash.
- **Look**: each window is shown in *Keep Window* as soon as it is there.
- **Another video**: give the take in *Audio Loop Controller* another name.

The take lies in output/longtake.
"""

MODEL_FILES = """\
# Model files

Below ComfyUI's models folder:

**diffusion_models**
- wan2.1-i2v-14b-480p-Q5_0.gguf (Wan 2.1 image to video 14B 480p, by city96)
- Wan2_1-InfiniteTalk_Single_Q8.gguf (Kijai, InfiniteTalk for WanVideoWrapper)

**loras**
- lightx2v_I2V_14B_480p_cfg_step_distill_rank64_bf16.safetensors (lightx2v, by Kijai)

**vae** Wan2_1_VAE_bf16.safetensors (Kijai)

**text_encoders** umt5-xxl-enc-bf16.safetensors (Kijai)

**clip_vision** clip_vision_h.safetensors (Comfy-Org)

**wav2vec2** wav2vec2-chinese-base_fp16.safetensors (Kijai; it hears every language)

A GGUF model needs a GGUF InfiniteTalk file. The InfiniteTalk file must have "infinite" in its name. If your files lie \
in a folder of their own, choose them again in the loaders.
"""

WHAT_TO_CHANGE = """\
# What to change

- **Size**: width and height in *Size of the video*, multiples of 16: 480 x 832, 832 x 480, 720 x 1280.
- **Prompt**: one for the whole take, or several with a | between them, one for each window.
- **Memory**: more blocks_to_swap takes less, up to 40. With memory to spare switch force_offload of the sampler \
off: the model then stays where it is between windows.
- **Speed**: choose sageattn in the model loader if SageAttention is installed.
- **Overlap**: the plan uses 9 of 81 frames, as the model's own examples do, so a window brings 72 new ones. 25 hands \
more movement on, and brings 56.
- **Steps**, cfg and shift belong to the LoRA: 4, 1 and 11. Without it: 20 steps or more and a cfg above 1.
- **Colours**: Color Match takes out what drifts from window to window. Method off leaves the frames as they are.
- **Seed**: the controller gives each window its own. It counts when a take begins.

Nothing that follows from the plan is typed: frames, window length, fps and seeds are linked.
"""

VOICE = """\
The mouth follows all that it hears. Select the two nodes above and press **Ctrl+B** to let the model hear the voice \
alone. The video keeps the whole sound. File: MelBandRoformer_fp16.safetensors (Kijai) in **diffusion_models**. The \
two nodes belong to the pack ComfyUI-MelBandRoFormer; without it they are shown as missing, and you can remove them.
"""

PLAN = """\
# How many windows does my sound need?

Choose a sound and queue. The picture shows the windows over the waveform: what is kept of each, what it shares with \
the one before, what lies past the end and never reaches the video.

Change fit, window and overlap and queue again. No model is needed.
"""
