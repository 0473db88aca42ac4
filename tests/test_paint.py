"""The painted numbers that the end-to-end tests rest on."""

import io

import av
import numpy as np
import pytest
from paint import LARGEST, paint, paint_frames, read, read_frames


def to_8_bits(frames: np.ndarray) -> np.ndarray:
    return (frames * 255 + 0.5).astype(np.uint8)


@pytest.mark.parametrize("size", [(16, 24), (64, 64), (90, 160), (720, 1280)])
@pytest.mark.parametrize("number", [0, 1, 80, 81, 4095, LARGEST])
def test_a_number_is_read_back(number: int, size: tuple[int, int]) -> None:
    assert read(to_8_bits(paint(number, *size))) == number


def test_numbers_survive_h264_at_64x64() -> None:
    numbers = list(range(120))
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "23"})
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for frame in to_8_bits(paint_frames(0, 120, 64, 64)):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame)))
        container.mux(stream.encode())
    file.seek(0)
    with av.open(file) as container:
        decoded = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    assert read_frames(decoded) == numbers


def test_a_blend_of_two_frames_is_refused() -> None:
    mixed = (paint(5, 64, 64) + paint(60000, 64, 64)) / 2
    with pytest.raises(ValueError, match="no painted number"):
        read(to_8_bits(mixed))


def test_wrong_check_bits_are_refused() -> None:
    frame = paint(5, 64, 64)
    frame[:16, :10] = 1.0 - frame[:16, :10]
    with pytest.raises(ValueError, match="check bits"):
        read(to_8_bits(frame))


@pytest.mark.parametrize(("number", "height", "width"), [(-1, 64, 64), (LARGEST + 1, 64, 64), (1, 8, 64)])
def test_what_cannot_be_painted_is_refused(number: int, height: int, width: int) -> None:
    with pytest.raises(ValueError, match="paint"):
        paint(number, height, width)
