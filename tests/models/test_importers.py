"""Checkpoints of every known format, generated at toy size, and files that must be refused."""

from __future__ import annotations

import argparse
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

from mespot.core.errors import MespotError
from mespot.models.classifier import Classifier
from mespot.models.importers.encoder import import_encoder, start_from
from mespot.models.importers.read import read_tensors
from mespot.models.positions import sinusoid_table
from mespot.models.weights import save_description, save_weights
from mespot.models.zoo import create_autoencoder, create_encoder

LGI, VIT = "lgi_former_tiny_64", "videomae_vit_tiny_64"
REFERENCE = Path(__file__).resolve().parents[2].parent / "shared/data/reference/numerics_ref.npz"
CLIP = torch.linspace(-2, 2, 3 * 16 * 64 * 64).view(1, 3, 16, 64, 64).sin()


def _random(model):
    """Every tensor drawn anew: first values would hide swapped norms and lost biases."""
    with torch.random.fork_rng():
        torch.manual_seed(11)
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.1)
    return model.eval()


def _published(model):
    """State of an auto-encoder with the published names."""
    return {
        name.replace("encoder_norm.", "encoder.norm."): value
        for name, value in model.state_dict().items()
    }


def _save_checkpoint(path, state, **entries):
    """As the published code saves: weights, optimiser, epoch, scaler and command line."""
    content = {
        "model": state,
        "optimizer": {"state": {0: {"step": 3.0, "exp_avg": torch.ones(4)}}, "param_groups": [{}]},
        "epoch": 49,
        "scaler": {"scale": 65536.0},
        "args": argparse.Namespace(lr=3e-4, lg_region_size=[2, 5, 10], resume="", finetune=None),
    }
    torch.save({**content, **entries}, path)
    return path


def _transformers(encoder, version=4, prefix="videomae."):
    """State of transformers' VideoMAEForPreTraining around an encoder."""
    places = {
        "attn.proj": "attention.output.dense",
        "mlp.fc1": "intermediate.dense",
        "mlp.fc2": "output.dense",
        "norm1": "layernorm_before",
        "norm2": "layernorm_after",
    }
    state = {}
    for name, value in encoder.state_dict().items():
        if name.startswith("patch_embed.proj."):
            end = name.rsplit(".", 1)[1]
            state[f"{prefix}embeddings.patch_embeddings.projection.{end}"] = value
            continue
        _, block, rest = name.split(".", 2)
        stem = f"{prefix}encoder.layer.{block}."
        inner = f"{stem}attention.attention."
        if rest == "attn.qkv.weight":
            for part, weight in zip(("query", "key", "value"), value.chunk(3), strict=True):
                state[f"{inner}{part}.weight"] = weight.contiguous()
        elif rest.endswith("_bias"):
            short = rest.removeprefix("attn.")
            long = {"q_bias": "query.bias", "v_bias": "value.bias"}[short]
            state[inner + (short if version == 4 else long)] = value
            if version == 5:
                state[f"{inner}key.bias"] = torch.full_like(value, 0.3)
        else:
            module, end = rest.rsplit(".", 1)
            state[f"{stem}{places[module]}.{end}"] = value
    state[f"{prefix}layernorm.weight"] = torch.ones(encoder.width)
    state["decoder.head.weight"] = torch.ones(3, encoder.width)
    return state


@pytest.fixture
def vit():
    return _random(create_encoder(VIT))


@pytest.fixture
def lgi():
    return _random(create_autoencoder(LGI))


def _same(found, wanted):
    wanted = wanted.state_dict()
    assert set(found.state_dict()) == set(wanted)
    for name, value in found.state_dict().items():
        assert torch.equal(value, wanted[name]), name


def test_mae_dfer_checkpoint(tmp_path, lgi):
    path = _save_checkpoint(tmp_path / "checkpoint-49.pth", _published(lgi))
    imported = import_encoder(path, LGI)
    imported.check()
    _same(imported.encoder, lgi.encoder)
    report = imported.report
    assert (report.layout, report.missing, imported.input) == ("published", (), "rgb")
    others = {"mask_token", "encoder_to_decoder.weight", "encoder.norm.weight", "encoder.norm.bias"}
    assert others <= set(report.unexpected)
    rest = set(report.unexpected) - others
    assert rest and all(name.startswith("decoder.") for name in rest)


