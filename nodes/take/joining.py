"""One video of a take's segments and its sound, without encoding a frame again."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import lcm
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import InvalidDataError
from av.packet import Packet
from av.video.stream import VideoStream

from .encoding import Encoding, check_fps
from .files import replacing
from .sound import LAYOUTS

#: Sample rates of AAC-LC, ISO/IEC 14496-3.
_AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)
_AAC_BITS_PER_CHANNEL = 128_000
#: x264 shows at most two frames later than it codes the ones after them (bframes with b-pyramid).
_MOST_REORDERED = 2
#: An mp4 clock finer than this does not fit 32 bits for long videos.
_FINEST_CLOCK = 5_000_000


def join(
    path: Path,
    segments: Sequence[Path],
    *,
    fps: Fraction,
    encoding: Encoding,
    sound: Path | None,
    metadata: Mapping[str, str],
    frames: int,
) -> None:
    """Write `segments`, one after the other, and `sound` to the video file `path`, which is replaced at once.

    The encoded frames are copied, so that they decode to the same pixels as the segments'. Frame n is
    shown at n / fps, and the video lasts frames / fps. The sound is encoded as AAC in mp4 and as FLAC in
    mkv, read a piece at a time, and is as long as the file it comes from. metadata: kept as the file's own
    tags; ComfyUI's canvas loads the graph that is under "workflow" or "prompt" in an mp4.

    ValueError: segments that do not belong together, hold another number of frames than `frames`, or are
    no video. OSError: the disk.
    """
    check_fps(fps)
    if not segments:
        raise ValueError("There are no segments to join. Give at least one.")
    options = _options(encoding, fps, sound)
    with (
        replacing(path) as partial,
        av.open(str(partial), "w", format=encoding.container, options=options) as out,
    ):
        out.metadata.update(metadata)
        with _opened(segments[0]) as first:
            stream = out.add_stream_from_template(first.streams.video[0], opaque=True)
        stream.codec_context.framerate = fps
        pictures = _picture_packets(stream, segments, fps, frames)
        if sound is None:
            for packet in pictures:
                out.mux(packet)
        else:
            with av.open(str(sound)) as source:
                audio = source.streams.audio[0]
                sounds = _sound_packets(_add_sound(out, audio, encoding), source, audio)
                for packet in heapq.merge(pictures, sounds, key=_decoded_at):
                    out.mux(packet)


def _options(encoding: Encoding, fps: Fraction, sound: Path | None) -> dict[str, str]:
    if encoding.container != "mp4":
        return {}
    clock = fps.numerator
    if sound is not None:
        with av.open(str(sound)) as source:
            if not source.streams.audio:
                raise ValueError(f"{sound.name} holds no sound. Use a sound file, for example a FLAC.")
            clock = lcm(clock, _aac_rate(source.streams.audio[0].rate))
    if clock > _FINEST_CLOCK:
        clock = fps.numerator
    return {
        "movflags": "use_metadata_tags+faststart",
        # Both clocks divide into whole frames; the first also into whole samples, where it can.
        "movie_timescale": str(_at_least(1000, clock)),
        "video_track_timescale": str(_at_least(10_000, fps.numerator)),
    }


def _at_least(least: int, clock: int) -> int:
    """The smallest multiple of `clock` that is at least `least`."""
    return clock * -(-least // clock)


def _picture_packets(
    stream: VideoStream, segments: Sequence[Path], fps: Fraction, frames: int
) -> Iterator[Packet[Any]]:
    """Every segment's packets in decoding order, timed in frames of the whole video."""
    kind = _kind(stream)
    # Frames that are decoded before they are shown move all decoding forward by as many.
    delay = _MOST_REORDERED if kind[0] == "h264" else 0
    start, tick = 0, 1 / fps
    for segment in segments:
        count = 0
        with _opened(segment) as container:
            if not container.streams.video or _kind(container.streams.video[0]) != kind:
                raise ValueError(
                    f"{segment.name} was encoded with other settings or another size than {segments[0].name} "
                    "and cannot be joined as it is. Make that window again with the take's encoding."
                )
            video = container.streams.video[0]
            frames_per_tick = fps * Fraction(video.time_base or 0)
            for packet in container.demux(video):
                if not packet.size or packet.pts is None:
                    continue
                packet.pts = start + round(packet.pts * frames_per_tick)
                packet.dts = start + count - delay
                packet.duration = 1
                packet.time_base = tick
                packet.stream = stream
                count += 1
                yield packet
        start += count
    if start != frames:
        raise ValueError(
            f"The segments hold {start} frames and the plan has {frames}. Make the windows again that differ."
        )


def _kind(stream: VideoStream) -> tuple[str, int, int, bytes]:
    """What must be equal in all segments. The encoder's settings are in the extradata."""
    context = stream.codec_context
    return context.name, context.width, context.height, bytes(context.extradata or b"")


def _opened(segment: Path) -> InputContainer:
    try:
        return av.open(str(segment))
    except InvalidDataError as error:
        raise ValueError(f"{segment.name} is not a whole video file. Make that window again.") from error


def _add_sound(out: OutputContainer, source: AudioStream, encoding: Encoding) -> AudioStream:
    channels = source.codec_context.channels
    if channels > len(LAYOUTS):
        raise ValueError(f"A sound of {channels} channels cannot be joined. Use one of 1 to {len(LAYOUTS)}.")
    layout = LAYOUTS[channels - 1]
    if encoding.container != "mp4":
        return out.add_stream("flac", rate=source.rate, layout=layout, format="s32")
    rate = _aac_rate(source.rate)
    # The "fast" coder starves the first block less than the default one and takes half the time.
    stream = out.add_stream("aac", rate=rate, layout=layout, options={"aac_coder": "fast"})
    stream.bit_rate = channels * min(_AAC_BITS_PER_CHANNEL, 5 * rate)
    return stream


def _sound_packets(stream: AudioStream, container: InputContainer, source: AudioStream) -> Iterator[Packet[Any]]:
    """The packets of `source`, encoded for `stream`, a piece at a time."""
    context = stream.codec_context
    resampler = av.AudioResampler(context.format, context.layout, context.rate)
    for frame in container.decode(source):
        for piece in resampler.resample(frame):
            yield from stream.encode(piece)
    for piece in resampler.resample(None):
        yield from stream.encode(piece)
    yield from stream.encode()


def _decoded_at(packet: Packet[Any]) -> float:
    """In seconds: good enough to put sound and picture side by side in the file."""
    return (packet.dts or 0) * float(packet.time_base)


def _aac_rate(rate: int) -> int:
    """The smallest rate of AAC that loses nothing of `rate`, or the largest there is."""
    return min((known for known in _AAC_RATES if known >= rate), default=_AAC_RATES[0])
