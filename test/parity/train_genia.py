"""The plain PyTorch baseline on GENIA, whose entities are nested, from random weights.

Batch 32, length 256, 5 epochs; the rest of the settings, and what is printed, are those of baseline_training.py. A
record has two fields more: `inner`, the number of gold entities that lie inside another one of their text with a
different range, and `inner_recall`, the share of them that was found.
"""

from baseline_training import CharacterSpan, Predictions, Sentence, Settings, parse_arguments, run, strict_scores


def main() -> None:
    arguments = parse_arguments("GENIA", "bert-base-uncased", epochs=5)
    run(arguments, Settings(batch_size=32, max_length=256, seed=arguments.seed), gold_of, score)


def gold_of(record: dict) -> set[CharacterSpan]:
    """`entities` is [[start, end, type], ...], in code points, with exclusive ends."""
    return {(entity_type, start, end) for start, end, entity_type in record["entities"]}


def score(sentences: list[Sentence], predictions: Predictions) -> dict[str, float]:
    inner = [inner_entities(sentence.gold) for sentence in sentences]
    expected = sum(len(spans) for spans in inner)
    correct = sum(len(spans & predicted) for spans, predicted in zip(inner, predictions, strict=True))
    return {
        **strict_scores(sentences, predictions),
        "inner": expected,
        "inner_recall": round(correct / max(1, expected), 5),
    }


def inner_entities(gold: set[CharacterSpan]) -> set[CharacterSpan]:
    ranges = {(start, end) for _, start, end in gold}
    return {span for span in gold if any(encloses(outer, span) for outer in ranges)}


def encloses(outer: tuple[int, int], span: CharacterSpan) -> bool:
    _, start, end = span
    return outer != (start, end) and outer[0] <= start and end <= outer[1]


if __name__ == "__main__":
    main()
