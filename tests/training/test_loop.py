from __future__ import annotations

import numpy as np
import pytest
import torch
from toy_training import ToyTask, weights

from mespot.core.errors import MespotError
from mespot.training.engine.loop import fit
from mespot.training.engine.optimiser import learning_rate, parameter_groups
from mespot.training.engine.seeding import seeded
from mespot.training.engine.settings import LoopSettings


def _settings(**changes):
    values = dict(
        steps=6,
        batch=4,
        lr=0.1,
        weight_decay=0.05,
        warmup=0.2,
        betas=(0.9, 0.95),
        layer_decay=0.8,
        checkpoint_every=2,
    )
    return LoopSettings(**{**values, **changes})


def _fit(folder, task, validate=None, **changes):
    seen, live = [], []
    curve = fit(
        task, _settings(**changes), 3, folder, lambda *line: seen.append(line),
        live=lambda *line: live.append(line), validate=validate,
    )  # fmt: skip
    return curve, seen, live


@pytest.mark.parametrize(
    "changes",
    [{}, {"accumulate": 2, "prefetch": 2, "ema": 0.9, "keep": "best"}, {"precision": "fp16"}],
    ids=["plain", "everything", "fp16"],
)
def test_a_resumed_run_ends_with_the_same_bytes(tmp_path, changes):
    whole, broken, resumed = ToyTask(), ToyTask(stop=5), ToyTask()
    curve, logged, _ = _fit(tmp_path / "a", whole, **changes)
    with pytest.raises(KeyboardInterrupt):
        _fit(tmp_path / "b", broken, **changes)
    torch.rand(7)  # what else was drawn must not matter
    again, seen, _ = _fit(tmp_path / "b", resumed, **changes)
    assert weights(whole.model) == weights(resumed.model) != weights(ToyTask().model)
    assert curve == again
    assert seen == logged  # also steps 0-3, which were in the checkpoint


def test_repeated_runs_are_equal_and_leave_the_global_generator_alone(tmp_path):
    state = torch.get_rng_state()
    first, second = ToyTask(), ToyTask()
    _fit(tmp_path / "a", first)
    _fit(tmp_path / "b", second, prefetch=3)
    assert weights(first.model) == weights(second.model)
    assert torch.equal(state, torch.get_rng_state())
    assert not first.model.training


def test_figures_reach_curve_and_log(tmp_path):
    curve, seen, _ = _fit(tmp_path, ToyTask())
    assert [row["step"] for row in curve] == list(range(6))
    assert all(row["two"] == pytest.approx(2 * row["loss"]) for row in curve)
    assert seen[0] == (0, {key: curve[0][key] for key in ("loss", "lr", "two")})


def test_figures_of_the_machine_come_every_few_steps_and_stay_out_of_the_curve(tmp_path):
    curve, _, live = _fit(tmp_path, ToyTask(), log_every=4)
    assert [step for step, _ in live] == [3, 5]  # and at the end
    figures = live[0][1]
    assert set(figures) == {"gradient_norm", "clips_per_second", "data_wait", "peak_memory"}
    assert 0 <= figures["data_wait"] < 1 and figures["clips_per_second"] > 0
    assert 0.01 < figures["peak_memory"] < 100 and figures["gradient_norm"] > 0
    assert set(curve[0]) == {"step", "loss", "lr", "two"}


def test_micro_batches_add_up_to_the_batch(tmp_path):
    whole, parts = ToyTask(5, drop_path=0), ToyTask(5, drop_path=0)
    first, _, _ = _fit(tmp_path / "a", whole, batch=5)
    second, _, _ = _fit(tmp_path / "b", parts, batch=5, accumulate=2)  # 3 clips and 2
    assert parts.seen[:2] == [(0, [0, 1, 2]), (0, [3, 4])]
    np.testing.assert_allclose(
        [row["loss"] for row in first], [row["loss"] for row in second], rtol=1e-5
    )
    for a, b in zip(whole.model.parameters(), parts.model.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)  # the rate is 1.6e-3


def test_a_batch_too_small_for_its_micro_batches_is_one_line(tmp_path):
    with pytest.raises(MespotError, match="batch: found 4 clips, expected at least .* 1 x 5"):
        _fit(tmp_path, ToyTask(), accumulate=5)


def test_gradients_are_clipped_unless_told_otherwise(tmp_path):
    free, clipped = ToyTask(), ToyTask()
    _fit(tmp_path / "a", free, clip_norm=0.0)
    _, _, live = _fit(tmp_path / "b", clipped, clip_norm=1e-6, log_every=1)
    assert weights(free.model) != weights(clipped.model)
    assert live[0][1]["gradient_norm"] > 1e-3  # logged as it was before clipping


