from __future__ import annotations

import argparse
import json

import pytest
import torch
from safetensors.torch import load_file

from mespot.cli.import_weights import folded
from mespot.models.zoo import create_autoencoder

NAME = "lgi_former_tiny_64"


@pytest.fixture
def convert(run):
    return lambda *words: run("import-weights", *words)


@pytest.fixture
def checkpoint(tmp_path):
    def save(drop=""):
        state = {
            name.replace("encoder_norm.", "encoder.norm."): value
            for name, value in create_autoencoder(NAME).state_dict().items()
            if name != drop
        }
        path = tmp_path / "checkpoint-49.pth"
        torch.save({"model": state, "args": argparse.Namespace(lr=1.0), "epoch": 49}, path)
        return path, state

    return save


def test_report_and_files(convert, checkpoint, tmp_path):
    path, state = checkpoint()
    code, out, err = convert(path, "--model", NAME, "--out", tmp_path / "w")
    assert code == 0 and not err
    assert "loaded: 99" in out and "missing: 0" in out and "unexpected: 34" in out
    assert "blocks.{0-2}.first_attn.q_bias" in out and "mask_token" in out
    written = load_file(tmp_path / "w/encoder.safetensors")
    assert torch.equal(written["lg_region_tokens"], state["encoder.lg_region_tokens"])
    description = json.loads((tmp_path / "w/model.json").read_text())
    assert (description["model"], description["input"]) == (NAME, "rgb")


def test_a_partial_import_fails_and_writes_nothing_unless_allowed(convert, checkpoint, tmp_path):
    path, _ = checkpoint(drop="encoder.blocks.1.norm2.bias")
    code, out, err = convert(path, "--model", NAME, "--out", tmp_path / "w")
    assert code == 1 and not (tmp_path / "w").exists()
    assert "missing: 1" in out and "    blocks.1.norm2.bias" in out
    assert err.count("\n") == 1 and "blocks.1.norm2.bias is missing" in err
    code, out, _ = convert(path, "--model", NAME, "--out", tmp_path / "w", "--allow-partial")
    assert code == 0
    description = json.loads((tmp_path / "w/model.json").read_text())
    assert description["imported"]["missing"] == ["blocks.1.norm2.bias"]


def test_faults_are_one_line_and_exit_1(convert, checkpoint, tmp_path):
    path, _ = checkpoint()
    (tmp_path / "notes.txt").write_text("no weights at all")
    for words, fault in (
        ((path, "--model", "vit_huge"), "expected one of lgi_former_base_160"),
        ((path, "--model", "lgi_former_tiny_96"), "expected (8, 128)"),
        ((tmp_path / "notes.txt", "--model", NAME), "not a checkpoint"),
        ((tmp_path / "absent.pth", "--model", NAME), "cannot be read"),
    ):
        code, _, err = convert(*words, "--out", tmp_path / "w")
        assert code == 1 and err.startswith("mespot: ") and err.count("\n") == 1
        assert fault in err
        assert not (tmp_path / "w").exists()


def test_help_has_an_example(convert):
    code, out, _ = convert("--help")
    assert code == 0 and "mespot import-weights" in out and "Example" in out


def test_names_are_folded_by_block():
    names = [f"blocks.{i}.norm2.bias" for i in (0, 1, 2, 4)] + ["head.bias", "blocks.7.x"]
    assert folded(names) == ["blocks.{0-2,4}.norm2.bias", "head.bias", "blocks.7.x"]
    assert folded(["blocks.{}.a", "blocks.11.mlp.3.x"]) == ["blocks.{}.a", "blocks.11.mlp.3.x"]
