"""How good predictions are; scikit-learn's definitions."""

import numpy as np

Array = np.ndarray


def of_classes(predicted: Array, truth: Array) -> dict[str, float]:
    """Both (N) whole numbers from 0."""
    size = int(max(predicted.max(), truth.max())) + 1
    confusion = np.zeros((size, size))
    np.add.at(confusion, (truth, predicted), 1)
    right, of_class, as_class = confusion.diagonal(), confusion.sum(1), confusion.sum(0)
    occurs = of_class + as_class > 0
    f1 = 2 * right[occurs] / (of_class + as_class)[occurs]
    return {
        "accuracy": float(right.sum() / confusion.sum()),
        "macroF1": float(f1.mean()),
        "matthews": _matthews(right.sum(), of_class, as_class),
    }


def of_scores(predicted: Array, truth: Array) -> dict[str, float]:
    return {
        "pearson": _correlation(predicted, truth),
        "spearman": _correlation(_ranks(predicted), _ranks(truth)),
        "meanSquaredError": float(np.mean((predicted - truth) ** 2)),
    }


def _matthews(right: float, of_class: Array, as_class: Array) -> float:
    """For any number of classes (Gorodkin 2004); 0 where one side has one class only."""
    total = of_class.sum()
    spread = (total**2 - of_class @ of_class) * (total**2 - as_class @ as_class)
    return float((right * total - of_class @ as_class) / np.sqrt(spread)) if spread > 0 else 0.0


def _correlation(one: Array, two: Array) -> float:
    """0 where one side is constant."""
    one, two = one - one.mean(), two - two.mean()
    spread = np.sqrt((one @ one) * (two @ two))
    return float(one @ two / spread) if spread > 0 else 0.0


def _ranks(values: Array) -> Array:
    """Equal values share their mean rank."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = count.cumsum()
    return (last - (count - 1) / 2)[place]
