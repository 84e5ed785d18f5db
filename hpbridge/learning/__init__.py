"""An optimizer while it learns: session, history, replay."""
