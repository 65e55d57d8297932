"""The plain PyTorch baseline on CLUENER, from random weights.

Batch 64, length 128, 8 epochs; the rest of the settings, and what is printed, are those of baseline_training.py.
"""

from baseline_training import CharacterSpan, Settings, parse_arguments, run


def main() -> None:
    arguments = parse_arguments("CLUENER", "bert-base-chinese", epochs=8)
    run(arguments, Settings(batch_size=64, max_length=128, seed=arguments.seed), gold_of)


def gold_of(record: dict) -> set[CharacterSpan]:
    """`label` is {type: {mention: [[start, end], ...]}}, with inclusive ends."""
    return {
        (entity_type, start, end + 1)
        for entity_type, mentions in record["label"].items()
        for spans in mentions.values()
        for start, end in spans
    }


if __name__ == "__main__":
    main()
