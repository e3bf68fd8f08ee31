"""Trains NAS-Bench-201 cells with PyTorch under Optuna on Fashion-MNIST.

Each line of standard input is a block: cells in the benchmark's notation, separated by spaces. For each
block one line of JSON is printed: its wall time in seconds, the sum of the trials' validation accuracies,
and the seconds that the slots spent in each phase.
"""

import argparse
import gzip
import json
import multiprocessing
import multiprocessing.connection
import os
import sys
import time

OPERATIONS = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"]
EDGES = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)]


PHASES = ["build", "data", "forward", "backward", "optimizer", "validation", "total"]


def parse(notation):
    cell = {}
    for target, node in enumerate(notation.split("+"), 1):
        for edge in node.strip("|").split("|"):
            operation, source = edge.split("~")
            cell[(int(source), target)] = operation
    return cell


class Phases:
    """Adds the time since the last mark to a phase."""

    def __init__(self):
        self.seconds = dict.fromkeys(PHASES, 0.0)
        self.start = self.last = time.perf_counter()

    def mark(self, phase):
        now = time.perf_counter()
        self.seconds[phase] += now - self.last
        self.last = now


def read_idx(path):
    import numpy

    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rb") as file:
        data = file.read()
    dimensions = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
    return numpy.frombuffer(data, numpy.uint8, offset=4 + 4 * data[3]).reshape(dimensions)


def prune(cell):
    """Leaves out edges that no input reaches or that reach no output."""
    edges = {edge: operation for edge, operation in cell.items() if operation != "none"}
    reached, useful = {0}, {3}
    for target in (1, 2, 3):
        if any(edge[1] == target and edge[0] in reached for edge in edges):
            reached.add(target)
    for source in (2, 1, 0):
        if any(edge[0] == source and edge[1] in useful for edge in edges):
            useful.add(source)
    return {e: o for e, o in edges.items() if e[0] in reached and e[1] in useful}


def make_network(cell, channels, cells):
    import torch
    from torch import nn

    cell = prune(cell)

    def relu_conv_norm(inputs, outputs, kernel, stride=1):
        return nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(outputs),
        )

    class Cell(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.edges = nn.ModuleDict()
            for (source, target), operation in cell.items():
                key = f"{source}_{target}"
                if operation == "nor_conv_1x1":
                    self.edges[key] = relu_conv_norm(width, width, 1)
                elif operation == "nor_conv_3x3":
                    self.edges[key] = relu_conv_norm(width, width, 3)
                elif operation == "avg_pool_3x3":
                    self.edges[key] = nn.AvgPool2d(3, 1, 1, count_include_pad=False)
                elif operation == "skip_connect":
                    self.edges[key] = nn.Identity()

        def forward(self, x):
            nodes = [x]
            for target in range(1, 4):
                total = None
                for source in range(target):
                    key = f"{source}_{target}"
                    if key not in self.edges or nodes[source] is None:
                        continue
                    value = self.edges[key](nodes[source])
                    total = value if total is None else total + value
                nodes.append(total)
            return torch.zeros_like(x) if nodes[3] is None else nodes[3]

    class Reduction(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.main = nn.Sequential(
                relu_conv_norm(width, 2 * width, 3, 2), relu_conv_norm(2 * width, 2 * width, 3)
            )
            self.shortcut = nn.Sequential(
                nn.AvgPool2d(2, 2), nn.Conv2d(width, 2 * width, 1, bias=False)
            )

        def forward(self, x):
            return self.main(x) + self.shortcut(x)

    layers = [nn.Conv2d(1, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels)]
    for stage in range(3):
        if stage:
            layers.append(Reduction(channels))
            channels *= 2
        layers += [Cell(channels) for _ in range(cells)]
    layers += [
        nn.BatchNorm2d(channels),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(channels, 10),
    ]
    return nn.Sequential(*layers)


def slot(connection, options):
    """One process: trains the cells that arrive until None does."""
    import torch

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    images = torch.tensor(read_idx(options.images)).unsqueeze(1).float()
    labels = torch.tensor(read_idx(options.labels)).long()
    images = (images - images.mean()) / images.std()
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    train, validation = order[: options.train], order[-options.validation :]
    x, y = images[train].contiguous(memory_format=torch.channels_last), labels[train]
    vx, vy = images[validation].contiguous(memory_format=torch.channels_last), labels[validation]
    connection.send("ready")
    while (cell := connection.recv()) is not None:
        phases = Phases()
        network = make_network(cell, options.channels, options.cells)
        network = network.to(memory_format=torch.channels_last)
        optimizer = torch.optim.SGD(
            network.parameters(), 0.1, 0.9, weight_decay=5e-4, nesterov=True, fused=True
        )
        network.train()
        phases.mark("build")
        for batch in torch.randperm(len(x)).split(128):
            images, labels = x[batch], y[batch]
            phases.mark("data")
            loss = torch.nn.functional.cross_entropy(network(images), labels)
            phases.mark("forward")
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            phases.mark("backward")
            optimizer.step()
            phases.mark("optimizer")
        network.eval()
        with torch.inference_mode():
            right = sum(
                (network(vx[i : i + 500]).argmax(1) == vy[i : i + 500]).sum().item()
                for i in range(0, len(vx), 500)
            )
        phases.mark("validation")
        phases.seconds["total"] = phases.last - phases.start
        connection.send((right / len(vx), phases.seconds))


def run_block(study, slots, cells):
    """Trains all cells, as many at a time as there are slots."""
    start = time.perf_counter()
    for cell in cells:
        study.enqueue_trial({str(edge): operation for edge, operation in cell.items()})

    def ask(connection):
        trial = study.ask()
        connection.send({edge: trial.suggest_categorical(str(edge), OPERATIONS) for edge in EDGES})
        return trial

    report = dict.fromkeys(PHASES, 0.0)
    report["accuracy"] = 0.0
    running = {connection: ask(connection) for connection in slots[: len(cells)]}
    asked = len(running)
    while running:
        for connection in multiprocessing.connection.wait(list(running)):
            accuracy, seconds = connection.recv()
            study.tell(running.pop(connection), accuracy)
            report["accuracy"] += accuracy
            for phase in PHASES:
                report[phase] += seconds[phase]
            if asked < len(cells):
                running[connection] = ask(connection)
                asked += 1
    report["seconds"] = time.perf_counter() - start
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    folder = "/usr/share/datasets/fashion-mnist/"
    parser.add_argument("--images", default=folder + "train-images-idx3-ubyte.gz")
    parser.add_argument("--labels", default=folder + "train-labels-idx1-ubyte.gz")
    parser.add_argument("--train", type=int, default=10000)
    parser.add_argument("--validation", type=int, default=5000)
    parser.add_argument("--channels", type=int, default=8)
    parser.add_argument("--cells", type=int, default=1)
    parser.add_argument("--slots", type=int, default=2)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"

    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
    context = multiprocessing.get_context("spawn")
    slots = []
    for _ in range(options.slots):
        here, there = context.Pipe()
        context.Process(target=slot, args=(there, options), daemon=True).start()
        slots.append(here)
    for connection in slots:
        connection.recv()  # loaded: starting is no part of a block
    for line in sys.stdin:
        report = run_block(study, slots, [parse(notation) for notation in line.split()])
        print(json.dumps(report), flush=True)
    for connection in slots:
        connection.send(None)


if __name__ == "__main__":
    main()
