"""How a take's frames are encoded, and the colour tags that go with it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from typing import Any

from av.container import OutputContainer
from av.video.stream import VideoStream

# Numbers of ISO/IEC 23091-2 (CICP), which H.264, mp4 and Matroska share.
BT709 = 1
UNSPECIFIED = 2
_SRGB_TRANSFER = 13
_RGB = 0

# FFmpeg's numbers for the range of the samples.
LIMITED_RANGE = 1
FULL_RANGE = 2

#: x264 from fast to thorough.
PRESETS = (
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
)

#: Frames that x264 looks ahead. Its own 40 of "medium" hold more than 100 MB at 1280x720.
_LOOK_AHEAD = 10
#: More frame threads hold more frames and win nothing at these sizes.
_MOST_THREADS = 8
_MOST_ASKED_THREADS = 128
_LARGEST_CRF = 51
_SMALLEST_SIDE = 2
_HIGHEST_FPS = 1000
#: FFV1's threads share slices; below this many pixels a side, one slice is enough.
_SLICED_SIZE = 64
#: H.264 and Matroska store the frame rate in 32 bits.
_LARGEST_FPS_TERM = 1_000_000


@dataclass(frozen=True, slots=True)
class Encoding:
    """The encoder of all segments of a take, which is what lets them be joined without encoding again.

    codec: "h264" (mp4, yuv420p, even sizes) or "ffv1" (mkv, lossless 8-bit RGB, any size). crf: H.264's
    quality, 0 (lossless but for the colour conversion) to 51, lower is better. preset: x264's effort. crf and
    preset mean nothing to ffv1. threads: of the encoder, 0 for one per core up to 8; with a given number the
    same frames become the same bytes.
    """

    codec: str = "h264"
    crf: int = 19
    preset: str = "medium"
    threads: int = 0

    def __post_init__(self) -> None:
        if self.codec not in _SUFFIXES:
            raise ValueError(f"There is no encoding named {self.codec!r}. Use h264 or ffv1.")
        if not _is_int(self.crf) or not 0 <= self.crf <= _LARGEST_CRF:
            raise ValueError(
                f"A crf of {self.crf!r} is out of range. Use a whole number from 0 to {_LARGEST_CRF}, for example 19."
            )
        if self.preset not in PRESETS:
            raise ValueError(f"There is no preset named {self.preset!r}. Use one of {', '.join(PRESETS)}.")
        if not _is_int(self.threads) or not 0 <= self.threads <= _MOST_ASKED_THREADS:
            raise ValueError(
                f"{self.threads!r} encoder threads are not possible. "
                f"Use a whole number up to {_MOST_ASKED_THREADS}, for example 0 for one per core."
            )

    @property
    def suffix(self) -> str:
        """How names of segments and videos end: ".mp4" or ".mkv"."""
        return _SUFFIXES[self.codec]

    @property
    def container(self) -> str:
        """FFmpeg's name of the container."""
        return "mp4" if self.codec == "h264" else "matroska"

    def check_size(self, size: tuple[int, int]) -> None:
        """Refuse a (width, height) that this encoding cannot hold."""
        width, height = size
        if min(size) < _SMALLEST_SIDE:
            raise ValueError(f"Frames of {width}x{height} are too small to encode. Use for example 832x480.")
        if self.codec == "h264" and (width % 2 or height % 2):
            raise ValueError(
                f"H.264 with 4:2:0 colour needs even sizes and the frames are {width}x{height}. "
                f"Use {width + width % 2}x{height + height % 2}, or the encoding ffv1."
            )

    def to_json(self) -> dict[str, Any]:
        """As plain data; `Encoding.from_json` gives the same encoding back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Encoding:
        """The encoding that `to_json` wrote; what is missing has its default."""
        known = {field.name for field in fields(cls)}
        if not isinstance(data, Mapping) or not set(data) <= known:
            raise ValueError(f"{data!r} is not an encoding. Use for example {cls().to_json()}.")
        return cls(**data)


_SUFFIXES: Mapping[str, str] = {"h264": ".mp4", "ffv1": ".mkv"}


def check_fps(fps: Fraction) -> None:
    """Refuse a rate whose terms do not fit a video file."""
    if not 0 < fps <= _HIGHEST_FPS or max(fps.numerator, fps.denominator) > _LARGEST_FPS_TERM:
        raise ValueError(
            f"A frame rate of {fps} cannot be written to a video file. "
            f"Use one up to {_HIGHEST_FPS} with terms up to a million, for example 25 or 24000/1001."
        )


def add_encoder(container: OutputContainer, size: tuple[int, int], fps: Fraction, encoding: Encoding) -> VideoStream:
    """The stream of `container` that encodes frames of `size` (width, height), tagged with its colours."""
    check_fps(fps)
    encoding.check_size(size)
    h264 = encoding.codec == "h264"
    options = _x264_options(encoding) if h264 else _ffv1_options(size)
    options["threads"] = str(encoding.threads or min(os.cpu_count() or 1, _MOST_THREADS))
    stream = container.add_stream("libx264" if h264 else "ffv1", rate=fps, options=options)
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p" if h264 else "bgr0"
    context = stream.codec_context
    context.time_base = 1 / fps
    context.color_primaries = BT709
    context.color_trc = BT709 if h264 else _SRGB_TRANSFER
    context.colorspace = BT709 if h264 else _RGB
    context.color_range = LIMITED_RANGE if h264 else FULL_RANGE
    return stream


def _x264_options(encoding: Encoding) -> dict[str, str]:
    return {
        "crf": str(encoding.crf),
        "preset": encoding.preset,
        "rc-lookahead": str(_LOOK_AHEAD),
        "flags": "+cgop",
    }


def _ffv1_options(size: tuple[int, int]) -> dict[str, str]:
    slices = 4 if min(size) >= _SLICED_SIZE else 1
    return {"level": "3", "g": "1", "slices": str(slices), "slicecrc": "1"}


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
