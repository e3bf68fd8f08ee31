"""Tests an exported winner on a data set in IDX files: its accuracy must be the one in model.json, give or take
one example.

    check_winner.py FOLDER IMAGES LABELS
"""

import json
import pathlib
import struct
import sys

import torch


def read_idx(path):
    content = bytearray(pathlib.Path(path).read_bytes())
    sizes = struct.unpack(f">{content[3]}I", content[4 : 4 + 4 * content[3]])
    return torch.frombuffer(content, dtype=torch.uint8, offset=4 + 4 * content[3]).view(sizes)


def main():
    folder, images, labels = sys.argv[1:]
    sys.path.insert(0, folder)
    from example import load_network
    from preprocess import SHAPE, preprocess

    examples = read_idx(images)
    labels = read_idx(labels)
    with torch.no_grad():
        answers = load_network()(preprocess(examples.view(len(examples), *SHAPE))).argmax(1)
    found = (answers == labels).double().mean().item()
    said = json.loads((pathlib.Path(folder) / "model.json").read_text())["metrics"]["test_accuracy"]
    print(f"test accuracy {found:.4f}, said {said:.4f}")
    return 0 if abs(found - said) <= 1.01 / len(labels) else 1


if __name__ == "__main__":
    sys.exit(main())
