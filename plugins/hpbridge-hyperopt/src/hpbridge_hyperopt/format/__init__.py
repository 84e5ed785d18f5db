"""A `Trials` of Hyperopt as a study."""
