"""What model files say of themselves: only their headers are read, whatever their size.

GGUF files name the type of every tensor, safetensors files its shape and type. torch is not needed.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

#: Below a folder with models, where ComfyUI keeps what the wrapper loads.
_FOLDERS = ("", "diffusion_models", "unet", "unet_gguf", "checkpoints", "loras")
_BLOCK = re.compile(r"(?:^|\.)blocks\.(\d+)\.")
_LORA_DOWN = re.compile(r"\.(?:lora_down|lora_A|lora\.down)(?:\.default)?(?:\.weight)?$")
_NAMED_TYPE = re.compile(
    r"(?<![A-Za-z0-9])(IQ\d_[A-Z]+|Q\d(?:_[01]|_K(?:_[SML])?)?|BF16|FP?16|FP?32|FP?8)(?![0-9])", re.IGNORECASE
)
_NAMED_RANK = re.compile(r"rank[-_ ]?(\d+)", re.IGNORECASE)
#: The rank in such a name is no layer's own.
_VARIES = re.compile(r"avg|average|dynamic|adaptive", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Header:
    """A model file. tensor_type: the type that most of its bytes have, as GGUF or safetensors names it.

    rank: of a LoRA, the one that most of its layers have. blocks: transformer blocks.
    """

    path: Path
    size: int
    tensor_type: str
    rank: int | None
    blocks: int


def find_model(folder: Path, name: str) -> Path | None:
    """The file that a loader names, below a folder with models; None if it is not there."""
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or not parts.name:
        return None
    for below in _FOLDERS:
        path = folder / below / parts
        if path.is_file():
            return path
    return next((path for path in sorted(folder.rglob("*")) if path.name == parts.name and path.is_file()), None)


def read_header(path: Path) -> Header:
    """What a GGUF or safetensors file says. Raises ValueError for a file that cannot be read."""
    try:
        tensors = _gguf(path) if path.suffix.lower() == ".gguf" else _safetensors(path)
    except Exception as error:
        # The libraries raise whatever the broken byte led them to.
        raise ValueError(f"{path.name} cannot be read ({error}); download it again.") from error
    if not tensors:
        raise ValueError(f"{path.name} holds no tensors; download it again.")
    by_type: Counter[str] = Counter()
    for _, _, kind, size in tensors:
        by_type[kind] += size
    ranks = Counter(shape[0] for name, shape, _, _ in tensors if _LORA_DOWN.search(name) and shape)
    blocks = {int(found[1]) for name, _, _, _ in tensors if (found := _BLOCK.search(name))}
    return Header(
        path=path,
        size=sum(by_type.values()),
        tensor_type=by_type.most_common(1)[0][0],
        rank=ranks.most_common(1)[0][0] if ranks else None,
        blocks=max(blocks) + 1 if blocks else 0,
    )


#: (name, shape, type, bytes) of a tensor.
_Tensor = tuple[str, tuple[int, ...], str, int]


def _gguf(path: Path) -> list[_Tensor]:
    from gguf import GGUFReader  # noqa: PLC0415 - only where model files are asked for

    # GGUF writes the axes the other way round.
    return [
        (tensor.name, tuple(int(side) for side in reversed(tensor.shape)), tensor.tensor_type.name, int(tensor.n_bytes))
        for tensor in GGUFReader(str(path)).tensors
    ]


def _safetensors(path: Path) -> list[_Tensor]:
    from safetensors import safe_open  # noqa: PLC0415 - the same

    found: list[_Tensor] = []
    with safe_open(str(path), framework="numpy") as file:
        for name in file.keys():  # noqa: SIM118 - the file is no dict
            part = file.get_slice(name)
            shape, kind = tuple(part.get_shape()), str(part.get_dtype())
            count = 1
            for side in shape:
                count *= side
            found.append((name, shape, kind, count * _bits(kind) // 8))
    return found


def _bits(kind: str) -> int:
    digits = re.search(r"\d+", kind)
    return int(digits[0]) if digits else 8


def named_type(name: str) -> str | None:
    """The type of weights that a file's name tells: ``Q5_0``, ``Q8``, ``BF16``; None if it tells none."""
    found = _NAMED_TYPE.search(PurePosixPath(name.replace("\\", "/")).name)
    return found[1].upper() if found else None


def named_rank(name: str) -> int | None:
    """The rank that a LoRA's name tells; None if it tells none, or an average of ranks."""
    file = PurePosixPath(name.replace("\\", "/")).name
    found = None if _VARIES.search(file) else _NAMED_RANK.search(file)
    return int(found[1]) if found else None


def same_type(named: str, real: str) -> bool:
    """Whether what a name tells agrees with a header: Q8 with Q8_0, Q4_K_M with Q4_K, FP8 with F8_E4M3."""
    named, real = named.replace("FP", "F"), real.upper()
    return named.startswith(real) or real.startswith(named)
