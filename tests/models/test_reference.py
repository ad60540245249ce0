"""Outputs of the unmodified reference at toy size; skipped where those files are absent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mespot.models.classifier import Classifier
from mespot.models.lgi_former import LGIFormer
from mespot.models.mae import MaskedAutoEncoder
from mespot.models.masking import part_window_mask, split_index, tube_mask
from mespot.models.positions import sinusoid_table
from mespot.models.targets import masked_targets
from mespot.training.optimiser import learning_rate

FILE = Path(__file__).resolve().parents[2].parent / "shared/data/reference/numerics_ref.npz"
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


def test_autoencoder_reproduces_reconstruction_losses_and_gradients(reference):
    model, visible, masked = _autoencoder(reference, compat_order=True)
    video = reference["pre/video"]
    torch.testing.assert_close(
        model(video, visible, masked), reference["pre/recon"], rtol=1e-5, atol=1e-5
    )
    appearance, motion = model.losses(video, video * STD + MEAN, visible, masked)
    torch.testing.assert_close(appearance, reference["pre/loss_app"], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(motion, reference["pre/loss_mot"], rtol=1e-5, atol=1e-5)
    ((appearance + motion) / 2).backward()
    for name, parameter in model.named_parameters():
        wanted = reference[f"pre/grad/{name.replace('encoder_norm.', 'encoder.norm.')}"]
        error = (parameter.grad - wanted).abs().max() / wanted.abs().max()
        assert error < 1e-4, name


def test_fixed_order_differs_only_by_decoder_positions(reference):
    model, visible, masked = _autoencoder(reference, compat_order=False)
    video = reference["pre/video"]
    found = model(video, visible, masked)
    error = (found - reference["pre/recon"]).abs().max() / reference["pre/recon"].abs().max()
    assert 1e-3 < error < 0.2


def test_targets(reference):
    _, _, masked = _autoencoder(reference, compat_order=True)
    found = masked_targets(reference["pre/video"] * STD + MEAN, masked, 16, 1e-6)
    torch.testing.assert_close(found, reference["pre/target"], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("pooling", ["region", "org", "all"])
def test_classifier_logits(reference, pooling):
    model = _classifier(reference, _encoder(), pooling)
    found = model(reference["ft/video"])
    torch.testing.assert_close(found, reference[f"ft/logits_{pooling}"], rtol=1e-5, atol=1e-5)


def test_other_region_shape(reference):
    model = _classifier(reference, _encoder((4, 3, 3)), "region")
    found = model(reference["ft/video"])
    torch.testing.assert_close(found, reference["ft/logits_alt_region"], rtol=1e-5, atol=1e-5)


def test_positions(reference):
    assert torch.equal(sinusoid_table(288, 64), reference["pos/enc"])
    assert torch.equal(sinusoid_table(288, 48), reference["pos/dec"])


def test_masks_of_the_published_generator(reference):
    rng = np.random.RandomState(123)
    found = np.stack([tube_mask(rng, (8, 10, 10), 0.9) for _ in range(4)])
    assert np.array_equal(found, reference["mask/tube"].numpy())
    rng = np.random.RandomState(123)
    found = np.stack([part_window_mask(rng, (8, 10, 10), 0.9, (5, 10)) for _ in range(4)])
    assert np.array_equal(found, reference["mask/window"].numpy())


def test_learning_rate_schedule(reference):
    found = [learning_rate(step, 20, 0.25, 1e-3, 1e-6) for step in range(20)]
    np.testing.assert_allclose(found, reference["sched/cosine"].numpy(), rtol=1e-6)


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
