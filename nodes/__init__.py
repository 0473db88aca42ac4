"""The nodes, in the order in which data flows.

audio -> plan      `audio_to_plan`      how many frames and windows the sound needs
plan -> embeds     `plan_to_embeds`     what the model hears of the whole take, made once
plan -> window     `plan_to_window`     the first window of the take that is not there yet
window -> sampler  `window_to_sampler`  what a model family needs for this window
window -> take     `color_and_overlap`  colours brought to the take's; the overlap in latent space
window -> take     `window_to_take`     the window on disk; the next one queued; at the end the video
graph              `graph_audit`        the running graph, checked before anything is sampled

`extension` lists them. `host` is ComfyUI as it differs from version to version, `relay` its queue, `routes` its
HTTP server. Below them lie two packages that know nothing of ComfyUI: `core` (numbers and tensors) and `take` (the
files of a take).
"""
