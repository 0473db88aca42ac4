"""The pack as ComfyUI loads it."""

from __future__ import annotations

from comfy_api.latest import ComfyExtension, io

from .audio_to_plan import FrameWindowPlanner
from .color_and_overlap import ColorMatch, LatentContextExtract, LatentOverlapCrossfade, LatentOverlapTrim
from .graph_audit import PreprocessSymmetryAudit, add_audit
from .host import usable
from .plan_to_embeds import Wav2VecEmbeds
from .plan_to_window import AudioLoopController
from .routes import add_routes
from .window_to_sampler import WindowEmbedsWan
from .window_to_take import KeepWindow

#: Every node, in the order in which data flows through them.
NODES: tuple[type[io.ComfyNode], ...] = (
    FrameWindowPlanner,
    Wav2VecEmbeds,
    AudioLoopController,
    WindowEmbedsWan,
    LatentOverlapTrim,
    LatentContextExtract,
    LatentOverlapCrossfade,
    ColorMatch,
    KeepWindow,
    PreprocessSymmetryAudit,
)


class LongTake(ComfyExtension):
    """All nodes that this version of ComfyUI can show."""

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        """The nodes; asked for once, when the server starts."""
        add_routes()
        add_audit()
        return usable(NODES)
