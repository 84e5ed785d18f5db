"""What trials save of themselves, so that they can go on: folders on disk.

``hpbridge.db-checkpoints/STUDY-CREATED/TRIAL/COMMIT``, beside the store as logs are: a
commit is a folder that got its name when it was whole. In it is what the trial wrote,
in `FILES`, and the manifest, which says whose it is, how far the trial was, and what it
had reported by then. So a checkpoint needs nothing else to be found and trusted, when
every process of its study was killed; the rows of the store repeat what manifests say.
"""