def test_fine_tuned_checkpoint_wrapped_in_module(tmp_path):
    model = _random(Classifier(create_encoder(LGI), outputs=7))
    state = {f"module.{n.removeprefix('encoder.')}": v for n, v in model.state_dict().items()}
    path = tmp_path / "best.pth"
    torch.save({"module": state, "epoch": "best"}, path)
    imported = import_encoder(path, LGI)
    imported.check()
    _same(imported.encoder, model.encoder)
    assert [name.split(".")[1] for name in imported.report.unexpected] == ["fc_norm"] * 2 + [
        "head"
    ] * 2


def test_videomae_checkpoint_is_a_bare_state_too(tmp_path, vit):
    path = tmp_path / "videomae.pth"
    state = {f"encoder.{name}": value.half() for name, value in vit.state_dict().items()}
    torch.save(state, path)
    imported = import_encoder(path, VIT)
    imported.check()
    for name, value in imported.encoder.state_dict().items():
        assert value.dtype == torch.float32
        assert torch.equal(value, vit.state_dict()[name].half().float())


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize("prefix", ["videomae.", ""])
def test_transformers_safetensors(tmp_path, vit, version, prefix):
    path = tmp_path / "model.safetensors"
    save_file(_transformers(vit, version, prefix), path)
    imported = import_encoder(path, VIT)
    imported.check()
    _same(imported.encoder, vit)
    assert imported.report.layout == "transformers"
    assert f"{prefix}layernorm.weight" in imported.report.unexpected
    assert "decoder.head.weight" in imported.report.unexpected
    with torch.inference_mode():
        found, wanted = (e.forward_features(CLIP).locals for e in (imported.encoder, vit))
    assert torch.equal(found, wanted)


def test_the_new_names_of_transformers_and_its_bin_file(tmp_path, vit):
    names = {
        "attention.attention.query": "attention.q_proj",
        "attention.attention.key": "attention.k_proj",
        "attention.attention.value": "attention.v_proj",
        "attention.output.dense": "attention.o_proj",
        "intermediate.dense": "mlp.fc1",
        "encoder.layer.": "layers.",
    }
    state = {}
    for name, value in _transformers(vit, 5).items():
        for old, new in names.items():
            name = name.replace(old, new)
        state[name.replace("output.dense", "mlp.fc2")] = value
    torch.save(state, tmp_path / "pytorch_model.bin")
    imported = import_encoder(tmp_path / "pytorch_model.bin", VIT)
    imported.check()
    _same(imported.encoder, vit)


def test_a_key_bias_changes_nothing():
    query, key, value = torch.randn(3, 2, 5, 8, generator=torch.Generator().manual_seed(0))
    bias = torch.linspace(-3, 3, 8)
    plain, biased = (F.scaled_dot_product_attention(query, k, value) for k in (key, key + bias))
    torch.testing.assert_close(plain, biased)


def test_biases_lost_by_transformers_5_are_noticed(tmp_path, vit):
    state = _transformers(vit, 5)
    lost = {n: torch.zeros_like(v) if n.endswith("y.bias") or n.endswith("value.bias") else v
            for n, v in state.items()}  # fmt: skip
    save_file(lost, tmp_path / "model.safetensors")
    imported = import_encoder(tmp_path / "model.safetensors", VIT)
    with pytest.raises(MespotError, match="all 6 query and value biases are zero") as error:
        imported.check()
    assert "\n" not in str(error.value)
    imported.check(allow_partial=True)
    gone = {n: v for n, v in state.items() if not n.endswith(("y.bias", "value.bias"))}
    save_file(gone, tmp_path / "model.safetensors")
    with pytest.raises(MespotError, match=r"blocks.0.attn.q_bias is missing \(6 of 41"):
        import_encoder(tmp_path / "model.safetensors", VIT).check()


def test_zero_biases_of_version_4_are_taken_at_their_word(tmp_path, vit):
    state = {n: v * 0 if n.endswith("_bias") else v for n, v in _transformers(vit).items()}
    save_file(state, tmp_path / "model.safetensors")
    import_encoder(tmp_path / "model.safetensors", VIT).check()


def test_mespots_own_weights_keep_their_input(tmp_path):
    model = _random(Classifier(create_encoder(LGI)))
    save_weights(tmp_path / "fold0.safetensors", model)
    save_description(tmp_path, {"model": LGI, "input": "flow"})
    imported = import_encoder(tmp_path / "fold0.safetensors", LGI)
    imported.check()
    _same(imported.encoder, model.encoder)
    assert imported.input == "flow"


