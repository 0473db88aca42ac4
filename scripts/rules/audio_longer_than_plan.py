"""The sound goes on after the last frame that is planned.

Why is this bad?
    A frame count that is typed by hand is the most that is made. What the sound has beyond it gets no picture:
    the video ends in the middle of a sentence, or shows a still while the voice goes on.

    The rule speaks where the graph itself says how long the sound may be (TrimAudioDuration, AudioCrop; up to ten
    minutes, for more is no statement), or where a planner's `fit` drops the rest on purpose. How long the
    file is only a run can tell.

Fix
    Give the count that covers the sound, or link it to a planner that counts it.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from ...nodes.core.plan import make_plan
from ...nodes.core.units import frames_rounded_down, seconds_to_frames_rounded_up
from ..workflow.edits import SetWidget
from ..workflow.graph import Graph, Node
from . import roles
from .engine import Context, DoesNotApply, Finding
from .examples import Nodes, changed, prompt
from .sizes import rate, sound_limit

NAME = "audio-longer-than-plan"
SEVERITY = "info"
FIX = "unsafe"
TYPES = roles.WAV2VEC | {"LongTakeFrameWindowPlanner"} | {loop.open for loop in roles.LOOPS if loop.count}
ABSENT = "nothing counts frames from a sound"

#: Seconds: who cuts the sound to more than this only guards against endless files.
_STATEMENT = 600


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Typed counts against the sound's length, as far as the graph tells it."""
    known = False
    for node in graph.of(roles.WAV2VEC):
        limit, count, fps = sound_limit(node, "audio_1"), node.number("num_frames"), rate(node, "fps")
        if limit is None or not 0 < limit <= _STATEMENT or count is None or not fps:
            continue
        known = True
        needed = seconds_to_frames_rounded_up(limit, fps)
        if count < needed:
            text = (
                f"{count:g} frames at {float(fps):g} fps end after {count / float(fps):.2f} s; the sound may be as long as {float(limit):.2f} s, "
                f"which needs {needed}. Use {needed}, or link a Frame Window Planner."
            )
            edit = () if node.linked("num_frames") else (SetWidget(node.path, "num_frames", needed),)
            yield Finding(node, text, edit)
    for node in graph.of("LongTakeFrameWindowPlanner"):
        known = True
        if node.value("fit") == "floor":
            text = "fit 'floor' makes whole windows only; the rest of the sound stays without picture. Use 'exact'."
            yield Finding(node, text, (SetWidget(node.path, "fit", "exact"),))
    loops = list(_loops(graph))
    for finding in loops:
        if finding is not None:
            yield finding
    if not known and not loops:
        raise DoesNotApply("the graph does not say how long the sound is, or counts nothing by hand")


def _loops(graph: Graph) -> Iterator[Finding | None]:
    """Loops over LTX-2 windows whose number of iterations is typed."""
    for control in graph.of("AudioLoopController"):
        opener = control.feeder("current_iteration")
        make = next((make for make in roles.LOOPS if opener is not None and make.open == opener.type), None)
        limit = sound_limit(control, "audio")
        if make is None or opener is None or limit is None or not 0 < limit <= _STATEMENT:
            continue
        counts = [opener.number(name) for name in make.count]
        count = next((number for number in counts if number is not None), None)
        windows = _windows(control, limit)
        if count is None or windows is None:
            continue
        yield None
        # The first window is made before the loop.
        if count + 1 < windows:
            text = (
                f"{count:g} iterations after the first window make {count + 1:g} windows; the sound may be as long as {float(limit):g} s, "
                f"which needs "
                f"{windows}. Use {windows - 1}, or link the planner's count."
            )
            yield Finding(opener, text)


def _windows(control: Node, limit: Fraction) -> int | None:
    """Windows that cover the sound, as the controller counts: whole latent frames of 8."""
    fps, window, overlap = rate(control, "fps"), control.number("window_seconds"), control.number("overlap_seconds")
    if not fps or not window or overlap is None or not 0 <= overlap < window or limit <= 0:
        return None
    length, shared = (frames_rounded_down(max(1, int(Fraction(str(value)) * fps)), 8) for value in (window, overlap))
    if shared >= length:
        return None
    frames = seconds_to_frames_rounded_up(limit, fps)
    return len(make_plan(frames, fps=fps, temporal_scale=8, window=length, overlap=shared, fit="pad").windows)


_NODES: Nodes = {
    "load": ("LoadAudio", {"audio": "a.wav"}),
    "sound": ("TrimAudioDuration", {"audio": ("load", 0), "start_index": 0.0, "duration": 18.0}),
    "model": ("Wav2VecModelLoader", {"model": "w.safetensors", "base_precision": "fp16", "load_device": "main_device"}),
    "voice": ("MultiTalkWav2VecEmbeds", {"wav2vec_model": ("model", 0), "audio_1": ("sound", 0), "normalize_loudness": True, "num_frames": 450, "fps": 25.0, "audio_scale": 1.0, "audio_cfg_scale": 1.0, "multi_audio_type": "para"}),
}  # fmt: skip
_GOOD = prompt(_NODES)
_PLAN = prompt(
    load=("LoadAudio", {"audio": "a.wav"}),
    plan=("LongTakeFrameWindowPlanner", {"audio": ("load", 0), "fps": 25.0, "family": "wan", "window": 81, "overlap": 9, "fit": "exact"}),
)  # fmt: skip
_LTX = prompt(
    load=("LoadAudio", {"audio": "a.wav"}),
    sound=("TrimAudioDuration", {"audio": ("load", 0), "start_index": 0.0, "duration": 180.0}),
    image=("LoadImage", {"image": "a.png"}),
    open=("TensorForLoopOpen", {"count": 10, "initial_value": ("image", 0)}),
    control=("AudioLoopController", {"current_iteration": ("open", 3), "window_seconds": 19.88, "overlap_seconds": 2.0, "audio": ("sound", 0), "seed": 0, "fps": 25}),
    close=("TensorForLoopClose", {"flow_control": ("open", 0), "processed": ("open", 1), "accumulate": True}),
)  # fmt: skip
GOOD = (_GOOD, _PLAN, _LTX)
BAD = (
    (changed(_GOOD, "voice", num_frames=441), _GOOD),
    (changed(_PLAN, "plan", fit="floor"), _PLAN),
    (changed(_LTX, "open", count=4), None),
)
