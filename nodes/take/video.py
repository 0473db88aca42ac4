"""Video files: segments written, read and looked at. `join` makes one video of them.

Frames are numpy arrays; no torch, no ComfyUI.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from PIL import Image

from .encoding import BT709, FULL_RANGE, LIMITED_RANGE, UNSPECIFIED, Encoding, add_encoder
from .files import sync_file
from .joining import join

__all__ = ["Encoding", "Probe", "join", "probe", "read_frames", "write_poster", "write_segment"]

#: swscale's flags, by number because older PyAV has no names for them. Without ACCURATE_RND it truncates:
#: a tenth of an 8-bit step is lost with every conversion. FULL_CHR_H_INT and FULL_CHR_H_INP keep every
#: column of the chroma.
_CONVERSION = int(Interpolation.BILINEAR) | 0x40000 | 0x2000 | 0x4000

#: Frames that wait for the encoder.
_AHEAD = 3
#: Rows that are rounded at a time, so that they stay in the processor's cache.
_ROWS = 32


def write_segment(
    path: Path,
    frames: Iterable[np.ndarray[Any, Any]],
    *,
    size: tuple[int, int],
    fps: Fraction,
    encoding: Encoding,
) -> int:
    """Write a video file of `frames` and return how many there were; it is on the disk when this returns.

    frames: each (H, W, 3), sRGB, float in [0, 1] (rounded to 8 bits, clipped) or uint8; a frame may be
    reused by the caller as soon as the next one is asked for. size: (width, height) of them.

    Frames are encoded in a thread of their own while the next ones are made; four are held at most. What was
    written is removed if a frame or the encoder fails. ValueError: no frames, a frame of another size or
    with NaN or infinity, a size or rate that the encoding cannot hold. OSError: the disk.
    """
    try:
        with (
            av.open(str(path), "w", format=encoding.container) as container,
            ThreadPoolExecutor(1, "longtake-encoder") as thread,
        ):
            stream = add_encoder(container, size, fps, encoding)
            converter = VideoReformatter()

            def encode(picture: VideoFrame, index: int) -> None:
                ready = _to_stored_colours(converter, picture, encoding)
                ready.pts, ready.time_base = index, 1 / fps
                container.mux(stream.encode(ready))

            count = 0
            waiting: deque[Future[None]] = deque()
            for pixels in frames:
                waiting.append(thread.submit(encode, _to_picture(pixels, size, count), count))
                count += 1
                if len(waiting) > _AHEAD:
                    waiting.popleft().result()
            for encoded in waiting:
                encoded.result()
            if not count:
                raise ValueError(  # noqa: TRY301 - what was begun is removed below
                    "A segment without frames cannot be written. Give at least one frame."
                )
            container.mux(stream.encode())
        sync_file(path)
    except BaseException:
        Path(path).unlink(missing_ok=True)
        raise
    return count


def read_frames(path: Path) -> Iterator[np.ndarray[Any, Any]]:
    """The frames of a video file in order, each (H, W, 3) uint8 sRGB. Without tags, BT.709 is taken."""
    with av.open(str(path)) as container:
        if not container.streams.video:
            raise ValueError(f"{Path(path).name} holds no video. Use a video file, for example an mp4.")
        container.streams.video[0].thread_type = "AUTO"
        converter = VideoReformatter()
        for picture in container.decode(video=0):
            yield _to_srgb(converter, picture)


@dataclass(frozen=True, slots=True)
class Probe:
    """What a video file holds. size: (width, height). seconds, sound_seconds: exact to its clock."""

    frames: int
    fps: Fraction
    size: tuple[int, int]
    seconds: Fraction
    sound_seconds: Fraction | None


def probe(path: Path) -> Probe:
    """Look at a video file. mp4 is read from its header, other containers are walked through once."""
    with av.open(str(path)) as container:
        if not container.streams.video:
            raise ValueError(f"{Path(path).name} holds no video. Use a video file, for example an mp4.")
        video = container.streams.video[0]
        fps = Fraction(video.average_rate or video.guessed_rate or 0)
        size = (video.codec_context.width, video.codec_context.height)
        if video.frames:
            sound = next(iter(container.streams.audio), None)
            return Probe(video.frames, fps, size, video.frames / fps, _duration(sound) if sound else None)
        frames, sound_stop = 0, None
        for packet in container.demux():
            if packet.size and packet.stream.type == "video":
                frames += 1
            elif packet.size and packet.stream.type == "audio" and packet.pts is not None:
                sound_stop = (packet.pts + (packet.duration or 0)) * packet.time_base
        return Probe(frames, fps, size, frames / fps, sound_stop)


def _duration(sound: AudioStream) -> Fraction | None:
    if sound.duration is None or sound.time_base is None:
        return None
    return sound.duration * sound.time_base


def write_poster(path: Path, frame: np.ndarray[Any, Any]) -> None:
    """Write one frame, (H, W, 3) float sRGB in [0, 1] or uint8, as a JPEG and sync it."""
    height, width = frame.shape[:2]
    pixels = np.empty((height, width, 3), np.uint8)
    _round_into(pixels, frame, 0)
    Image.fromarray(pixels).save(path, "JPEG", quality=88)
    sync_file(path)


def _to_picture(pixels: np.ndarray[Any, Any], size: tuple[int, int], index: int) -> VideoFrame:
    width, height = size
    if pixels.shape != (height, width, 3):
        raise ValueError(f"Frame {index} of the segment has the shape {pixels.shape}. Use ({height}, {width}, 3).")
    picture = VideoFrame(width, height, "rgb24")
    plane = picture.planes[0]
    stored: np.ndarray[Any, Any] = np.ndarray(
        (height, width, 3), np.uint8, memoryview(plane), 0, (plane.line_size, 3, 1)
    )
    _round_into(stored, pixels, index)
    return picture


def _round_into(stored: np.ndarray[Any, Any], pixels: np.ndarray[Any, Any], index: int) -> None:
    """Fill `stored`, uint8, with `pixels`; floats are rounded, halves up."""
    if pixels.dtype == np.uint8:
        stored[...] = pixels
        return
    if not np.issubdtype(pixels.dtype, np.floating):
        raise ValueError(f"Frame {index} of the segment is {pixels.dtype}. Use float32 in [0, 1] or uint8.")
    low, high = float(pixels.min()), float(pixels.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError(f"Frame {index} of the segment holds NaN or infinity. Use numbers from 0 to 1.")
    rows: np.ndarray[Any, Any] = np.empty((_ROWS, *pixels.shape[1:]), np.float32)
    for top in range(0, len(pixels), _ROWS):
        part = pixels[top : top + _ROWS]
        scaled = rows[: len(part)]
        np.multiply(part, 255, out=scaled, casting="same_kind")
        np.add(scaled, 0.5, out=scaled)
        if low < 0 or high > 1:
            np.clip(scaled, 0, 255, out=scaled)
        np.copyto(stored[top : top + _ROWS], scaled, casting="unsafe")


def _to_stored_colours(converter: VideoReformatter, picture: VideoFrame, encoding: Encoding) -> VideoFrame:
    if encoding.codec == "ffv1":
        return converter.reformat(picture, format="bgr0")
    return converter.reformat(
        picture,
        format="yuv420p",
        src_colorspace=BT709,
        dst_colorspace=BT709,
        src_color_range=FULL_RANGE,
        dst_color_range=LIMITED_RANGE,
        interpolation=_CONVERSION,
    )


def _to_srgb(converter: VideoReformatter, picture: VideoFrame) -> np.ndarray[Any, Any]:
    matrix = BT709 if picture.colorspace in (UNSPECIFIED, 0) else int(picture.colorspace)
    stored_range = int(picture.color_range) or (FULL_RANGE if picture.format.is_rgb else LIMITED_RANGE)
    return converter.reformat(
        picture,
        format="rgb24",
        src_colorspace=matrix,
        dst_colorspace=matrix,
        src_color_range=stored_range,
        dst_color_range=FULL_RANGE,
        interpolation=_CONVERSION,
    ).to_ndarray()
