"""Outputs of the unmodified reference at toy size; skipped where those files are absent."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mespot.models.classifier import Classifier
from mespot.models.lgi_former import LGIFormer
from mespot.models.mae import MaskedAutoEncoder
from mespot.models.masking import part_window_mask, split_index
from mespot.models.positions import sinusoid_table
from mespot.models.targets import masked_targets
from mespot.models.zoo import create_autoencoder, create_encoder
from mespot.training.engine.optimiser import learning_rate, parameter_groups

FOLDER = Path(__file__).resolve().parents[2].parent / "shared/data/reference"
FILE = FOLDER / "numerics_ref.npz"
pytestmark = pytest.mark.skipif(not FILE.exists(), reason="reference outputs are absent")
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1, 1)


@pytest.fixture(scope="module")
def reference():
    with np.load(FILE, allow_pickle=False) as archive:
        return {
            key: torch.from_numpy(archive[key])
            for key in archive.files
            if not key.startswith("meta")
        }


def _close(found, wanted):
    """Within 1e-5 of the array's largest value, everywhere."""
    assert found.shape == wanted.shape
    assert (found - wanted).abs().max() <= 1e-5 * wanted.abs().max()


def _layout(output):
    """Messengers (B, R, d) and locals (B, R, s, d) as the reference keeps them."""
    messengers, local = output
    return torch.cat((messengers[:, :, None], local), 2).flatten(0, 1)  # (B * R, 1 + s, d)


def _watch_blocks(encoder):
    """Outputs of all blocks of the next pass, filled while it runs."""
    outputs = []
    for block in encoder.blocks:
        block.register_forward_hook(lambda _m, _i, output: outputs.append(_layout(output)))
    return outputs


def _encoder(region=(2, 3, 6)):
    return LGIFormer(16, 96, 64, 3, 4, list(region))


def _autoencoder(reference, compat_order):
    model = MaskedAutoEncoder(_encoder(), 48, 2, 3, compat_order=compat_order)
    model.load_state_dict(
        {
            key.removeprefix("pre/sd/").replace("encoder.norm.", "encoder_norm."): value
            for key, value in reference.items()
            if key.startswith("pre/sd/")
        }
    )
    mask = reference["pre/mask"].numpy()
    index = split_index(mask, model.encoder.region_of_token().numpy())
    return model, *map(torch.from_numpy, index)


def test_every_stage_of_the_autoencoder(reference):
    model, visible, masked = _autoencoder(reference, compat_order=True)
    video = reference["pre/video"]
    _close(model.encoder.patch_embed(video), reference["pre/patch_embed"])
    _close(model.encoder.embed(video), reference["pre/tokens_in"])
    blocks = _watch_blocks(model.encoder)
    tokens = model.encoder_norm(model.encoder.forward_visible(video, visible))
    for index, output in enumerate(blocks):
        _close(output, reference[f"pre/block{index}"])
    assert len(blocks) == 3
    order = model.encoder.visible_order(visible)
    _close(torch.take_along_dim(tokens, order[..., None], 1), reference["pre/enc_tokens"])
    _close(model.decoder_input(video, visible, masked), reference["pre/dec_in"])
    _close(model(video, visible, masked), reference["pre/recon"])


def test_losses_and_gradients_of_the_autoencoder(reference):
    model, visible, masked = _autoencoder(reference, compat_order=True)
    video = reference["pre/video"]
    appearance, motion = model.losses(video, video * STD + MEAN, visible, masked)
    loss = (appearance + motion) / 2
    for name, found in (("loss_app", appearance), ("loss_mot", motion), ("loss", loss)):
        _close(found, reference[f"pre/{name}"])
    loss.backward()
    for name, parameter in model.named_parameters():
        _close(parameter.grad, reference[f"pre/grad/{_published(name)}"])


def test_losses_of_six_optimiser_steps(reference):
    model, visible, masked = _autoencoder(reference, compat_order=True)
    video = reference["pre/video"]
    groups = parameter_groups(model, model.encoder, 0.05, 1.0, published=True)
    optimiser = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.95))
    losses = []
    for _ in range(6):
        loss = sum(model.losses(video, video * STD + MEAN, visible, masked)) / 2
        losses.append(loss.detach())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    _close(torch.stack(losses), reference["pre/traj_loss"])
    assert losses[-1] < losses[0]


def test_fixed_order_differs_only_by_decoder_positions(reference):
    """The published decoder input has the right tokens at positions of one another."""
    model, visible, masked = _autoencoder(reference, compat_order=False)
    found = model.decoder_input(reference["pre/video"], visible, masked)
    shown = visible.shape[1]
    assert torch.equal(found[:, shown:], reference["pre/dec_in"][:, shown:])
    order = model.encoder.visible_order(visible)
    content = torch.take_along_dim(found[:, :shown] - model.positions[visible], order[..., None], 1)
    _close(content + model.positions[visible], reference["pre/dec_in"][:, :shown])
    assert not torch.allclose(found, reference["pre/dec_in"], atol=1e-2)


