"""Sliding windows, beside MONAI's."""

import numpy as np
import pytest
import torch
from monai.inferers import SlidingWindowInferer

from segstudio.learn.window import gaussian, slide, starts


def test_windows_cover_everything_and_stay_inside() -> None:
    for shape, window in (
        ((9, 20, 33), (4, 8, 16)),
        ((4, 8, 16), (4, 8, 16)),
        ((5, 9, 17), (4, 8, 16)),
    ):
        covered = np.zeros(shape, int)
        for start in starts(shape, window):
            box = tuple(slice(s, s + n) for s, n in zip(start, window, strict=True))
            assert covered[box].shape == window
            covered[box] += 1
        assert covered.min() >= 1


def test_windows_overlap_by_half_at_least() -> None:
    first = sorted({s[0] for s in starts((50, 8, 8), (10, 8, 8))})
    assert np.diff(first).max() <= 5


def test_the_middle_of_a_window_weighs_most_and_its_corner_something() -> None:
    weights = gaussian((5, 9, 9))
    assert weights.argmax() == weights.size // 2
    assert weights.max() == 1
    assert weights.min() > 0


def test_what_looks_at_each_voxel_alone_gives_the_same_in_windows() -> None:
    image = np.random.default_rng(0).normal(size=(2, 9, 20, 33)).astype(np.float32)
    found = slide(image, (4, 8, 16), lambda x: np.stack([x[:, 0] * 2, x[:, 1] + 1], axis=1))
    assert np.allclose(found, [image[0] * 2, image[1] + 1], atol=1e-5)


def test_a_convolution_in_windows_agrees_with_monai() -> None:
    torch.manual_seed(0)
    net = torch.nn.Conv3d(1, 2, 5, padding=2)
    image = torch.randn(1, 1, 12, 24, 32)
    window = (4, 8, 16)

    def forward(x: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return net(torch.from_numpy(x)).numpy()

    ours = slide(image[0].numpy(), window, forward)
    with torch.inference_mode():
        inferer = SlidingWindowInferer(window, overlap=0.5, mode="gaussian", sw_batch_size=2)
        theirs = inferer(image, net)[0].numpy()
        whole = net(image)[0].numpy()
    # They differ where the least weights do: in the corners, by far less than the windows matter.
    assert np.abs(ours - theirs).max() < 0.02 * np.abs(theirs - whole).max() + 1e-3


def test_progress_is_told_and_may_end_the_work() -> None:
    image, told = np.zeros((1, 8, 16, 16), np.float32), []
    slide(image, (4, 8, 8), lambda x: x, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1

    def stop(_share: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        slide(image, (4, 8, 8), lambda x: x, progress=stop)
