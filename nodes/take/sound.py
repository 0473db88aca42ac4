"""Sound files, read and written in pieces.

A waveform is (C, N) float32 in [-1, 1].
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError

from .files import sync_file

#: Channel layouts by their number of channels, as FLAC counts them.
LAYOUTS = ("mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1")

_AXES = 2
#: Samples that are converted at a time.
_CHUNK = 1 << 16
#: FLAC keeps 24 of the 32 bits that FFmpeg hands it.
_FULL_SCALE = 1 << 23
#: FLAC stores the rate in 20 bits; FFmpeg writes it up to here.
_HIGHEST_RATE = 655350


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """A sound in memory. waveform: (C, N) float32 in [-1, 1] at sample_rate."""

    waveform: np.ndarray[Any, Any]
    sample_rate: int


def read_sound(path: Path) -> Sound:
    """The first sound in an audio or video file, at its own sample rate, with all its channels.

    ValueError where FFmpeg finds no sound in the file; OSError where the file cannot be opened.
    """
    with _opened(Path(path)) as (container, stream):
        expected = _samples_by_header(stream)
        waveform = _gather(_decode(container, stream), int(stream.codec_context.channels), expected + _CHUNK)
        waveform = waveform[:, : _samples(container, expected, waveform.shape[1])]
        if not waveform.shape[1]:
            raise ValueError(f"The sound in {Path(path).name} is empty. Use a file with at least one sample.")
        return Sound(waveform, int(stream.rate))


def measure_sound(path: Path) -> tuple[int, int]:
    """How many samples `read_sound` gives, and their rate, without holding them."""
    with _opened(Path(path)) as (container, stream):
        expected = _samples_by_header(stream)
        decoded = sum(frame.samples for frame in _decode(container, stream))
        return _samples(container, expected, decoded), int(stream.rate)


def write_sound(path: Path, waveform: np.ndarray[Any, Any], sample_rate: int) -> None:
    """Write a FLAC file of 24 bits; it is on the disk when this returns.

    waveform: (C, N) float in [-1, 1], clipped to it, C from 1 to 8. The error is at most half of
    2**-23. What was written is removed if it cannot be finished.
    """
    if waveform.ndim != _AXES or not 1 <= len(waveform) <= len(LAYOUTS) or not waveform.shape[1]:
        raise ValueError(
            f"A waveform of the shape {waveform.shape} cannot be written. "
            "Use (channels, samples) with 1 to 8 channels, for example (2, 48000)."
        )
    if not 1 <= sample_rate <= _HIGHEST_RATE:
        raise ValueError(f"A sample rate of {sample_rate} Hz cannot be written. Use for example 48000.")
    layout = LAYOUTS[len(waveform) - 1]
    try:
        with av.open(str(path), "w", format="flac") as container:
            stream = container.add_stream("flac", rate=sample_rate, layout=layout, format="s32")
            for start in range(0, waveform.shape[1], _CHUNK):
                samples = _to_24_bit(waveform[:, start : start + _CHUNK])
                frame = AudioFrame.from_ndarray(samples, "s32", layout)
                frame.sample_rate, frame.pts = sample_rate, start
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        sync_file(Path(path))
    except BaseException:
        Path(path).unlink(missing_ok=True)
        raise


def hash_sound(waveform: np.ndarray[Any, Any], sample_rate: int) -> str:
    """sha256 of the sample rate, the shape and the samples, float32, of a waveform (C, N)."""
    digest = hashlib.sha256(f"{sample_rate} {waveform.shape}".encode())
    for channel in waveform:
        for start in range(0, len(channel), _CHUNK):
            digest.update(np.ascontiguousarray(channel[start : start + _CHUNK], "<f4").data)
    return digest.hexdigest()


@contextmanager
def _opened(path: Path) -> Iterator[tuple[InputContainer, AudioStream]]:
    """The first sound of a file; what FFmpeg does not understand of it is said in one sentence."""
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise ValueError(f"{path.name} holds no sound. Use a sound or video file, for example a WAV.")
            yield container, container.streams.audio[0]
    except FFmpegError as error:
        if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError):
            raise
        raise ValueError(
            f"{path.name} cannot be read as sound ({error.strerror or error}). Use for example a WAV."
        ) from error


def _decode(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    """The decoded frames of a stream as interleaved float, at its own rate and layout, in order."""
    # Interleaved, because PyAV cannot give 8 planes as an array.
    resampler = av.AudioResampler(format="flt")
    for frame in container.decode(stream):
        if isinstance(frame, AudioFrame):
            yield from resampler.resample(frame)


def _gather(frames: Iterator[AudioFrame], channels: int, expected: int) -> np.ndarray[Any, Any]:
    """All frames in one array, which is made larger only if `expected` samples were too few."""
    waveform: np.ndarray[Any, Any] = np.empty((channels, expected), np.float32)
    filled = 0
    for frame in frames:
        piece = frame.to_ndarray().reshape(-1, channels).T
        if filled + piece.shape[1] > waveform.shape[1]:
            larger = np.empty((channels, (filled + piece.shape[1]) * 3 // 2), np.float32)
            larger[:, :filled] = waveform[:, :filled]
            waveform = larger
        waveform[:, filled : filled + piece.shape[1]] = piece
        filled += piece.shape[1]
    return waveform[:, :filled]


def _samples_by_header(stream: AudioStream) -> int:
    if stream.duration is None or stream.time_base is None:
        return 0
    return max(0, round(stream.duration * stream.time_base * stream.rate))


def _samples(container: InputContainer, by_header: int, decoded: int) -> int:
    """FFmpeg decodes the last block of an mp4 whole; the header says where the sound ends in it."""
    return min(by_header or decoded, decoded) if "mp4" in container.format.name else decoded


def _to_24_bit(piece: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """(C, n) float as (1, n * C) int32, interleaved, the lowest byte zero."""
    scaled = np.rint(piece.astype(np.float64) * _FULL_SCALE)
    np.clip(scaled, -_FULL_SCALE, _FULL_SCALE - 1, out=scaled)
    return np.ascontiguousarray((scaled.astype(np.int32) << 8).T).reshape(1, -1)
