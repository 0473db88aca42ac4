"""The nodes, in the order in which data flows.

audio -> plan      `audio_to_plan`      how many frames and windows the sound needs
plan -> window     `plan_to_window`     the first window of the take that is not there yet
window -> sampler  `window_to_sampler`  what a model family needs for this window
window -> take     `window_to_take`     the window on disk; the next one queued; at the end the video

Below them lie two packages that know nothing of ComfyUI: `core` (numbers and tensors) and `take`
(the files of a take). `host` is the one module that speaks to ComfyUI's server.
"""
