// The activation of a GEMM's epilogue: ACTIVATION (id 12) 0 none, 1 relu, 2 gelu, 3 gelu-tanh, 4 silu.
#ifndef TESSERA_GEMM_ACTIVATION_H
#define TESSERA_GEMM_ACTIVATION_H

PARAMETER(12, int, ACTIVATION, 0)

TESSERA_FN float gemm_activate(float x) {
  if (ACTIVATION == 1) return x < 0.0f ? 0.0f : x;
  if (ACTIVATION == 2) return tsr_gelu(x);
  // x/2·(1 + tanh(y)) = x / (1 + exp(-2y)): nothing cancels.
  if (ACTIVATION == 3) {
    float y = 0.797884561f * fma(0.044715f * x * x, x, x);
    return x / (1.0f + tsr_exp(-2.0f * y));
  }
  if (ACTIVATION == 4) return x / (1.0f + tsr_exp(-x));
  return x;
}

#endif
