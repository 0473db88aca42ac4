"""The rule for model files, on real files with real headers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import gguf
import numpy as np
import pytest
from longtake.scripts.rules import engine
from longtake.scripts.rules.engine import Context, Finding
from longtake.scripts.rules.examples import changed
from longtake.scripts.rules.model_headers import find_model, named_rank, named_type, read_header, same_type
from longtake.scripts.rules.wan_examples import TAKE, WRAPPER
from longtake.scripts.workflow.document import read_text
from safetensors.numpy import save_file

BASE = "wan2.1-i2v-14b-480p-Q5_0.gguf"
TALK = "Wan2_1-InfiniteTalk_Single_Q8.gguf"
LORA = "lightx2v_I2V_14B_480p_cfg_step_distill_rank64_bf16.safetensors"
RULE = [rule for rule in engine.all_rules() if rule.name == "model-file"]


def write_gguf(path: Path, kind: gguf.GGMLQuantizationType, blocks: int = 4, prefix: str = "blocks") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(str(path), "wan")
    rng = np.random.default_rng(0)
    for block in range(blocks):
        weight = rng.standard_normal((32, 256)).astype(np.float32)
        name = f"{prefix}.{block}.self_attn.q"
        writer.add_tensor(f"{name}.weight", gguf.quants.quantize(weight, kind), raw_dtype=kind)
        writer.add_tensor(f"{name}.bias", rng.standard_normal(32).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_lora(path: Path, rank: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    layers = {}
    for block in range(3):
        name = f"diffusion_model.blocks.{block}.self_attn.q"
        layers[f"{name}.lora_down.weight"] = np.zeros((rank, 256), np.float16)
        layers[f"{name}.lora_up.weight"] = np.zeros((256, rank), np.float16)
        layers[f"{name}.diff_b"] = np.zeros(256, np.float16)
    save_file(layers, path)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with models, as the example names them."""
    write_gguf(tmp_path / "diffusion_models" / BASE, gguf.GGMLQuantizationType.Q5_0)
    write_gguf(tmp_path / "unet" / "WanVideo" / TALK, gguf.GGMLQuantizationType.Q8_0, blocks=2)
    write_lora(tmp_path / "loras" / LORA, 64)
    return tmp_path


def findings(workflow: dict, models: Path | None, profile: str | None = None) -> list[Finding]:
    context = Context(models=models, profile=engine.find_profile(profile))
    return engine.audit(read_text(json.dumps(workflow)).graph, RULE, context).findings


def serious(found: list[Finding]) -> list[str]:
    return [finding.message for finding in found if finding.severity != "info"]


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (gguf.GGMLQuantizationType.Q4_0, "Q4_0"),
        (gguf.GGMLQuantizationType.Q5_0, "Q5_0"),
        (gguf.GGMLQuantizationType.Q8_0, "Q8_0"),
    ],
)
def test_a_gguf_header_tells_the_quantisation(tmp_path: Path, kind: gguf.GGMLQuantizationType, told: str) -> None:
    write_gguf(tmp_path / "m.gguf", kind, blocks=5)
    header = read_header(tmp_path / "m.gguf")
    assert (header.tensor_type, header.blocks, header.rank) == (told, 5, None)
    bits = {"Q4_0": 4.5, "Q5_0": 5.5, "Q8_0": 8.5}[told]
    assert header.size == 5 * (32 * 256 * bits / 8 + 32 * 4)


