"""scikit-learn as a host; users import `hpbridge.sklearn`."""