def test_half_of_the_visible_tokens_were_misplaced_at_the_published_size():
    encoder = LGIFormer(16, 160, 8, 1, 1, [2, 5, 10])
    mask = part_window_mask(np.random.RandomState(0), encoder.grid, 0.9, encoder.region[1:])
    visible, _ = split_index(mask[None], encoder.region_of_token().numpy())
    visible = torch.from_numpy(visible)
    moved = torch.take_along_dim(visible, encoder.visible_order(visible), 1) != visible
    assert visible.shape == (1, 80) and moved.float().mean() == 0.5


def test_targets(reference):
    _, _, masked = _autoencoder(reference, compat_order=True)
    found = masked_targets(reference["pre/video"] * STD + MEAN, masked, 16, 1e-6)
    _close(found, reference["pre/target"])


@pytest.mark.parametrize("pooling", ["region", "org", "all"])
def test_classifier_features_and_logits(reference, pooling):
    model = _classifier(reference, _encoder(), pooling)
    _close(model.pooled(reference["ft/video"]), reference[f"ft/feat_{pooling}"])
    _close(model(reference["ft/video"]), reference[f"ft/logits_{pooling}"])


def test_every_block_of_the_classifier(reference):
    model = _classifier(reference, _encoder(), "all")
    blocks = _watch_blocks(model.encoder)
    model(reference["ft/video"])
    for index, output in enumerate(blocks):
        _close(output, reference[f"ft/block{index}"])
    assert len(blocks) == 3


def test_loss_and_gradients_of_the_classifier(reference):
    """What the pruned last block leaves out has no gradient in the reference either."""
    model = _classifier(reference, _encoder(), "region")
    logits = model(reference["ft/video"])
    loss = torch.nn.functional.cross_entropy(logits, reference["ft/soft_target"])
    _close(loss, reference["ft/loss"])
    loss.backward()
    for name, parameter in model.named_parameters():
        wanted = reference[f"ft/grad/{_published(name, 'finetune')}"]
        found = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        _close(found, wanted)


def test_other_region_shape(reference):
    model = _classifier(reference, _encoder((4, 3, 3)), "region")
    _close(model(reference["ft/video"]), reference["ft/logits_alt_region"])


def test_positions(reference):
    assert torch.equal(sinusoid_table(288, 64), reference["pos/enc"])
    assert torch.equal(sinusoid_table(288, 48), reference["pos/dec"])


def test_masks_of_the_published_generator(reference):
    rng = np.random.RandomState(123)
    found = np.stack([part_window_mask(rng, (8, 10, 10), 0.9, (10, 10)) for _ in range(4)])
    assert np.array_equal(found, reference["mask/tube"].numpy())
    rng = np.random.RandomState(123)
    found = np.stack([part_window_mask(rng, (8, 10, 10), 0.9, (5, 10)) for _ in range(4)])
    assert np.array_equal(found, reference["mask/window"].numpy())
    rng = np.random.RandomState(123)
    found = np.stack([part_window_mask(rng, (8, 10, 10), 0.9, (5, 10), "clip") for _ in range(4)])
    assert np.array_equal(found, reference["mask/window_sym_global"].numpy())


def test_learning_rate_schedule(reference):
    found = [learning_rate(step, 20, 0.25, 1e-3, 1e-6) for step in range(20)]
    np.testing.assert_allclose(found, reference["sched/cosine"].numpy(), rtol=1e-12)


@pytest.mark.parametrize("kind", ["pretrain", "finetune"])
def test_checkpoint_names_and_shapes_of_the_published_size(kind):
    with torch.device("meta"):
        if kind == "pretrain":
            model = create_autoencoder("lgi_former_base_160")
        else:
            model = Classifier(create_encoder("lgi_former_base_160"), outputs=7)
    found = {
        _published(name, kind): list(value.shape) for name, value in model.state_dict().items()
    }
    assert found == json.loads((FOLDER / f"{kind}_keys.json").read_text())["keys"]


def _published(name, kind="pretrain"):
    """Name of a parameter in the published checkpoints."""
    if kind == "finetune":
        return name.removeprefix("encoder.")
    return name.replace("encoder_norm.", "encoder.norm.")


def _classifier(reference, encoder, pooling):
    model = Classifier(encoder, outputs=7, pooling=pooling)
    state = {
        key.removeprefix("ft/sd/"): value
        for key, value in reference.items()
        if key.startswith("ft/sd/")
    }
    own = ("fc_norm.", "head.")
    model.load_state_dict(
        {key if key.startswith(own) else f"encoder.{key}": item for key, item in state.items()}
    )
    return model.eval()
