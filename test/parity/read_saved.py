"""Reads with transformers what gp-train wrote: the config by AutoConfig, the tokenizer by AutoTokenizer, and the
encoder's weights into the model that AutoModel makes of the config.

    read_saved.py DIRECTORY ...
"""

import sys
from pathlib import Path

from safetensors.torch import load_file
from transformers import AutoConfig, AutoModel, AutoTokenizer

PREFIX = "encoder."
NOT_KEPT = ("pooler.", "encoder.embed_positions.")  # take no part, or are the same in every model


def main() -> None:
    for directory in sys.argv[1:]:
        read(Path(directory))


def read(directory: Path) -> None:
    config = AutoConfig.from_pretrained(directory)
    model = AutoModel.from_config(config)
    stored = load_file(directory / "model.safetensors")
    weights = {name.removeprefix(PREFIX): value for name, value in stored.items() if name.startswith(PREFIX)}
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert not unexpected, f"{directory}: {type(model).__name__} has no {unexpected}"
    lost = [name for name in missing if not name.startswith(NOT_KEPT)]
    assert not lost, f"{directory}: {type(model).__name__} lacks {lost}"
    tokenizer = AutoTokenizer.from_pretrained(directory)
    names = f"{type(model).__name__}, {type(tokenizer).__name__}"
    print(f"{directory}: {config.model_type}, {names}, {len(weights)} tensors")


if __name__ == "__main__":
    main()
