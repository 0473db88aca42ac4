"""Test nodes for a real ComfyUI host: a sampler that paints frame numbers, inputs, and nodes that watch.

What they see goes to a JSON-lines file in the folder that LONGTAKE_TEST_RECORDS names.
"""

from .embeds import EMBED_NODES
from .loop_noise import NOISE_NODES
from .media import MEDIA_NODES
from .queue_again import QUEUE_NODES
from .sampler import SAMPLER_NODES
from .wan_noise import CARRIED_NODES
from .wan_spoil import SPOIL_NODES
from .watch import WATCH_NODES

NODE_CLASS_MAPPINGS = {
    **SAMPLER_NODES,
    **MEDIA_NODES,
    **EMBED_NODES,
    **NOISE_NODES,
    **WATCH_NODES,
    **SPOIL_NODES,
    **CARRIED_NODES,
    **QUEUE_NODES,
}
