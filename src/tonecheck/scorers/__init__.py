"""What turns readings into probabilities; one module a kind of model."""

from tonecheck.errors import ModelFormatError
from tonecheck.modelstore import FILES, FORECAST_KIND, ModelFolder
from tonecheck.scorers.base import Scorer


def open_scorer(folder: ModelFolder) -> Scorer:
    """Return the scorer that a model folder describes.

    Raises:
        ModelFormatError: If this version does not know that kind of model.
    """
    kind = folder.config.get("kind")
    if kind == "linear":
        from tonecheck.scorers.linear import LinearScorer

        return LinearScorer.from_folder(folder)
    if kind == "encoder":
        from tonecheck.scorers.encoder import EncoderScorer

        return EncoderScorer.from_folder(folder)
    if kind == "pair":
        from tonecheck.scorers.pair import PairScorer

        return PairScorer.from_folder(folder)
    if kind == FORECAST_KIND:
        raise ModelFormatError(
            f"{folder.path} forecasts how threads go on, and judges no replies. Name one of the "
            "models that `tonecheck models` lists."
        )
    known = ", ".join(each for each in FILES if each != FORECAST_KIND)
    raise ModelFormatError(
        f"{folder.path} is a model of kind {kind!r}; this version knows: {known}. "
        "Use a newer tonecheck."
    )
