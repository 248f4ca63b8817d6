"""The risk model: data sets, training, registry, scores and reasons."""

import os

# Idle OpenMP threads that spin make small boosters fifty times slower on shared cores. It must be
# set before XGBoost is loaded, which is why it stands here.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
