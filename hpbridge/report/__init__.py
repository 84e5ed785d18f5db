"""Pages and pictures: of a comparison, or of single studies."""
