# ruff: noqa: INP001 - Python looks for a module of this name on its path, not for a package
"""Lets torchvision's CUDA build be imported beside a CPU torch: for test hosts, on PYTHONPATH.

Its compiled half cannot be loaded there, and its Python half fails at import because the operators are unknown.
Declaring their schemas is enough for a host that never calls them.
"""

import importlib.abc
import sys
from typing import Any

_POOL = "Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width"
_SIZES = "SymInt batch_size, SymInt channels, SymInt height, SymInt width"
_BACK = _POOL.replace("Tensor input", "Tensor grad")
_BACK_MAPPED = _BACK.replace("Tensor rois", "Tensor rois, Tensor mapping")
_DEFORM = "Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias"
_DEFORM_SIZES = (
    "SymInt stride_h, SymInt stride_w, SymInt pad_h, SymInt pad_w, SymInt dilation_h, SymInt dilation_w, "
    "SymInt groups, SymInt offset_groups"
)
_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    f"roi_pool({_POOL}) -> (Tensor, Tensor)",
    f"roi_align({_POOL}, int sampling_ratio, bool aligned) -> Tensor",
    f"ps_roi_pool({_POOL}) -> (Tensor, Tensor)",
    f"ps_roi_align({_POOL}, int sampling_ratio) -> (Tensor, Tensor)",
    f"deform_conv2d({_DEFORM}, {_DEFORM_SIZES}, bool use_mask) -> Tensor",
    f"_roi_pool_backward({_BACK.replace('Tensor rois', 'Tensor rois, Tensor argmax')}, {_SIZES}) -> Tensor",
    f"_roi_align_backward({_BACK}, {_SIZES}, int sampling_ratio, bool aligned) -> Tensor",
    f"_ps_roi_pool_backward({_BACK_MAPPED}, {_SIZES}) -> Tensor",
    f"_ps_roi_align_backward({_BACK_MAPPED}, int sampling_ratio, {_SIZES}) -> Tensor",
    (
        f"_deform_conv2d_backward(Tensor grad, {_DEFORM}, {_DEFORM_SIZES}, bool use_mask)"
        " -> (Tensor, Tensor, Tensor, Tensor, Tensor)"
    ),
)
_libraries: list[Any] = []


class _BeforeTorchvision(importlib.abc.MetaPathFinder):
    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        if name == "torchvision":
            sys.meta_path.remove(self)
            import torch  # noqa: PLC0415 - only where torchvision is asked for

            library = torch.library.Library("torchvision", "DEF")
            for schema in _SCHEMAS:
                library.define(schema)
            _libraries.append(library)


sys.meta_path.insert(0, _BeforeTorchvision())
