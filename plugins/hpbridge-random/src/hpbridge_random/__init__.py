"""Pure random search: the tutorial plugin of hpbridge."""
