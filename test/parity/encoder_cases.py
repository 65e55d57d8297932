"""The checkpoints of test/fixtures/encoders/: one of each kind that lib/model/encoder-config.ts reads, all tiny."""

from dataclasses import dataclass, field

from transformers import (
    BertForPreTraining,
    ElectraForMaskedLM,
    ElectraForPreTraining,
    ErnieForMaskedLM,
    ErnieModel,
    PreTrainedModel,
    RobertaForMaskedLM,
    RobertaModel,
    RoFormerForMaskedLM,
    RoFormerModel,
)

# Those of test/support/tiny-corpus.ts, so that a model can be trained on it.
CHARACTERS = sorted(set("张伟王芳李娜刘洋陈静北京上海广州市南京路清华大学协和医院华为公司在的工作位于，说昨天去了"))
BERT_ORDER = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROBERTA_ORDER = ["[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"]  # as WordPiece RoBERTas have them: padding is 1
USABLE_POSITIONS = 24


@dataclass(frozen=True)
class EncoderCase:
    name: str
    about: str
    model: type[PreTrainedModel]
    seed: int
    special: list[str] = field(default_factory=lambda: BERT_ORDER)
    token_types: bool = True
    settings: dict = field(default_factory=dict)

    @property
    def vocabulary(self) -> list[str]:
        return self.special + CHARACTERS

    def id_of(self, token: str) -> int:
        return self.vocabulary.index(token)

    def build(self) -> PreTrainedModel:
        sizes = {
            "vocab_size": len(self.vocabulary),
            "hidden_size": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 24,
            "max_position_embeddings": USABLE_POSITIONS,
        }
        return self.model(self.model.config_class(**{**sizes, **self.settings}))

    def sequences(self) -> list[list[int]]:
        """Of several lengths, the longest that the positions allow, one with padding that a text spelt out."""
        cls, sep, pad = (self.id_of(token) for token in ("[CLS]", "[SEP]", "[PAD]"))
        inner = [n for n in range(len(self.vocabulary)) if n not in (cls, sep, pad)]

        def words(count: int, step: int) -> list[int]:
            return [inner[(3 + place * step) % len(inner)] for place in range(count)]

        return [
            [cls, *words(6, 5), sep],
            [cls, *words(USABLE_POSITIONS - 2, 7), sep],
            [cls, sep],
            [cls, *words(4, 11), pad, pad, *words(5, 13), sep],
        ]


def encoder_cases() -> list[EncoderCase]:
    return [
        EncoderCase("bert", "bert. prefix, heads and pooler beside", BertForPreTraining, 1),
        EncoderCase(
            "roberta",
            "positions behind padding (1), one segment, roberta. prefix, lm_head beside",
            RobertaForMaskedLM,
            2,
            special=ROBERTA_ORDER,
            token_types=False,
            settings={
                "max_position_embeddings": USABLE_POSITIONS + 2,
                "type_vocab_size": 1,
                "layer_norm_eps": 1e-5,
                "bos_token_id": 0,
                "pad_token_id": 1,
                "eos_token_id": 2,
            },
        ),
        EncoderCase(
            "roberta-segments",
            "positions behind padding (0), two segments, no prefix, pooler beside",
            RobertaModel,
            3,
            settings={"max_position_embeddings": USABLE_POSITIONS + 1, "pad_token_id": 0, "hidden_act": "gelu_new"},
        ),
        EncoderCase(
            "electra",
            "a projection of the embeddings, electra. prefix, discriminator_predictions beside",
            ElectraForPreTraining,
            4,
            settings={"embedding_size": 12},
        ),
        EncoderCase(
            "electra-without-projection",
            "embeddings as wide as the layers, electra. prefix, generator_predictions beside",
            ElectraForMaskedLM,
            5,
            settings={"embedding_size": 16},
        ),
        EncoderCase(
            "ernie",
            "no tasks, no prefix, pooler beside",
            ErnieModel,
            6,
            settings={"hidden_act": "relu", "type_vocab_size": 4},
        ),
        EncoderCase(
            "ernie-tasks", "task type embeddings, ernie. prefix", ErnieForMaskedLM, 7, settings={"use_task_id": True}
        ),
        EncoderCase("roformer", "rotary queries and keys, roformer. prefix", RoFormerForMaskedLM, 8),
        EncoderCase(
            "roformer-rotary-value", "rotary values, too, no prefix", RoFormerModel, 9, settings={"rotary_value": True}
        ),
        EncoderCase(
            "roformer-projection",
            "rotary positions and a projection of the embeddings, roformer. prefix",
            RoFormerForMaskedLM,
            10,
            settings={"embedding_size": 12, "num_attention_heads": 4},
        ),
    ]