def test_a_loss_that_is_not_finite_names_its_clips_and_keeps_the_checkpoint(tmp_path):
    task = ToyTask(poison=(4, 2))
    with pytest.raises(MespotError, match=r"step 4: the loss is nan; clips: 4\.2, 4\.3; lower"):
        _fit(tmp_path, task, accumulate=2)
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["curve"][-1]["step"] == 3
    assert all(value.isfinite().all() for value in task.model.state_dict().values())


def test_a_gradient_that_is_not_finite_stops_too(tmp_path):
    task = ToyTask(overflow=1)  # the loss itself still fits a float
    task.objective.register_forward_hook(lambda module, inputs, found: (found[0] * 1, found[1]))
    handle = task.model.head.weight.register_hook(lambda gradient: gradient * float("inf"))
    with pytest.raises(MespotError, match="step 0: the gradient is (nan|inf); clips: 0.0"):
        _fit(tmp_path, task)
    handle.remove()


def test_fp16_lowers_its_scale_while_gradients_overflow_and_goes_on(tmp_path):
    task = ToyTask()
    curve, _, live = _fit(tmp_path, task, precision="fp16", log_every=1, steps=12)
    scales = [figures["loss_scale"] for _, figures in live]
    assert scales[0] < 65536  # the first gradient is not finite at the scale to start with
    assert scales == sorted(scales)[::-1] and scales[-1] == scales[-3] >= 512
    assert curve[-1]["loss"] < curve[0]["loss"]
    assert all(value.isfinite().all() for value in task.model.state_dict().values())


def test_bf16_trains_close_to_fp32(tmp_path):
    losses = {}
    for precision in ("fp32", "bf16"):
        curve, _, _ = _fit(tmp_path / precision, ToyTask(), precision=precision)
        losses[precision] = np.array([row["loss"] for row in curve])
    assert (losses["fp32"] != losses["bf16"]).any()
    np.testing.assert_allclose(losses["bf16"], losses["fp32"], rtol=0.05)


def test_the_average_is_what_remains(tmp_path):
    plain, averaged = ToyTask(), ToyTask()
    first, _, _ = _fit(tmp_path / "a", plain)
    wanted, passed = averaged.model.head.weight.detach().clone(), []

    def follow(step, _):
        keep = min(0.2, (1 + step) / (10 + step))
        wanted.mul_(keep).add_(averaged.model.head.weight.detach(), alpha=1 - keep)
        passed.append(averaged.model.head.weight.detach().clone())

    second = fit(averaged, _settings(ema=0.2), 3, tmp_path / "b", follow)
    assert first == second  # the training itself is the same
    assert torch.equal(passed[-1], plain.model.head.weight)
    torch.testing.assert_close(averaged.model.head.weight.detach(), wanted)
    assert not torch.equal(averaged.model.head.weight, passed[-1])


def test_the_best_validated_weights_win_and_the_last_ones_stay_resumable(tmp_path):
    losses = iter([3.0, 1.0, 2.0])
    seen = []
    task = ToyTask()

    def validate():
        assert not task.model.training
        seen.append(weights(task.model))
        return next(losses)

    _fit(tmp_path, task, validate=validate, keep="best")
    assert len(seen) == 3 and weights(task.model) == seen[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "best-00000003.pt", "checkpoint.pt",
    ]  # fmt: skip


def test_without_validation_the_best_is_that_of_the_lowest_recent_loss(tmp_path):
    task = ToyTask()
    curve, _, _ = _fit(tmp_path, task, keep="best")
    means = [np.mean([curve[i]["loss"], curve[i + 1]["loss"]]) for i in (0, 2, 4)]
    assert (tmp_path / f"best-{2 * int(np.argmin(means)) + 1:08d}.pt").exists()


def test_training_may_stop_before_its_schedule(tmp_path):
    half, _, _ = _fit(tmp_path / "a", ToyTask(), stop_after=0.5)
    whole, _, _ = _fit(tmp_path / "b", ToyTask())
    assert half == whole[:3]


def test_weight_decay_and_rate_end_at_their_shares():
    settings = _settings(steps=1000, final_weight_decay=4.0)
    assert settings.weight_decay_at(0) == pytest.approx(0.05)
    assert settings.weight_decay_at(999) == pytest.approx(0.2, rel=1e-3)
    assert _settings().weight_decay_at(3) == 0.05  # exactly: no cosine of rounding errors


