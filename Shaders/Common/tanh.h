// The hyperbolic tangent, for caps of scores; see prelude_math.h.
#ifndef TESSERA_TANH_H
#define TESSERA_TANH_H

// tanh x within 2 units in the last place: an odd polynomial near zero, else by the exponential.
TESSERA_FN float tsr_tanh(float x) {
  float z = x * x;
  float y = fma(-0.00570498873f, z, 0.0206390888f);
  y = fma(y, z, -0.0537397155f);
  y = fma(y, z, 0.133314422f);
  y = fma(y, z, -0.333332819f);
  float magnitude = TSR_ABS(x);
  float far = 1.0f - 2.0f / (tsr_exp(2.0f * min(magnitude, 20.0f)) + 1.0f);
  return magnitude < 0.625f ? fma(y * z, x, x) : (x < 0.0f ? -far : far);
}

#endif
