"""Scores of networks without training, in plain PyTorch: the peer of `nascent-bench scores --peer`.

Each folder in the given one holds model.py, which defines the class Network, and tensors.safetensors:
the network's state ("state.NAME"), two batches, and what zen draws. For each a line of JSON maps the
name of a score to its value; a score that is not finite is 1e308 with its sign.
"""

import importlib.util
import json
import math
import pathlib
import struct
import sys

import torch
import torch.nn.functional as F
from torch import nn


def read_tensors(path):
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        values = torch.frombuffer(bytearray(raw[8 + length + begin : 8 + length + end]), dtype=torch.float32)
        tensors[name] = values.reshape(entry["shape"])
    return tensors


class Case:
    def __init__(self, folder):
        spec = importlib.util.spec_from_file_location("model", folder / "model.py")
        self.module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.module)
        self.tensors = read_tensors(folder / "tensors.safetensors")
        self.images = [self.tensors[f"{which}_images"].double() for which in ("first", "second")]
        self.labels = [self.tensors[f"{which}_labels"].long() for which in ("first", "second")]

    def network(self):
        """A fresh network in float64, in training mode."""
        network = self.module.Network().double().train()
        state = {name[6:]: t.double() for name, t in self.tensors.items() if name.startswith("state.")}
        missing, unexpected = network.load_state_dict(state, strict=False)
        assert not unexpected, unexpected
        assert all("running" in name or "num_batches" in name for name in missing), missing
        return network

    def gradients(self, network, which=0, **how):
        loss = F.cross_entropy(network(self.images[which]), self.labels[which])
        return torch.autograd.grad(loss, [m.weight for m in layers(network)], **how)


def layers(network):
    return [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear))]


def snip(case):
    network = case.network()
    return sum((m.weight * g).abs().sum() for m, g in zip(layers(network), case.gradients(network)))


def plain(case):
    network = case.network()
    return sum((m.weight * g).sum() for m, g in zip(layers(network), case.gradients(network)))


def grad_norm(case):
    return sum(g.norm() for g in case.gradients(case.network()))


def l2_norm(case):
    return sum(m.weight.norm() for m in layers(case.network()))


def grasp(case):
    network = case.network()
    gradients = case.gradients(network, create_graph=True)
    flow = sum((g.detach() * g).sum() for g in gradients)
    flow.backward()
    return -sum((m.weight.detach() * m.weight.grad).sum() for m in layers(network) if m.weight.grad is not None)


def fisher(case):
    """As Abdelfattah et al. write it: a channel's value is spread over the channel's weights."""
    network = case.network()
    kept = {}
    for m in layers(network):
        m.register_forward_hook(lambda module, _, out: kept.__setitem__(module, out))
    loss = F.cross_entropy(network(case.images[0]), case.labels[0])
    found = list(kept)
    total = 0.0
    for m, g in zip(found, torch.autograd.grad(loss, [kept[m] for m in found])):
        product = kept[m].detach() * g
        if product.dim() > 2:
            product = product.sum(list(range(2, product.dim())))
        per_channel = product.pow(2).mean(0) * 0.5
        for value in per_channel:
            total += torch.full(m.weight.shape[1:], float(value), dtype=torch.float64).sum()
    return total


def synflow(case):
    network = case.network()
    for m in network.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.forward = lambda x: x
    with torch.no_grad():
        for p in network.parameters():
            p.abs_()
    network(torch.ones_like(case.images[0][:1])).sum().backward()
    return sum((m.weight * m.weight.grad).abs().sum() for m in layers(network) if m.weight.grad is not None).log()


def jacobian(case):
    images = case.images[0].clone().requires_grad_()
    case.network()(images).sum().backward()
    return images.grad.flatten(1)


def jacov(case):
    import numpy

    v = numpy.linalg.eigvalsh(numpy.corrcoef(jacobian(case).numpy())).clip(min=0)
    return -(numpy.log(v + 1e-5) + 1 / (v + 1e-5)).sum()


def epe_nas(case):
    import numpy

    rows = jacobian(case).numpy()
    labels = case.labels[0].numpy()
    total = 0.0
    for c in sorted(set(labels)):
        corr = numpy.atleast_2d(numpy.corrcoef(rows[labels == c]))
        total += abs(numpy.log(abs(corr) + 1e-5).sum())
    return total


def nwot(case):
    network = case.network()
    kernel = 0.0

    def relu(x, *args, **kwargs):
        nonlocal kernel
        on = (x > 0).flatten(1).double()
        kernel = kernel + on @ on.t() + (1 - on) @ (1 - on).t()
        return x.clamp_min(0)

    original, F.relu = F.relu, relu
    try:
        with torch.no_grad():
            network(case.images[0])
    finally:
        F.relu = original
    return torch.linalg.slogdet(kernel)[1] if isinstance(kernel, torch.Tensor) else math.nan


def zen(case):
    network = case.network()
    with torch.no_grad():
        for name, p in network.named_parameters():
            if f"zen.{name}" in case.tensors:
                p.copy_(case.tensors[f"zen.{name}"])
            elif name.endswith("bias"):
                p.zero_()
            else:
                p.fill_(1)
    before = []
    original = network.forward

    # What the pooling reads is the mean's argument: seen by running it on the way.
    def catch(function):
        def caught(x, *args, **kwargs):
            before.append(x)
            return function(x, *args, **kwargs)

        return caught

    mean, pool = torch.Tensor.mean, F.adaptive_avg_pool2d
    torch.Tensor.mean, F.adaptive_avg_pool2d = catch(mean), catch(pool)
    try:
        with torch.no_grad():
            original(case.tensors["zen_images"].double())
            first = before[-1]
            original(case.tensors["zen_changed"].double())
            second = before[-1]
    finally:
        torch.Tensor.mean, F.adaptive_avg_pool2d = mean, pool
    score = (first - second).abs().sum(dim=(1, 2, 3)).mean().log()
    for m in network.modules():
        if isinstance(m, nn.BatchNorm2d):
            score = score + m.running_var.mean().sqrt().log()
    return score


def zico(case):
    import numpy

    # The batches are of one size, and running statistics play no part in training mode.
    both = [case.gradients(case.network(), which) for which in (0, 1)]
    total = 0.0
    for pair in zip(*both):
        g = numpy.stack([x.numpy() for x in pair])
        std = g.std(axis=0)
        kept = std.nonzero()
        ratio = (abs(g).mean(axis=0)[kept] / std[kept]).sum()
        if ratio != 0:
            total += math.log(ratio)
    return total


SCORES = [epe_nas, fisher, grad_norm, grasp, jacov, l2_norm, nwot, plain, snip, synflow, zen, zico]


def number(value):
    value = float(value.detach() if isinstance(value, torch.Tensor) else value)
    return value if math.isfinite(value) else math.copysign(1e308, value)


def main():
    for folder in sorted(pathlib.Path(sys.argv[1]).iterdir()):
        case = Case(folder)
        print(json.dumps({score.__name__: number(score(case)) for score in SCORES}), flush=True)


if __name__ == "__main__":
    main()
