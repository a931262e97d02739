"""The model card: what a model is for, what it learned from, how good it is and where it fails."""

from collections.abc import Mapping, Sequence
from typing import Any

from tonecheck.labels import TONES
from tonecheck.scorers.windows import PARENT
from tonecheck.training.calibrate import NEVER, WORTH_A_LOOK, YES_PRECISION
from tonecheck.training.corpora import Corpus

_TITLES = {
    "tonecheck_replies_dev": (
        "Annotated replies (development): forum debate, GitHub, r/changemyview, Wikipedia, Reddit, "
        "Stack Exchange, news comments"
    ),
    "tonecheck_learning_dev": "Invented replies in learning spaces (development)",
    "ucc_val": "Unhealthy Comments Corpus, validation; no UCC corpus trained this model",
}


def write_card(
    config: Mapping[str, Any],
    *,
    corpora: Sequence[Corpus],
    counts: Mapping[str, int],
    metrics: Mapping[str, Any],
) -> str:
    """Return the card in Markdown; every figure comes from `metrics` or `config`.

    Args:
        config: The model's configuration.
        corpora: What it was trained on.
        counts: How many examples of each.
        metrics: What `evaluate.measure` found, by development corpus.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from tonecheck.training.forecast_metrics import FALSE_ALARMS

    templates = Environment(
        loader=PackageLoader("tonecheck.training"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Markdown, made of our own words and numbers only
    )
    templates.filters |= {"interval": _interval, "share": _share, "summary": _summary}
    return templates.get_template(f"{config['kind']}_card.md.j2").render(
        config=config,
        corpora=corpora,
        counts=counts,
        metrics=metrics,
        false_alarms=FALSE_ALARMS,
        titles=_TITLES,
        yes_precision=YES_PRECISION,
        worth_a_look=WORTH_A_LOOK,
        never=NEVER,
        of_parent=PARENT,
        tones=[(str(tone), tone.definition) for tone in TONES],
    )


def _interval(figure: Mapping[str, float]) -> str:
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def _share(figure: Mapping[str, Any]) -> str:
    if figure["value"] is None:
        return "none flagged"
    return f"{figure['value']:.2f} ({figure['low']:.2f} to {figure['high']:.2f})"


def _summary(corpus: Corpus) -> str:
    """Return the first line of what is said about how a corpus's labels are read."""
    return (corpus.mapper.__doc__ or "").splitlines()[0]
