"""Model files that do not go together, or are not what their names say.

Why is this bad?
    WanVideoWrapper refuses GGUF audio weights on a base model that is none, after loading for minutes. A
    renamed file is another model than the graph was tuned for: Q4_0 weights under a Q5_0 name, a LoRA of rank
    64 that should be 256. With `--models DIR` the headers of the files themselves are read: the quantisation
    of a GGUF file, the rank of a LoRA, and how much GPU memory the weights take. With a profile, the files are
    held against its quality tiers.

Fix
    Load the file that is meant; the message says what each file really is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..workflow.graph import Graph, Node
from . import roles
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .model_headers import Header, find_model, named_rank, named_type, read_header, same_type
from .wan import file_of, loras, model_name, setting, talking_samplers, weights
from .wan_examples import TAKE, WRAPPER

NAME = "model-file"
SEVERITY = "warning"
FIX = "none"
TYPES = roles.WRAPPER_SAMPLER
ABSENT = "WanVideoWrapper's sampler is not used"


@dataclass(frozen=True, slots=True)
class _File:
    """A model file that a graph names. part: what it is for. header: None if it was not read."""

    node: Node
    name: str
    part: str
    header: Header | None = None

    @property
    def tensor_type(self) -> str | None:
        """What its weights are, by its header, else by its name."""
        return self.header.tensor_type if self.header else named_type(self.name)

    @property
    def rank(self) -> int | None:
        """The rank of a LoRA, by its header, else by its name."""
        return self.header.rank if self.header else named_rank(self.name)


def check(graph: Graph, context: Context) -> Iterator[Finding]:
    """The files of every talking sampler."""
    samplers = [(sampler, files) for sampler in talking_samplers(graph) if (files := _files(graph, sampler))]
    if not samplers:
        raise DoesNotApply("no talking sampler's model file is named in the graph")
    for sampler, files in samplers:
        yield from _pairing(files)
        read: list[_File] = []
        for file in files:
            header, problem = _read(file, context)
            if problem is not None:
                yield problem
            read.append(_File(file.node, file.name, file.part, header))
        yield from _names(read)
        yield from _tiers(sampler, read, context)
        yield from _memory(read)


def _files(graph: Graph, sampler: Node) -> list[_File]:
    base = model_name(graph, sampler)
    files = [_File(*base, "model")] if base else []
    files += [_File(node, name, "weights") for node, name in weights(graph, sampler)]
    return files + [_File(node, name, "lora") for node, _, name, _ in loras(graph, sampler)]


def _pairing(files: list[_File]) -> Iterator[Finding]:
    base = next((file for file in files if file.part == "model"), None)
    for file in files:
        if (
            file.part == "weights"
            and base
            and file.name.lower().endswith(".gguf")
            and not base.name.lower().endswith(".gguf")
        ):
            text = (
                f"{file_of(file.name)} is GGUF and the base model {file_of(base.name)} is not; the "
                "wrapper refuses the two "
                "together. Use a GGUF base model, or audio weights in safetensors."
            )
            yield Finding(file.node, text, severity="error")


def _read(file: _File, context: Context) -> tuple[Header | None, Finding | None]:
    if context.models is None:
        return None, None
    path = find_model(context.models, file.name)
    if path is None:
        text = (
            f"{file_of(file.name)} does not lie below {context.models.name or context.models}; what it is "
            "could not be read."
        )
        return None, Finding(file.node, text, severity="info")
    try:
        return read_header(path), None
    except ValueError as error:
        return None, Finding(file.node, str(error), severity="error")


def _names(files: list[_File]) -> Iterator[Finding]:
    for file in files:
        if file.header is None:
            continue
        kind, rank = named_type(file.name), named_rank(file.name)
        if file.part != "lora" and kind and not same_type(kind, file.header.tensor_type):
            yield Finding(
                file.node, f"{file_of(file.name)} says {kind}, and its weights are {file.header.tensor_type}."
            )
        if file.part == "lora" and rank and file.header.rank and rank != file.header.rank:
            yield Finding(
                file.node, f"{file_of(file.name)} says rank {rank}, and its layers have rank {file.header.rank}."
            )


def _tiers(sampler: Node, files: list[_File], context: Context) -> Iterator[Finding]:
    profile = context.profile
    if profile is None or not profile.tiers:
        return
    base = next((file for file in files if file.part == "model"), None)
    lora = next((file for file in files if file.rank), None)
    at = setting(sampler, "steps")
    steps = at[0].number(at[1]) if at else None
    if base and base.tensor_type and lora:
        fits = [
            tier for tier in profile.tiers if tier.rank == lora.rank and same_type(base.tensor_type, tier.quantisation)
        ]
        if not fits:
            known = "; ".join(f"{tier.name}: {tier.quantisation} and rank {tier.rank}" for tier in profile.tiers)
            text = (
                f"{base.tensor_type} with a LoRA of rank {lora.rank} is no tier of the profile "
                f"{profile.name} ({known})."
            )
            yield Finding(base.node, text, severity="info")
        elif steps is not None and all(tier.steps and steps not in tier.steps for tier in fits):
            text = (
                f"{steps:g} steps with the files of tier {fits[0].name}, which takes "
                f"{' or '.join(map(str, fits[0].steps))}."
            )
            yield Finding(sampler, text, severity="info")
    for file in files:
        if (
            file.part == "weights"
            and profile.weights
            and file.tensor_type
            and not same_type(profile.weights, file.tensor_type)
        ):
            text = f"The audio weights are {file.tensor_type}; the profile {profile.name} uses {profile.weights}."
            yield Finding(file.node, text, severity="info")


def _memory(files: list[_File]) -> Iterator[Finding]:
    """What the weights take on the GPU; what the pictures take comes on top."""
    base = next((file for file in files if file.part == "model" and file.header), None)
    if base is None or base.header is None or not base.header.blocks:
        return
    swap = base.node.feeder("block_swap_args")
    number = swap.number("blocks_to_swap") if swap else 0
    if number is None:
        return
    blocks = base.header.blocks
    swapped = min(int(number), blocks)
    whole = sum(file.header.size for file in files if file.header and file.part != "lora")
    beside = sum(file.header.size for file in files if file.header and file.part == "lora")
    on_gpu = whole * (blocks - swapped) / blocks + beside
    text = (
        f"The weights take about {on_gpu / 1e9:.1f} GB of GPU memory with {swapped} of {blocks} blocks swapped "
        f"({(whole + beside) / 1e9:.1f} GB without); frames and attention come on top."
    )
    yield Finding(base.node, text, severity="info")


_PLAIN = changed(WRAPPER, "model", model="Wan2_1-I2V-14B-480P_fp8_e4m3fn.safetensors")
GOOD = (
    WRAPPER,
    TAKE,
    changed(_PLAIN, "weights", model="Wan2_1-InfiniteTalk-Single_fp16.safetensors"),
    changed(WRAPPER, "weights", model="Wan2_1-InfiniteTalk-Single_fp16.safetensors"),
)
BAD = ((_PLAIN, None),)
