"""Trains the reader of figures: `python tools/figures/train.py src/tillrig/vision/readers/figures.onnx`.

Needs torch, onnx and many fonts (docs/vision.md); tillrig itself needs neither. One character at a time, in the frame
that `tillrig.vision.readers.figure_reader` cuts: 32 x 24 pixels, ink 0..1, digits from row 4 to row 28, the character
in the middle. The classes are FIGURES and, last, "something else".
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import torch
from shapes import _BELOW, FIGURES, HIGH, LETTERS, Shapes, all_shapes
from torch import nn

ROWS, COLUMNS, TOP, FOOT = 32, 24, 4, 28
SAMPLES, BATCH, EPOCHS = 40_000, 256, 12


class Net(nn.Module):
    """Three stages of convolutions, then two layers."""

    def __init__(self) -> None:
        super().__init__()

        def stage(before: int, after: int) -> list[nn.Module]:
            return [
                nn.Conv2d(before, after, 3, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(),
                nn.Conv2d(after, after, 3, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ]

        self.body = nn.Sequential(*stage(1, 16), *stage(16, 32), *stage(32, 48))
        self.head = nn.Sequential(
            nn.Flatten(), nn.Dropout(0.2), nn.Linear(48 * 4 * 3, 96), nn.ReLU(), nn.Linear(96, len(FIGURES) + 1)
        )

    def forward(self, ink: torch.Tensor) -> torch.Tensor:
        """Log-probabilities (n, classes) of crops (n, 1, ROWS, COLUMNS)."""
        return torch.log_softmax(self.head(self.body(ink)), dim=1)


def sample(shapes: list[Shapes], random: np.random.Generator) -> tuple[np.ndarray, int]:
    """One degraded crop and its class."""
    # Fonts of dots are few, and what terminals show.
    dotted = [one for one in shapes if one.dots]
    pool = dotted if random.random() < 0.3 else shapes
    font = pool[int(random.integers(len(pool)))]
    kind = random.random()
    label = int(random.integers(len(FIGURES))) if kind < 0.8 else len(FIGURES)
    if label < len(FIGURES):
        char = FIGURES[label]
    else:
        char = LETTERS[int(random.integers(len(LETTERS)))]
        if char not in font.glyphs:
            char = "+" if "+" in font.glyphs else "A"
        if char not in font.glyphs:
            return sample(shapes, random)
    pitch = float(np.median([font.glyphs[digit].shape[1] for digit in "023456789"])) * random.uniform(1.05, 1.4)
    around = "0123456789.,:-*"
    left, right = (
        font.glyphs[around[int(random.integers(len(around)))]] if random.random() < 0.8 else None for _ in range(2)
    )
    width = 6 * HIGH
    strip = np.zeros((HIGH + _BELOW, width), np.float32)
    middle = width / 2
    own = font.glyphs[char]

    def lay(ink: np.ndarray, at: float) -> None:
        first = round(at - ink.shape[1] / 2)
        first = min(max(0, first), width - ink.shape[1])
        part = strip[: ink.shape[0], first : first + ink.shape[1]]
        np.maximum(part, ink, out=part)

    merged = label == len(FIGURES) and kind > 0.92
    lay(own, middle)
    if merged:  # two figures in one crop, or half of one: what a wrong cut shows
        digit = font.glyphs["0123456789"[int(random.integers(10))]]
        strip[:] = 0
        lay(digit, middle - pitch / 2)
        lay(font.glyphs["0123456789"[int(random.integers(10))]], middle + pitch / 2)
        if random.random() < 0.3:
            strip[:, : int(middle)] = 0
    half = max(own.shape[1], pitch) / 2
    apart = (half + pitch / 2) * 1.0
    if left is not None:
        lay(left, middle - max(apart, (own.shape[1] + left.shape[1]) / 2 + 2))
    if right is not None:
        lay(right, middle + max(apart, (own.shape[1] + right.shape[1]) / 2 + 2))
    # Dots: few or many a digit's height, with or without grey between.
    high = font.dots if font.dots else int(random.integers(8, 30))
    if font.dots or random.random() < 0.5:
        scale = high / HIGH
        small = cv2.resize(strip, None, fx=scale * random.uniform(0.85, 1.15) if not font.dots else scale, fy=scale,
                           interpolation=cv2.INTER_AREA)
        if font.dots or random.random() < 0.5:
            small = (small > random.uniform(0.3, 0.6)).astype(np.float32)
        if random.random() < 0.1:
            small = cv2.dilate(small, np.ones((1, 2), np.uint8))
        if random.random() < 0.12:  # a dead dot's column
            small[:, int(random.integers(small.shape[1]))] = 0
        if random.random() < 0.12:  # and a dead row
            small[int(random.integers(small.shape[0])), :] = 0
        small = small + random.normal(0, random.uniform(0, 0.15), small.shape).astype(np.float32)
        high_px = (FOOT - TOP) / high
        ink = cv2.resize(small, None, fx=high_px, fy=high_px, interpolation=cv2.INTER_LINEAR)
        centre = ink.shape[1] / 2
    else:
        scale = (FOOT - TOP) / HIGH
        ink = cv2.resize(strip, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        centre = ink.shape[1] / 2
    # The frame of the run is measured, and not exactly.
    stretch_x, stretch_y = random.uniform(0.8, 1.25), random.uniform(0.88, 1.1)
    turn = random.normal(0, 0.05)
    move_x, move_y = random.normal(0, 0.9), random.normal(0, 0.9)
    matrix = np.array(
        [
            [stretch_x, turn, COLUMNS / 2 - 0.5 + move_x - stretch_x * (centre - 0.5) - turn * 12],
            [0, stretch_y, TOP + move_y + (1 - stretch_y) * 6],
        ],
        np.float32,
    )
    crop = cv2.warpAffine(ink, matrix, (COLUMNS, ROWS), flags=cv2.INTER_LINEAR, borderValue=0)
    # Cut between neighbours, nearly.
    wide = (max(own.shape[1], pitch if not merged else 2 * pitch) * (FOOT - TOP) / HIGH * stretch_x) / 2 + 0.8
    first = max(0, round(COLUMNS / 2 + move_x - wide + random.normal(0, 0.8)))
    last = min(COLUMNS, round(COLUMNS / 2 + move_x + wide + random.normal(0, 0.8)))
    crop[:, :first], crop[:, last:] = 0, 0
    if random.random() < 0.7:
        crop = cv2.GaussianBlur(crop, (0, 0), random.uniform(0.3, 2.0))
    crop = crop * random.uniform(0.55, 1.15) + random.normal(0, random.uniform(0, 0.1), crop.shape)
    if random.random() < 0.15:  # light that falls off
        crop = crop + np.linspace(0, random.uniform(-0.25, 0.25), ROWS)[:, None]
    return np.clip(crop, 0, 1).astype(np.float32), label


def samples(shapes: list[Shapes], count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    random = np.random.default_rng(seed)
    pairs = [sample(shapes, random) for _ in range(count)]
    return torch.from_numpy(np.stack([crop for crop, _ in pairs])[:, None]), torch.tensor([label for _, label in pairs])


def main(out: Path) -> None:
    torch.manual_seed(1)
    torch.set_num_threads(1)
    shapes = all_shapes()
    # Whole families are kept back: a font that was seen says nothing about one that was not.
    families = sorted({one.name.split("-")[0].split(" ")[0] for one in shapes})
    kept = set(families[::6])
    held = [one for one in shapes if one.name.split("-")[0].split(" ")[0] in kept]
    taught = [one for one in shapes if one not in held]
    print(f"{len(taught)} fonts, {len(held)} kept back: {', '.join(sorted(kept))}")
    test_x, test_y = samples(held, 12_000, 7)
    net = Net()
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, 3e-3, total_steps=EPOCHS * (SAMPLES // BATCH), pct_start=0.2
    )
    for epoch in range(EPOCHS):
        train_x, train_y = samples(taught, SAMPLES, 100 + epoch)
        net.train()
        order = torch.randperm(SAMPLES)
        for first in range(0, SAMPLES - BATCH + 1, BATCH):
            part = order[first : first + BATCH]
            loss = nn.functional.nll_loss(net(train_x[part]), train_y[part])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        net.eval()
        with torch.no_grad():
            said = torch.cat([net(test_x[at : at + 1000]) for at in range(0, len(test_x), 1000)])
        top = said.topk(2, dim=1)
        right, sure = top.indices[:, 0] == test_y, top.values[:, 0] - top.values[:, 1] > 5
        print(
            f"epoch {epoch}: loss {loss.item():.3f}, fonts kept back {right.float().mean():.4f} right; "
            f"sure (5 nats) {sure.float().mean():.3f}, of these {right[sure].float().mean():.5f} right",
            flush=True,
        )
        torch.save(net.state_dict(), out.with_suffix(".pt"))
    torch.onnx.export(
        net, (torch.zeros(1, 1, ROWS, COLUMNS),), str(out), input_names=["ink"], output_names=["log_probs"],
        dynamic_axes={"ink": {0: "n"}, "log_probs": {0: "n"}}, opset_version=17, dynamo=False,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