def test_what_is_written_starts_the_next_training(tmp_path, lgi):
    path = _save_checkpoint(tmp_path / "c.pth", _published(lgi))
    for name in ("a", "b"):
        import_encoder(path, LGI).save(tmp_path / name)
    for name in ("encoder.safetensors", "model.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    encoder = create_encoder(LGI)
    start_from(tmp_path / "a", encoder, LGI, "rgb")
    _same(encoder, lgi.encoder)
    with pytest.raises(MespotError, match="input: found 'rgb', expected 'flow'"):
        start_from(tmp_path / "a", encoder, LGI, "flow")
    with pytest.raises(MespotError, match="model: found 'lgi_former_tiny_64'"):
        start_from(tmp_path / "a", encoder, VIT, "rgb")


@pytest.mark.skipif(not REFERENCE.exists(), reason="reference outputs are absent")
def test_the_loading_rule_of_the_reference(tmp_path, monkeypatch):
    from mespot.models import zoo

    with np.load(REFERENCE, allow_pickle=False) as archive:
        arrays = {key: torch.from_numpy(archive[key]) for key in archive.files if key != "meta"}
    state = {k.removeprefix("pre/sd/"): v for k, v in arrays.items() if k.startswith("pre/sd/")}
    toy = zoo._ZOO["lgi_former_tiny_96"]
    config = {**toy.config, "width": 64, "depth": 3}
    monkeypatch.setitem(zoo._ZOO, "toy", toy._replace(config=config))
    imported = import_encoder(_save_checkpoint(tmp_path / "c.pth", state), "toy")
    imported.check()
    assert len(imported.report.loaded) == 99
    for name, value in imported.encoder.state_dict().items():
        assert torch.equal(value, arrays[f"ft/after_load/{name}"]), name


def test_missing_misshapen_and_surplus_tensors_fail(tmp_path, lgi):
    whole = _published(lgi)
    less = {n: v for n, v in whole.items() if "blocks.1.second_attn.q_bias" not in n}
    odd = {**whole, "encoder.lg_region_tokens": torch.zeros(20, 64)}
    deep = {**whole, "encoder.blocks.3.norm2.bias": torch.zeros(64)}
    for state, fault in (
        (less, r"tensor blocks.1.second_attn.q_bias is missing \(1 of 99"),
        (odd, r"tensor lg_region_tokens: found shape \(20, 64\), expected \(8, 64\)"),
        (deep, "encoder tensor encoder.blocks.3.norm2.bias has no place"),
    ):
        imported = import_encoder(_save_checkpoint(tmp_path / "c.pth", state), LGI)
        with pytest.raises(MespotError, match=fault) as error:
            imported.check()
        assert "\n" not in str(error.value)
        imported.check(allow_partial=True)
    first = import_encoder(tmp_path / "c.pth", LGI).encoder
    assert torch.equal(first.lg_region_tokens, lgi.encoder.lg_region_tokens)
    _save_checkpoint(tmp_path / "c.pth", odd)
    fresh = [import_encoder(tmp_path / "c.pth", LGI).encoder.lg_region_tokens for _ in range(2)]
    assert torch.equal(*fresh) and 0 < fresh[0].abs().max() <= 0.02


def test_a_file_without_any_encoder_tensor_fails_even_in_part(tmp_path):
    torch.save({"model": {"fc.weight": torch.zeros(2)}}, tmp_path / "c.pth")
    imported = import_encoder(tmp_path / "c.pth", LGI)
    with pytest.raises(MespotError, match="none of the 99 encoder tensors"):
        imported.check(allow_partial=True)


def test_two_tensors_for_one_place_fail(tmp_path, lgi):
    state = {**_published(lgi), "patch_embed.proj.bias": torch.zeros(64)}
    with pytest.raises(MespotError, match="are both patch_embed.proj.bias"):
        import_encoder(_save_checkpoint(tmp_path / "c.pth", state), LGI)


def test_a_sinusoid_table_is_needless_and_a_learned_one_refused(tmp_path, vit):
    state = dict(vit.state_dict())
    state["pos_embed"] = sinusoid_table(1568, 64)[None]  # of another clip size
    save_file(state, tmp_path / "a.safetensors")
    imported = import_encoder(tmp_path / "a.safetensors", VIT)
    imported.check()
    assert imported.report.unexpected == ("pos_embed",)
    save_file({**state, "pos_embed": torch.ones(1, 128, 64)}, tmp_path / "a.safetensors")
    with pytest.raises(MespotError, match="pos_embed has no place"):
        import_encoder(tmp_path / "a.safetensors", VIT).check()


class _Trap:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.system, (f"touch {self.target}",)


@pytest.mark.parametrize("nested", [False, True])
def test_a_malicious_pickle_is_refused_and_never_run(tmp_path, monkeypatch, lgi, nested):
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    trap = _Trap(tmp_path / "ran")
    args = argparse.Namespace(lr=1, hidden=[trap]) if nested else trap
    path = _save_checkpoint(tmp_path / "c.pth", _published(lgi), args=args)
    with pytest.raises(MespotError, match=r"asks for '(posix|nt).system'") as error:
        import_encoder(path, LGI)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "value",
    [Path("x"), np.float64(1), bytearray(b"x"), {1, 2}],
    ids=["path", "numpy", "bytes", "set"],
)
def test_nothing_beyond_the_list_is_built(tmp_path, lgi, value):
    path = _save_checkpoint(tmp_path / "c.pth", _published(lgi), args=value)
    with pytest.raises(MespotError, match="asks for"):
        import_encoder(path, LGI)


