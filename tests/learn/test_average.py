"""The moving average of weights."""

import torch

from segstudio.learn.average import Average


def layer(value: float) -> torch.nn.Module:
    net = torch.nn.BatchNorm1d(2)
    with torch.no_grad():
        for tensor in (net.weight, net.bias, net.running_mean):
            tensor.fill_(value)
    return net


def test_the_average_follows_the_weights_with_its_decay() -> None:
    net = layer(0.0)
    average = Average(net, 0.9)
    average.steps = 1000  # past the first steps, in which it forgets faster
    net.load_state_dict(layer(1.0).state_dict())
    average.update(net)
    assert torch.allclose(average.weights["weight"], torch.full((2,), 0.1))
    average.update(net)
    assert torch.allclose(average.weights["running_mean"], torch.full((2,), 0.19))


def test_the_first_steps_forget_the_first_weights_soon() -> None:
    net = layer(0.0)
    average = Average(net, 0.999)
    net.load_state_dict(layer(1.0).state_dict())
    for _ in range(20):
        average.update(net)
    assert average.weights["weight"].min() > 0.9


def test_swapping_twice_changes_nothing() -> None:
    net = layer(1.0)
    average = Average(layer(3.0), 0.9)
    average.swap(net)
    assert net.weight.tolist() == [3.0, 3.0]
    average.swap(net)
    assert net.weight.tolist() == [1.0, 1.0]
    assert average.weights["weight"].tolist() == [3.0, 3.0]


def test_integers_are_taken_over() -> None:
    net = layer(0.0)
    average = Average(net, 0.9)
    net(torch.randn(4, 2))
    average.update(net)
    assert average.weights["num_batches_tracked"] == 1


def test_the_state_restores() -> None:
    net = layer(0.0)
    average, other = Average(net, 0.9), Average(net, 0.9)
    net.load_state_dict(layer(1.0).state_dict())
    average.update(net)
    other.restore(average.state())
    assert other.steps == 1
    assert torch.equal(other.weights["weight"], average.weights["weight"])
