"""Pure numbers and tensors: no ComfyUI, no files, no logging, no devices, no globals.

What every function here keeps to: no argument is changed; dtype, device and batch axis are kept
(statistics are taken in float32 or better); nothing is random without a generator passed in;
a value that cannot be used raises ``ValueError`` with one sentence that names a value that can.
"""
