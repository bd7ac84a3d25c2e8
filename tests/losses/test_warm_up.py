"""Compiling ahead."""

import subprocess
import sys

CODE = """
from segstudio.losses.warm_up import warm_up
warm_up()
from segstudio.core import envelope, forest, region_sums, softmax
kernels = [envelope.signed_map, forest.meet, region_sums.region_sums, region_sums.region_pulls,
           softmax.softmax_classes, softmax.pull_on_logits]
before = [len(k.signatures) for k in kernels]
assert all(before), before

import numpy as np, torch
from segstudio.core.loss_maps import loss_maps
from segstudio.losses.criterion import Criterion
from segstudio.losses.expression import parse_loss
from segstudio.losses.registry import LOSSES
from segstudio.losses.target import Target
labels = np.random.default_rng(0).integers(0, 3, (2, 6, 7)).astype(np.uint8)
maps = np.stack([loss_maps(l, (1, 1), range(3), parse_loss("boundary").maps) for l in labels])
indices = torch.from_numpy(labels.astype(np.int64))
onehot = torch.nn.functional.one_hot(indices, 3).movedim(-1, 1).float()
target = Target(indices, onehot, torch.from_numpy(maps), [(1.0, 1.0)] * 2, torch.ones(3) / 3)
for name in LOSSES:
    logits = torch.randn(2, 3, 6, 7).requires_grad_()
    Criterion(name)(logits, target)[0].backward()
assert [len(k.signatures) for k in kernels] == before
"""


def test_after_warming_up_no_loss_compiles_anything() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
