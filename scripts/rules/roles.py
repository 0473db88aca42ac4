"""Which node types play which part. To teach the audit another pack, add to these tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..workflow.graph import Node


@dataclass(frozen=True, slots=True)
class LoopNode:
    """How a pack writes the two ends of a loop.

    open: type of the node that starts an iteration. close: types that end it. link: input of the close that
    names its open (None: the open is what it depends on). initial: inputs of the open that hold what the first
    iteration carries. carried: outputs of the open that later iterations carry, as (output, input of the
    close that fills it). count: inputs of the open that say how often. size: outputs of the open that are the
    same every time.
    """

    open: str
    close: tuple[str, ...]
    link: str | None
    initial: tuple[str, ...]
    carried: tuple[tuple[str, str], ...]
    count: tuple[str, ...]
    maker: str


LOOPS: tuple[LoopNode, ...] = (
    LoopNode("TensorLoopOpen", ("TensorLoopClose",), "flow_control", ("initial_value",), (("previous_value", "processed"),), ("mode.iterations", "iterations", "iterations_in"), "NativeLooping"),
    LoopNode("TensorForLoopOpen", ("TensorForLoopClose",), "flow_control", ("initial_value",), (("previous_value", "processed"),), ("count",), "NativeLooping"),
    LoopNode("WhileLoopOpen", ("WhileLoopClose",), "flow_control", tuple(f"initial_value{i}" for i in range(5)), tuple((f"value{i}", f"initial_value{i}") for i in range(5)), (), "NativeLooping"),
    LoopNode("_WhileLoopOpen", ("_WhileLoopClose",), "flow_control", tuple(f"initial_value{i}" for i in range(5)), tuple((f"value{i}", f"initial_value{i}") for i in range(5)), (), "NativeLooping"),
    LoopNode("ForLoopOpen", ("ForLoopClose",), "flow_control", tuple(f"initial_value{i}" for i in range(1, 5)), tuple((f"value{i}", f"initial_value{i}") for i in range(1, 5)), ("remaining",), "execution-inversion"),
    LoopNode("StartLoop", ("EndLoop",), None, ("initial_iteration_value",), (("current_iteration_value", "next_iteration_value"),), ("mode.num_iterations",), "ComfyUI"),
    LoopNode("easy forLoopStart", ("easy forLoopEnd",), "flow", tuple(f"initial_value{i}" for i in range(1, 20)), tuple((f"value{i}", f"initial_value{i}") for i in range(1, 20)), ("total",), "Easy-Use"),
    LoopNode("easy whileLoopStart", ("easy whileLoopEnd",), "flow", tuple(f"initial_value{i}" for i in range(20)), tuple((f"value{i}", f"initial_value{i}") for i in range(20)), (), "Easy-Use"),
    LoopNode("LongTakeAudioLoopController", ("LongTakeKeepWindow",), "window", ("start_image",), (("motion_frames", "frames"),), (), "LongTake"),
)  # fmt: skip
LOOP_OPEN = frozenset(loop.open for loop in LOOPS)
LOOP_CLOSE = frozenset(close for loop in LOOPS for close in loop.close)

#: The wrapper's own loop lies inside its sampler.
WRAPPER_LOOP = "WanVideoImageToVideoMultiTalk"
WRAPPER_SAMPLER = frozenset({"WanVideoSampler", "WanVideoSamplerv2"})
WAV2VEC = frozenset({"MultiTalkWav2VecEmbeds", "WanVideoMultiTalkWav2VecEmbeds"})
WRAPPER_MODEL = "WanVideoModelLoader"
WRAPPER_LORA = frozenset({"WanVideoLoraSelect", "WanVideoLoraSelectMulti", "WanVideoLoraSelectByName"})
MULTITALK_MODEL = "MultiTalkModelLoader"

LOAD_IMAGE = frozenset({"LoadImage", "LoadImageMask", "LoadImageOutput", "LoadAndResizeImage", "VHS_LoadImagePath", "LoadImageFromUrl", "easy loadImageBase64"})  # fmt: skip
LOADERS = frozenset({
    "CheckpointLoaderSimple", "UNETLoader", "UnetLoaderGGUF", "VAELoader", "VAELoaderKJ", "CLIPLoader", "DualCLIPLoader",
    "CLIPVisionLoader", "LoraLoader", "LoraLoaderModelOnly", "AudioEncoderLoader", "ModelPatchLoader",
    "LatentUpscaleModelLoader", "WanVideoModelLoader", "WanVideoVAELoader", "LoadWanVideoT5TextEncoder",
    "MultiTalkModelLoader", "Wav2VecModelLoader", "DownloadAndLoadWav2VecModel", "MelBandRoFormerModelLoader",
    "LTXAVTextEncoderLoader", "DiffusionModelLoaderKJ",
})  # fmt: skip
TEXT_ENCODE = frozenset({
    "CLIPTextEncode", "CachedTextEncode_AudioLoop", "CLIPTextEncodeFlux", "TextEncodeQwenImageEdit", "WanVideoTextEncode",
    "WanVideoTextEncodeCached", "WanVideoTextEncodeSingle", "TimestampPromptScheduleBatchEncode",
    "LongTakeTimestampPromptSchedule",
})  # fmt: skip
CLIP_VISION = frozenset({"CLIPVisionEncode", "WanVideoClipVisionEncode"})
VAE_ENCODE = frozenset({
    "VAEEncode", "VAEEncodeTiled", "VAEEncodeForInpaint", "WanVideoEncode", "WanVideoImageToVideoEncode", "LTXVAudioVAEEncode",
})  # fmt: skip
VAE_DECODE = frozenset({"VAEDecode", "VAEDecodeTiled", "LTXVTiledVAEDecode", "LTXVSpatioTemporalTiledVAEDecode", "WanVideoDecode"})  # fmt: skip
SAMPLERS = frozenset({"KSampler", "KSamplerAdvanced", "SamplerCustom", "SamplerCustomAdvanced", "LTXVBaseSampler", "LTXVExtendSampler", "LTXVLoopingSampler"}) | WRAPPER_SAMPLER  # fmt: skip
GUIDERS = frozenset({"CFGGuider", "BasicGuider", "DualCFGGuider", "STGGuider", "MultimodalGuider"})
VIDEO_OUT = frozenset(
    {"VHS_VideoCombine", "CreateVideo", "SaveVideo", "SaveWEBM", "SaveAnimatedWEBP", "SaveAnimatedPNG"}
)

#: Where an image becomes the start or the guide of a window: type -> its image inputs by prefix.
IMAGE_SINKS: Mapping[str, tuple[str, ...]] = {
    "LTXVImgToVideo": ("image",),
    "LTXVImgToVideoInplace": ("image",),
    "LTXVImgToVideoInplaceKJ": ("num_images.image_",),
    "LTXVImgToVideoConditionOnly": ("image",),
    "LTXVAddGuide": ("image",),
    "LTXVAddGuideAdvanced": ("image",),
    "LTXVAddGuideMulti": ("num_guides.image_",),
    "LTXVAddLatentGuide": ("guiding_latent",),
    "LTXVBaseSampler": ("optional_cond_images",),
    "LTXVExtendSampler": ("optional_cond_images",),
    "LTXVInContextSampler": ("guiding_latents",),
    "WanImageToVideo": ("start_image",),
    "WanInfiniteTalkToVideo": ("start_image",),
    "WanVideoImageToVideoEncode": ("start_image",),
    "WanVideoImageToVideoMultiTalk": ("start_image",),
    "LongTakeWindowEmbedsWan": ("reference_image", "start_image", "image"),
    "LongTakeAudioLoopController": ("start_image",),
}

#: Nodes that change what a picture looks like, and the widgets that say how. A chain is compared by these.
PREPROCESS: Mapping[str, tuple[str, ...]] = {
    "LTXVPreprocess": ("img_compression",),
    "ImageResizeKJ": ("width", "height", "upscale_method", "keep_proportion", "divisible_by", "crop"),
    "ImageResizeKJv2": ("width", "height", "upscale_method", "keep_proportion", "pad_color", "crop_position", "divisible_by"),
    "ImageScale": ("upscale_method", "width", "height", "crop"),
    "ImageScaleBy": ("upscale_method", "scale_by"),
    "ImageScaleToTotalPixels": ("upscale_method", "megapixels"),
    "ImageScaleToMaxDimension": ("upscale_method", "largest_size"),
    "ResizeImageMaskNode": ("resize_type", "scale_method"),
    "ResizeImagesByLongerEdge": ("longer_edge",),
    "ImageCrop": ("width", "height", "x", "y"),
    "ImageCropV2": ("crop_region",),
    "ImagePadForOutpaint": ("left", "top", "right", "bottom", "feathering"),
    "ImageSharpen": ("sharpen_radius", "sigma", "alpha"),
    "ImageBlur": ("blur_radius", "sigma"),
    "ImageUpscaleWithModel": (),
    "ColorMatch": ("method", "strength"),
    "ImageFlip+": ("axis",),
    "ImageRotate": ("rotation",),
}  # fmt: skip
RESIZE = frozenset({"ImageResizeKJ", "ImageResizeKJv2", "ImageScale", "ImageScaleBy", "ImageScaleToTotalPixels", "ImageScaleToMaxDimension", "ResizeImageMaskNode", "ResizeImagesByLongerEdge"})  # fmt: skip

#: Hand a value on unchanged: type -> {output number: input}.
PASS_THROUGH: Mapping[str, Mapping[int, str]] = {
    "GetImageSizeAndCount": {0: "image"},
    "GetImageSize+": {},
    "IterationCleanup": {0: "latent"},
    "ProfileIterStep_AudioLoop": {0: "latent"},
    "ProfileBegin_AudioLoop": {0: "latent"},
    "StripLatentNoiseMask": {0: "latent"},
    "easy cleanGpuUsed": {0: "anything"},
    # One picture of several that were prepared alike.
    "KeyframeImageSchedule": {0: "images", 1: "images"},
    "ImageBlend_AudioLoop": {0: "image_a"},
    "ImageFromBatch": {0: "image"},
    "RepeatImageBatch": {0: "image"},
    "GetImageRangeFromBatch": {0: "images"},
    "VRAM_Debug": {0: "any_input", 1: "image_pass", 2: "model_pass"},
    "LongTakePreprocessSymmetryAudit": {0: "anything"},
}
#: Outputs that only tell a size: the same for every iteration of a loop whose pictures do not change size.
SIZES: Mapping[str, frozenset[str]] = {
    "GetImageSizeAndCount": frozenset({"width", "height"}),
    "GetImageSize": frozenset({"width", "height"}),
    "GetImageSize+": frozenset({"width", "height"}),
    "ImageResizeKJv2": frozenset({"width", "height"}),
    "GetLatentSizeAndCount": frozenset({"width", "height"}),
}

#: Count frames or windows from the sound: type -> {output: what it is}.
PLANNERS: Mapping[str, Mapping[str, str]] = {
    "AudioLoopPlanner": {"total_iterations": "windows"},
    "LongTakeFrameWindowPlanner": {"frames": "frames", "windows": "windows", "window_length": "window"},
}
#: Take the voice out of a mix.
SEPARATORS = frozenset({"MelBandRoFormerSampler", "AudioSeparation", "AudioSeparateDemucs", "DemucsSeparate", "VocalSeparation"})  # fmt: skip
LOAD_AUDIO = frozenset({"LoadAudio", "VHS_LoadAudio", "VHS_LoadAudioUpload", "RecordAudio", "LoadVideo", "VHS_LoadVideo", "VHS_LoadVideoPath"})  # fmt: skip

#: Frame rates: (type, input).
FPS: tuple[tuple[str, str], ...] = (
    ("MultiTalkWav2VecEmbeds", "fps"),
    ("LTXVConditioning", "frame_rate"),
    ("TimestampPromptScheduleBatchEncode", "frame_rate"),
    ("LTXVEmptyLatentAudio", "frame_rate"),
    ("LTXVAudioVideoMask", "video_fps"),
    ("AudioLoopController", "fps"),
    ("LongTakeFrameWindowPlanner", "fps"),
    ("VHS_VideoCombine", "frame_rate"),
    ("CreateVideo", "fps"),
)


def image_inputs(node: Node) -> list[str]:
    """The inputs of a sink through which pictures come in, as far as they are linked."""
    prefixes = IMAGE_SINKS.get(node.type, ())
    return [
        name
        for name in node.links
        if any(name == prefix or (prefix.endswith("_") and name.startswith(prefix)) for prefix in prefixes)
    ]
