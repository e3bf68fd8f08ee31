"""Runs model.py of each folder that is named in PyTorch and compares it with what a worker computed.

A folder holds model.py and tensors.safetensors: the module's state_dict, and the tensors "input" and "output".
Closes with the number of networks; exits 1 where one differs.
"""

import importlib.util
import json
import pathlib
import struct
import sys

import torch

MOST_DIFFERENCE = 1e-4


def read_tensors(path):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if name != "__metadata__":
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            values = torch.frombuffer(bytearray(data[begin:end]), dtype=torch.float32)
            tensors[name] = values.reshape(entry["shape"])
    return tensors


def make_network(path):
    spec = importlib.util.spec_from_file_location("model", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    classes = [value for value in vars(module).values() if isinstance(value, type)]
    return classes[-1]()


def difference(folder):
    tensors = read_tensors(folder / "tensors.safetensors")
    x, y = tensors.pop("input"), tensors.pop("output")
    network = make_network(folder / "model.py")
    wanted = {name for name in network.state_dict() if not name.endswith("num_batches_tracked")}
    if wanted != set(tensors):
        raise SystemExit(f"{folder}: names differ: {sorted(wanted ^ set(tensors))}")
    network.load_state_dict(tensors, strict=False)
    network.eval()
    with torch.no_grad():
        found = network(x)
    return ((found - y).abs().max() / y.abs().max().clamp(min=1)).item()


def main():
    folders = sorted(path.parent for path in pathlib.Path(sys.argv[1]).glob("*/model.py"))
    failed = False
    for folder in folders:
        value = difference(folder)
        if not value <= MOST_DIFFERENCE:
            print(f"{folder}: outputs differ by {value}")
            failed = True
    print(f"{len(folders)} networks compared")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
