"""Train beside other processes, as `torch.distributed.run` starts them, until step 2.

python -m torch.distributed.run --standalone --nproc-per-node 2 THIS LIBRARY FOLDER
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

import hpbridge as hpb

warnings.simplefilter("ignore")
here = Path(__file__).parent
sys.path[:0] = [str(here.parent), str(here)]


def main(library, folder):
    trial = hpb.Trial({}, number=0, seed=1, listen=lambda step, value: step == 2)
    try:
        if library == "lightning":
            from test_lightning import train

            callback = hpb.callbacks.Lightning(trial, "val_loss")
            train(0.1, callback, strategy="ddp", devices=2)
        else:
            from test_transformers import trainer

            trainer(0.1, folder, hpb.callbacks.Transformers(trial, "loss")).train()
    except hpb.TrialPruned:
        steps = [step for step, _ in trial.reports]
        Path(folder, os.environ["RANK"]).write_text(str(steps))


if __name__ == "__main__":
    main(*sys.argv[1:])
