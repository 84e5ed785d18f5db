#!/bin/sh
# Ridge regression of a cubic by gradient descent, in awk: parameters come by the
# environment, metrics go to a file as JSON.
awk -v alpha="$HPBRIDGE_PARAM_alpha" -v rate="$HPBRIDGE_PARAM_rate" '
  function f(x) { return 1 - 2 * x + 3 * x * x * x }
  BEGIN {
    srand(7)
    for (k = 0; k < 60; k++) { x[k] = 2 * rand() - 1; y[k] = f(x[k]) + rand() - 0.5 }
    for (t = 0; t < 300; t++) {
      for (d = 0; d < 6; d++) g[d] = 2 * alpha * w[d] / 40
      for (k = 0; k < 40; k++) {
        e = -y[k]; for (d = 0; d < 6; d++) e += w[d] * x[k] ^ d
        for (d = 0; d < 6; d++) g[d] += 2 * e * x[k] ^ d / 40
      }
      for (d = 0; d < 6; d++) w[d] -= rate * g[d]
    }
    for (k = 40; k < 60; k++) {
      e = -y[k]; for (d = 0; d < 6; d++) e += w[d] * x[k] ^ d
      mse += e * e / 20
    }
    for (d = 0; d < 6; d++) size += w[d] * w[d]
    printf "{\"mse\": %.6f, \"size\": %.6f}\n", mse, size
  }' > "$HPBRIDGE_RESULT"
