"""What makes a model: corpora, recipes, calibration, evaluation and cards."""