def test_checkpoints_of_other_settings_and_damaged_ones_are_refused(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        _fit(tmp_path, ToyTask(stop=4))
    with pytest.raises(MespotError, match="other settings"):
        _fit(tmp_path, ToyTask(), lr=1e-2)
    whole = (tmp_path / "checkpoint.pt").read_bytes()
    for damaged in (b"nothing", whole[: len(whole) // 2], b""):
        (tmp_path / "checkpoint.pt").write_bytes(damaged)
        with pytest.raises(MespotError, match="checkpoint.pt: unusable checkpoint") as caught:
            _fit(tmp_path, ToyTask())
        assert "\n" not in str(caught.value)


def test_a_checkpoint_is_never_unpickled(tmp_path):
    import pickle

    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    torch.save({"settings": Trap()}, tmp_path / "checkpoint.pt", pickle_module=pickle)
    with pytest.raises(MespotError, match="unusable checkpoint"):
        _fit(tmp_path, ToyTask())
    assert not (tmp_path / "sprung").exists()


def test_what_a_killed_process_left_half_written_is_removed(tmp_path):
    (tmp_path / ".tmp-abc.pt").write_bytes(b"half")
    (tmp_path / "crops.npy").write_bytes(b"kept")
    _fit(tmp_path, ToyTask(), steps=1)
    assert [path.name for path in tmp_path.iterdir()] == ["crops.npy"]


def test_without_a_compiler_training_goes_on_with_one_warning(tmp_path, monkeypatch, caplog):
    def no_compiler(module):
        def fail(*inputs):
            raise RuntimeError("No working C++ compiler found\nlong story")

        return fail

    monkeypatch.setattr(torch, "compile", no_compiler)
    plain, compiled = ToyTask(), ToyTask()
    _fit(tmp_path / "a", plain)
    _fit(tmp_path / "b", compiled, compile=True)
    assert weights(plain.model) == weights(compiled.model)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 1 and "going on without it (No working C++ compiler found)" in lines[0]


def test_a_compiled_objective_is_used_and_its_own_faults_are_not_hidden(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(
        torch, "compile", lambda module: lambda *inputs: calls.append(1) or module(*inputs)
    )
    task = ToyTask()
    _fit(tmp_path / "a", task, compile=True)
    assert len(calls) == 6
    assert not any("plain" in name or "compiled" in name for name in task.model.state_dict())

    broken = ToyTask()
    broken.model.forward = lambda video: 1 / 0
    with pytest.raises(ZeroDivisionError):
        _fit(tmp_path / "b", broken, compile=True)


def test_faults_of_the_data_thread_arrive(tmp_path):
    task = ToyTask()

    def draw(step, rows):
        if step == 3:
            raise MespotError("v1.zip: cannot be read")
        return ToyTask.draw(task, step, rows)

    task.draw = draw
    with pytest.raises(MespotError, match="v1.zip"):
        _fit(tmp_path, task, prefetch=2)


def test_seeding_depends_on_the_whole_path():
    def draw(*path):
        with seeded(*path):
            return torch.rand(3).tolist()

    assert draw(1, 2) == draw(1, 2)
    assert draw(1, 2) != draw(2, 1) and draw(1) != draw(1, 0, 5)


def test_layer_decay_and_weight_decay_groups():
    model = ToyTask().model
    groups = parameter_groups(model, model.encoder, 0.05, 0.5)
    found = {
        id(parameter): (group["scale"], group["weight_decay"])
        for group in groups
        for parameter in group["params"]
    }
    names = dict(model.named_parameters())
    assert len(found) == len(names)
    wanted = {
        "encoder.patch_embed.proj.weight": (0.125, 0.05),
        "encoder.lg_region_tokens": (0.125, 0.0),
        "encoder.blocks.0.mlp.fc1.weight": (0.25, 0.05),
        "encoder.blocks.1.mlp.fc1.bias": (0.5, 0.0),
        "fc_norm.weight": (1.0, 0.0),
        "head.weight": (1.0, 0.05),
    }
    for name, values in wanted.items():
        assert found[id(names[name])] == values, name


def test_schedule_rises_then_falls():
    rates = [learning_rate(step, 100, 0.1, 1.0, 0.01) for step in range(100)]
    assert rates[0] == 0 and max(rates) == 1 and rates[10] == 1
    assert all(a >= b for a, b in zip(rates[10:], rates[11:], strict=False))
    assert 0.01 < rates[-1] < 0.02
    assert learning_rate(0, 10, 0.0, 1.0, 0.01) == 1