def test_other_pickle_protocols_and_old_files_are_refused(tmp_path):
    torch.save({"model": {"a": torch.zeros(1)}}, tmp_path / "new.pth", pickle_protocol=4)
    with pytest.raises(MespotError, match="STACK_GLOBAL"):
        read_tensors(tmp_path / "new.pth")
    torch.save({}, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    with pytest.raises(MespotError, match="torch before 1.6"):
        read_tensors(tmp_path / "old.pth")


def _rezip(path, change, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path) as archive:
        parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in parts.items():
            archive.writestr(name, change(name, content))


def test_files_that_grow_on_reading_are_refused(tmp_path):
    path = tmp_path / "c.pth"
    torch.save({"model": {"lg_region_tokens": torch.zeros(8, 1_000_000)}}, path)
    _rezip(path, lambda name, content: content, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 100_000
    with pytest.raises(MespotError, match="would unpack to 32"):
        import_encoder(path, LGI)


def test_declared_sizes_are_never_allocated(tmp_path):
    path = tmp_path / "c.pth"
    one = torch.zeros(1)
    torch.save({"model": {"lg_region_tokens": one.as_strided((1 << 40, 1 << 20), (0, 0))}}, path)
    with pytest.raises(MespotError, match=r"found shape \(1099511627776, 1048576\)"):
        import_encoder(path, LGI).check()
    torch.save({"model": {"lg_region_tokens": torch.zeros(8, 64)}}, path)
    _rezip(path, lambda name, content: content[:16] if "/data/0" in name else content)
    with pytest.raises(MespotError, match="refused by torch's safe reader"):
        import_encoder(path, LGI)


def test_the_restricted_reader_does_not_rely_on_the_look_beforehand(tmp_path, monkeypatch, lgi):
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    monkeypatch.setattr("mespot.models.importers.read._look_through", lambda path: None)
    trap = _Trap(tmp_path / "ran")
    path = _save_checkpoint(tmp_path / "c.pth", _published(lgi), args=trap)
    with pytest.raises(MespotError, match="refused by torch's safe reader") as error:
        import_encoder(path, LGI)
    assert "\n" not in str(error.value) and not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "value, fault",
    [
        (torch.full((8, 64), torch.nan), "NaN or infinite"),
        (torch.zeros(8, 64, dtype=torch.int64), "found torch.int64"),
    ],
)
def test_values_that_are_no_weights_are_refused(tmp_path, lgi, value, fault):
    state = {**_published(lgi), "encoder.lg_region_tokens": value}
    with pytest.raises(MespotError, match=f"encoder.lg_region_tokens: found {fault}|{fault}"):
        import_encoder(_save_checkpoint(tmp_path / "c.pth", state), LGI)


def test_damaged_and_foreign_files_are_one_line(tmp_path, lgi):
    good = _save_checkpoint(tmp_path / "c.pth", _published(lgi)).read_bytes()
    save_weights(tmp_path / "w.safetensors", lgi)
    own = (tmp_path / "w.safetensors").read_bytes()
    tensors = load_file(tmp_path / "w.safetensors")
    odd = tmp_path / "odd.safetensors"
    save_file({"a\nb": tensors["mask_token"]}, odd)
    contents = [b"", b"PK\x03\x04", b"video", good[: len(good) // 2], own[:2000], odd.read_bytes()]
    for content in contents:
        (tmp_path / "x.pth").write_bytes(content)
        with pytest.raises(MespotError, match="x.pth") as error:
            import_encoder(tmp_path / "x.pth", LGI)
        assert "\n" not in str(error.value)
    torch.save({"model": {"epoch": 3}}, tmp_path / "x.pth")
    with pytest.raises(MespotError, match="holds no tensors"):
        import_encoder(tmp_path / "x.pth", LGI)
    with pytest.raises(MespotError, match="cannot be read"):
        import_encoder(tmp_path, LGI)
