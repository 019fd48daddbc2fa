"""Trains the reader of figures: `python tools/figures/train.py src/tillrig/vision/readers/figures.onnx`.

Needs torch, onnx and many fonts (docs/vision.md); tillrig itself needs neither. One character at a time, in the frame
that `tillrig.vision.readers.figure_reader` cuts: 32 x 24 pixels, ink 0..1, digits from row 4 to row 28, the character
in the middle. The classes are FIGURES and, last, "something else".
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from degrade import COLUMNS, ROWS, sample
from shapes import FIGURES, Shapes, all_shapes
from torch import nn

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


def samples(shapes: list[Shapes], count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """`count` crops (n, 1, ROWS, COLUMNS) and their classes."""
    random = np.random.default_rng(seed)
    dotted = [one for one in shapes if one.dots]
    pairs = [sample(shapes, dotted, random) for _ in range(count)]
    return torch.from_numpy(np.stack([crop for crop, _ in pairs])[:, None]), torch.tensor([label for _, label in pairs])


def main(out: Path) -> None:
    """Teach, and tell after each epoch how fonts are read that were kept back."""
    torch.manual_seed(1)
    shapes = all_shapes()
    # Whole families are kept back: a font that was seen says nothing about one that was not.
    families = sorted({one.name.split("-")[0].split(" ")[0] for one in shapes})
    kept = set(families[::6])
    held = [one for one in shapes if one.name.split("-")[0].split(" ")[0] in kept]
    taught = [one for one in shapes if one not in held]
    say(f"{len(taught)} fonts, {len(held)} kept back: {', '.join(sorted(kept))}")
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
        say(
            f"epoch {epoch}: loss {loss.item():.3f}, fonts kept back {right.float().mean():.4f} right; "
            f"sure (5 nats) {sure.float().mean():.3f}, of these {right[sure].float().mean():.5f} right"
        )
    torch.onnx.export(
        net,
        (torch.zeros(1, 1, ROWS, COLUMNS),),
        str(out),
        input_names=["ink"],
        output_names=["log_probs"],
        dynamic_axes={"ink": {0: "n"}, "log_probs": {0: "n"}},
        opset_version=17,
        dynamo=False,
    )


def say(text: str) -> None:
    """A line of progress."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
