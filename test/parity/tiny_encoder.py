"""The one tiny encoder whose weights every file of test/fixtures/weights/ holds in its own manner."""

import json
from pathlib import Path

import torch
from torch import Tensor

from model_shape import ModelShape, random_weights
from packed_batch import PackedBatch, pack

CHARACTERS = "中国北京上海大学医院公司张王李在去和"
PIECES = "the a of un ##it ##ed state ##s 2020 。".split()
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *CHARACTERS, *PIECES]
ENTITY_TYPES = {"organization": 0, "place": 1}

SHAPE = ModelShape(
    vocab_size=len(VOCABULARY),
    hidden_size=16,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=32,
    max_position_embeddings=12,
    entity_type_count=len(ENTITY_TYPES),
    head_size=4,
)
BATCH = PackedBatch(
    sequences=[[2, 5, 6, 9, 10, 3], [2, 3], [2, 7, 8, 11, 12, 13, 20, 4, 1, 22, 25, 3]],
    token_types=[[0, 0, 0, 1, 1, 1], [0, 0], [0] * 12],
)


def seed_weights() -> dict[str, Tensor]:
    """`encoder.*` and `dense.*`, float32."""
    return random_weights(SHAPE, seed=100)


def encoder_weights() -> dict[str, Tensor]:
    """The encoder alone, named as in a bare BertModel: no prefix."""
    prefix = "encoder."
    return {name.removeprefix(prefix): value for name, value in seed_weights().items() if name.startswith(prefix)}


def pooler_weights() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(101)
    size = SHAPE.hidden_size
    return {
        "pooler.dense.weight": torch.randn(size, size, generator=generator),
        "pooler.dense.bias": torch.randn(size, generator=generator),
    }


def masked_language_head(word_embeddings: Tensor) -> dict[str, Tensor]:
    """What BertForPreTraining has above the encoder; the decoder is tied to the word embeddings."""
    generator = torch.Generator().manual_seed(102)
    size = SHAPE.hidden_size
    return {
        "cls.predictions.bias": torch.randn(SHAPE.vocab_size, generator=generator),
        "cls.predictions.transform.dense.weight": torch.randn(size, size, generator=generator),
        "cls.predictions.transform.dense.bias": torch.randn(size, generator=generator),
        "cls.predictions.transform.LayerNorm.weight": torch.randn(size, generator=generator),
        "cls.predictions.transform.LayerNorm.bias": torch.randn(size, generator=generator),
        "cls.predictions.decoder.weight": word_embeddings,
        "cls.seq_relationship.weight": torch.randn(2, size, generator=generator),
        "cls.seq_relationship.bias": torch.randn(2, generator=generator),
    }


def position_ids() -> Tensor:
    """The buffer that older transformers versions saved, int64 [1, positions]."""
    return torch.arange(SHAPE.max_position_embeddings)[None]


def write_config_and_vocabulary(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": SHAPE.vocab_size,
        "hidden_size": SHAPE.hidden_size,
        "num_hidden_layers": SHAPE.num_hidden_layers,
        "num_attention_heads": SHAPE.num_attention_heads,
        "intermediate_size": SHAPE.intermediate_size,
        "max_position_embeddings": SHAPE.max_position_embeddings,
        "type_vocab_size": SHAPE.type_vocab_size,
        "layer_norm_eps": SHAPE.layer_norm_eps,
        "hidden_act": SHAPE.hidden_act,
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "initializer_range": 0.02,
        "pad_token_id": 0,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")


def results(dtype: torch.dtype) -> dict[str, Tensor]:
    """Hidden states [T, hidden] of BATCH, and scores with the head, after the weights went through `dtype`."""
    model = SHAPE.build()
    model.load_state_dict({name: value.to(dtype) for name, value in seed_weights().items()})
    model = model.double().eval()
    input_ids, attention_mask, token_types = BATCH.padded()
    with torch.no_grad():
        hidden = model.hidden(input_ids, attention_mask, token_types)
        scores = model.scores(hidden)
    found = {"hidden": pack(hidden, BATCH.lengths).float()}
    for index, length in enumerate(BATCH.lengths):
        found[f"scores.{index}"] = scores[index, :, :length, :length].triu().float()
    return found
