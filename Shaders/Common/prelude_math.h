// Functions that OpenCL C and GLSL lack, or define with differing accuracy; see prelude.h.
#ifndef TESSERA_PRELUDE_MATH_H
#define TESSERA_PRELUDE_MATH_H

#define TSR_INFINITY UINT_AS_FLOAT(0x7f800000u)

#ifdef __OPENCL_VERSION__
#define TSR_RINT(x) rint(x)
#define TSR_ABS(x) fabs(x)
#define TSR_TO_INT(x) ((int)(x))
#define TSR_TO_FLOAT(x) ((float)(x))
#else
#define TSR_RINT(x) roundEven(x)
#define TSR_ABS(x) abs(x)
#define TSR_TO_INT(x) int(x)
#define TSR_TO_FLOAT(x) float(x)
#endif

// By bits: a compiler may assume that there are no NaNs.
TESSERA_FN bool tsr_is_nan(float x) { return (AS_UINT(x) & 0x7fffffffu) > 0x7f800000u; }

// e^x within 2 units in the last place; exp(-inf) = 0, exp(+inf) = +inf, NaN stays NaN.
// x = n·ln 2 + r with |r| <= ln 2 / 2; e^r by a polynomial; 2^n in two halves, so that results below
// the normal range come out right where the device has subnormals.
TESSERA_FN float tsr_exp(float x) {
  float y = clamp(x, -104.0f, 89.0f);
  float n = TSR_RINT(y * 1.44269504f);
  // Not fma, to which drivers do not apply `precise`: they would join the two steps into one.
  PRECISE float r = y - n * 0.693145752f;
  r = r - n * 1.42860677e-6f;
  float e = fma(0.0013829411f, r, 0.008374778f);
  e = fma(e, r, 0.04166836f);
  e = fma(e, r, 0.16666421f);
  e = fma(e, r, 0.4999999f);
  e = fma(e, r, 1.0f);
  e = fma(e, r, 1.0f);
  int whole = TSR_TO_INT(n);
  int low = whole / 2;
  e = e * INT_AS_FLOAT((low + 127) << 23) * INT_AS_FLOAT((whole - low + 127) << 23);
  return tsr_is_nan(x) ? x : e;
}

// erf(t) for 0 <= t < 1: an odd polynomial, within 1 unit in the last place or so.
TESSERA_FN float tsr_erf_center(float t) {
  float s = t * t;
  float y = fma(-9.673591e-6f, s, 0.00011268254f);
  y = fma(y, s, -0.00084843964f);
  y = fma(y, s, 0.0052210535f);
  y = fma(y, s, -0.026865438f);
  y = fma(y, s, 0.11283783f);
  y = fma(y, s, -0.37612638f);
  return fma(y, s, 1.1283792f) * t;
}
// 1 - erf(t) for t >= 1, within 1e-6 of itself up to 4 and zero above: exp(-q(t)).
TESSERA_FN float tsr_erfc_tail(float t) {
  float q = fma(-1.615045e-6f, t, 4.561102e-5f);
  q = fma(q, t, -0.00059295056f);
  q = fma(q, t, 0.004741118f);
  q = fma(q, t, -0.026367415f);
  q = fma(q, t, 0.1099833f);
  q = fma(q, t, 0.63193136f);
  q = fma(q, t, 1.1301703f);
  q = fma(q, t, -0.00030417676f);
  return t < 4.0f ? tsr_exp(-q) : 0.0f;
}
// The error function within 1.5e-7.
TESSERA_FN float tsr_erf(float x) {
  float t = TSR_ABS(x);
  float y = t < 1.0f ? tsr_erf_center(t) : 1.0f - tsr_erfc_tail(t);
  return tsr_is_nan(x) ? x : (x < 0.0f ? -y : y);
}
// x/2 · (1 + erf(x/√2)) within 2 units in the last place of x; the negative side does not cancel.
TESSERA_FN float tsr_gelu(float x) {
  float t = TSR_ABS(x) * 0.707106781f;
  float half_erfc = 0.5f * (t < 1.0f ? 1.0f - tsr_erf_center(t) : tsr_erfc_tail(t));
  return tsr_is_nan(x) ? x : x * (x < 0.0f ? half_erfc : 1.0f - half_erfc);
}

#endif
