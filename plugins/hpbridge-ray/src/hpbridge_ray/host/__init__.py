"""Any optimizer as a search algorithm of Ray Tune."""