def test_a_k_quant_is_read_from_its_header(tmp_path: Path) -> None:
    # The library writes no k-quants; their bytes are laid out by hand: 210 for 256 values of Q6_K.
    kind = gguf.GGMLQuantizationType.Q6_K
    writer = gguf.GGUFWriter(str(tmp_path / "m.gguf"), "wan")
    writer.add_tensor("blocks.0.q.weight", np.zeros((32, gguf.GGML_QUANT_SIZES[kind][1]), np.uint8), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    assert read_header(tmp_path / "m.gguf").tensor_type == "Q6_K"


def test_a_safetensors_header_tells_the_rank(tmp_path: Path) -> None:
    write_lora(tmp_path / "l.safetensors", 256)
    header = read_header(tmp_path / "l.safetensors")
    assert (header.rank, header.tensor_type, header.blocks) == (256, "F16", 3)


def test_files_that_are_what_they_say(models: Path) -> None:
    for workflow in (WRAPPER, TAKE):
        assert serious(findings(workflow, models)) == []


def test_a_name_that_lies_about_the_quantisation(models: Path) -> None:
    write_gguf(models / "diffusion_models" / BASE, gguf.GGMLQuantizationType.Q4_0)
    found = findings(WRAPPER, models)
    assert serious(found) == [f"{BASE} says Q5_0, and its weights are Q4_0."]
    assert found[0].path == "model"


def test_a_name_that_lies_about_the_rank(models: Path) -> None:
    write_lora(models / "loras" / LORA, 256)
    assert serious(findings(WRAPPER, models)) == [f"{LORA} says rank 64, and its layers have rank 256."]


def test_the_memory_of_the_weights(models: Path) -> None:
    two_of_four = changed(WRAPPER, "swap", blocks_to_swap=2)
    [found] = [finding for finding in findings(two_of_four, models) if "GPU memory" in finding.message]
    assert found.severity == "info"
    assert "2 of 4 blocks swapped" in found.message
    whole = read_header(models / "diffusion_models" / BASE).size + read_header(models / "unet" / "WanVideo" / TALK).size
    beside = read_header(models / "loras" / LORA).size
    assert f"({(whole + beside) / 1e9:.1f} GB without)" in found.message


def test_a_file_that_is_not_there_is_said(models: Path) -> None:
    (models / "loras" / LORA).unlink()
    assert any(
        LORA in finding.message and "could not be read" in finding.message for finding in findings(WRAPPER, models)
    )


@pytest.mark.parametrize("content", [b"", b"GGUF", b"GGUF\x03\x00\x00\x00" + b"\xff" * 64, b"\x00" * 200, b"{}"])
@pytest.mark.parametrize("suffix", [".gguf", ".safetensors"])
def test_a_broken_file_is_one_sentence(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"^broken\S+ (cannot be read|holds no tensors).*; download it again\.$"):
        read_header(path)


def test_a_broken_model_is_an_error(models: Path) -> None:
    path = models / "diffusion_models" / BASE
    path.write_bytes(path.read_bytes()[:100])
    assert [finding.severity for finding in findings(WRAPPER, models) if BASE in finding.message] == ["error"]


def test_the_tiers_of_a_profile(models: Path) -> None:
    four = changed(WRAPPER, "sample", steps=4)
    assert serious(findings(four, models, "pixaroma")) == []
    assert not [f for f in findings(four, models, "pixaroma") if "tier" in f.message]
    assert [f for f in findings(WRAPPER, models, "pixaroma") if "6 steps with the files of tier hd" in f.message]
    write_gguf(models / "diffusion_models" / BASE, gguf.GGMLQuantizationType.Q8_0)
    assert [f for f in findings(four, models, "pixaroma") if "Q8_0 with a LoRA of rank 64 is no tier" in f.message]


def test_names_do_not_lead_out_of_the_folder(models: Path) -> None:
    (models.parent / "secret.gguf").write_bytes(b"GGUF")
    for name in ("../secret.gguf", str(models.parent / "secret.gguf"), "unet/../../secret.gguf", ""):
        assert find_model(models, name) is None
    assert find_model(models, "WanVideo\\" + TALK) == models / "unet" / "WanVideo" / TALK
    assert find_model(models, "elsewhere/" + TALK) == models / "unet" / "WanVideo" / TALK


@pytest.mark.parametrize(
    ("name", "kind", "rank"),
    [
        (BASE, "Q5_0", None),
        (TALK, "Q8", None),
        (LORA, "BF16", 64),
        ("wan2.1-i2v-14b-480p-Q4_K_M.gguf", "Q4_K_M", None),
        ("Wan2_1-I2V-14B-480P_fp8_e4m3fn.safetensors", "FP8", None),
        ("Wan2_1-InfiniteTalk_Single_Q6_K_2.gguf", "Q6_K", None),
        ("a/b/plain.safetensors", None, None),
        ("ltx-2.3-distilled_lora-dynamic_fro09_avg_rank_111_bf16.safetensors", "BF16", None),
    ],
)
def test_what_names_say(name: str, kind: str | None, rank: int | None) -> None:
    assert (named_type(name), named_rank(name)) == (kind, rank)


def test_types_that_agree() -> None:
    assert same_type("Q8", "Q8_0")
    assert same_type("Q4_K_M", "Q4_K")
    assert same_type("FP8", "F8_E4M3")
    assert same_type("FP16", "F16")
    assert not same_type("Q5_0", "Q4_0")
    assert not same_type("BF16", "F16")


def test_headers_are_read_without_torch(models: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from longtake.scripts.rules.model_headers import read_header;"
        "[read_header(Path(name)) for name in sys.argv[1:]]; assert 'torch' not in sys.modules"
    )
    files = [models / "diffusion_models" / BASE, models / "loras" / LORA]
    subprocess.run([sys.executable, "-P", "-c", code, *map(str, files)], check=True)  # noqa: S603 - our own code
