"""The network and the training of gpu-trial as a careful user of PyTorch writes them: data resident on the
device and changed there, channels last, bfloat16 by autocast on a GPU, a fused optimizer; eager or compiled.
Prints one JSON object."""

import argparse
import json
import struct
import time

import torch
from torch import nn
from torch.nn import functional


def relu_conv_norm(channels_in, channels, kernel, stride=1):
    return nn.Sequential(
        nn.ReLU(),
        nn.Conv2d(channels_in, channels, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(channels),
    )


class Cell(nn.Module):
    """The cell of bench/live_network.h."""

    def __init__(self, channels):
        super().__init__()
        self.conv01 = relu_conv_norm(channels, channels, 3)
        self.conv12 = relu_conv_norm(channels, channels, 3)
        self.conv13 = relu_conv_norm(channels, channels, 1)
        self.pool = nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)

    def forward(self, x):
        node1 = self.conv01(x)
        node2 = self.pool(x) + self.conv12(node1)
        return x + self.conv13(node1) + self.pool(node2)


class Reduction(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.a = relu_conv_norm(channels, 2 * channels, 3, 2)
        self.b = relu_conv_norm(2 * channels, 2 * channels, 3)
        self.shortcut = nn.Conv2d(channels, 2 * channels, 1, bias=False)

    def forward(self, x):
        return self.shortcut(functional.avg_pool2d(x, 2, 2)) + self.b(self.a(x))


def network(channels, cells):
    layers = [nn.Conv2d(1, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)]
    for stage in range(3):
        if stage:
            layers.append(Reduction(channels))
            channels *= 2
        layers += [Cell(channels) for _ in range(cells)]
    layers += [nn.BatchNorm2d(channels), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(channels, 10))


def read_idx(path):
    with open(path, "rb") as file:
        content = bytearray(file.read())
    dimensions = struct.unpack(f">{content[3]}I", content[4 : 4 + 4 * content[3]])
    return torch.frombuffer(content, dtype=torch.uint8, offset=4 + 4 * content[3]).view(dimensions)


def changed(images, padding):
    """A batch of bytes [n, H, W], each image mirrored or not and shifted by up to `padding` pixels, as
    numbers with mean 0 and deviation 1."""
    n, height, width = images.shape
    device = images.device
    shift = torch.randint(-padding, padding + 1, (2, n, 1), device=device)
    rows = torch.arange(height, device=device) + shift[0]
    columns = torch.arange(width, device=device) + shift[1]
    inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None]
    flip = torch.rand(n, 1, device=device) < 0.5
    columns = torch.where(flip, width - 1 - columns, columns)
    at = rows.clamp(0, height - 1)[:, :, None] * width + columns.clamp(0, width - 1)[:, None]
    pixels = images.flatten(1).gather(1, at.flatten(1)).view(n, 1, height, width).float()
    return ((pixels * inside[:, None] - 72.94) / 90.02).contiguous(memory_format=torch.channels_last)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--images", required=True)
    parser.add_argument("--labels", required=True)
    parser.add_argument("--channels", type=int, default=16)
    parser.add_argument("--cells", type=int, default=5)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(0)
    on_gpu = options.device != "cpu"
    images = read_idx(options.images).to(options.device)
    labels = read_idx(options.labels).long().to(options.device)
    model = network(options.channels, options.cells).to(options.device, memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4, fused=on_gpu
    )
    # "reduce-overhead" launches what it compiled as CUDA graphs.
    forward = torch.compile(model, mode="reduce-overhead" if on_gpu else "default") if options.compile else model
    losses = torch.zeros((), device=options.device)

    def step(order):
        with torch.autocast(options.device.split(":")[0], torch.bfloat16, enabled=on_gpu):
            loss = functional.cross_entropy(forward(changed(images[order], 4)).float(), labels[order])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.add_(loss.detach())

    def steps(count=None, seconds=0.0):
        """Runs `count` steps, or as many as `seconds` hold; returns how many and how long they took."""
        start = time.perf_counter()
        done = 0
        order = torch.empty(0)
        while done < count if count else time.perf_counter() - start < seconds:
            if len(order) < options.batch:
                order = torch.randperm(len(images), device=options.device)
            step(order[: options.batch])
            order = order[options.batch :]
            done += 1
            if done % 20 == 0:
                losses.item()  # or the clock would see only what was launched
        losses.item()
        return done, time.perf_counter() - start

    _, start_seconds = steps(count=5 if on_gpu else 2)
    done, elapsed = steps(seconds=options.seconds)
    print(json.dumps({"images_per_second": done * options.batch / elapsed, "first_steps_seconds": start_seconds}))


if __name__ == "__main__":
    main()
