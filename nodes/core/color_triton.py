"""The affine colour transform as one Triton kernel. Import only where Triton is installed."""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit  # type: ignore[untyped-decorator, unused-ignore]
def affine_kernel(frames, out, table, bad, values, BLOCK: tl.constexpr):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, N803 - Triton's own language
    """out = clamp(matrix @ colour + offset) for one block of one frame.

    frames, out: contiguous (F, H, W, 3). table: (F, 3, 4) float32. bad: one int32, set to 1 where a result is
    NaN or infinite. values: H * W * 3. Each lane writes one value and reads the three of its pixel, so that
    stores are dense and two of three loads come from the cache.
    """
    frame = tl.program_id(1).to(tl.int64)
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < values
    channel = at % 3
    first = frame * values + at - channel
    row = table + frame * 12 + channel * 4
    red = tl.load(frames + first, mask=inside, other=0.0).to(tl.float32)
    green = tl.load(frames + first + 1, mask=inside, other=0.0).to(tl.float32)
    blue = tl.load(frames + first + 2, mask=inside, other=0.0).to(tl.float32)
    result = tl.load(row) * red + tl.load(row + 1) * green + tl.load(row + 2) * blue + tl.load(row + 3)
    # NaN and infinity fail this comparison, and nothing else does.
    fails = inside & ~(tl.abs(result) <= 3.0e38)
    tl.store(bad + at * 0, 1, mask=fails)
    clamped = tl.minimum(tl.maximum(result, 0.0), 1.0)
    tl.store(out + frame * values + at, clamped.to(out.dtype.element_ty), mask=inside)
