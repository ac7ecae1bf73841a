// The register tile: MICRO_M × MICRO_N of D, kept in vector registers over a whole step along K.
//
//            MICRO_N            a: [kc][MICRO_M], one broadcast per row and k
//          ┌─────────┐          b: [kc][MICRO_N], two vectors per k
//  MICRO_M │ tile    │          6 × 16 fills 12 of AVX2's 16 registers, 12 × 32 fills 24 of
//          └─────────┘          AVX-512's 32; the rest hold b and the broadcast
#include "gemm.h"

typedef float v8 __attribute__((vector_size(32), aligned(4)));
typedef float v16 __attribute__((vector_size(64), aligned(4)));

#define TESSERA_MICRO(NAME, MICRO_M, MICRO_N, VECTOR, LANES)                                      \
  TESSERA_CLONES                                                                                  \
  void NAME(                                                                                      \
      int64_t kc, int64_t row_panels, int64_t column_panels, const float *a, const float *b,      \
      float *tile, int64_t ld, int32_t accumulate) {                                              \
    for (int64_t j = 0; j < column_panels; j++) {                                                 \
      for (int64_t i = 0; i < row_panels; i++) {                                                  \
        const float *x = a + i * kc * MICRO_M;                                                    \
        const float *y = b + j * kc * MICRO_N;                                                    \
        float *out = tile + i * MICRO_M * ld + j * MICRO_N;                                       \
        VECTOR s[MICRO_M][2];                                                                     \
        _Pragma("clang loop unroll(full)") for (int r = 0; r < MICRO_M; r++) {                    \
          s[r][0] = (VECTOR){0};                                                                  \
          s[r][1] = (VECTOR){0};                                                                  \
        }                                                                                         \
        _Pragma("clang loop unroll_count(4)") for (int64_t p = 0; p < kc; p++) {                  \
          VECTOR y0 = *(const VECTOR *)y, y1 = *(const VECTOR *)(y + LANES);                      \
          _Pragma("clang loop unroll(full)") for (int r = 0; r < MICRO_M; r++) {                  \
            s[r][0] += x[r] * y0;                                                                 \
            s[r][1] += x[r] * y1;                                                                 \
          }                                                                                       \
          x += MICRO_M;                                                                           \
          y += MICRO_N;                                                                           \
        }                                                                                         \
        _Pragma("clang loop unroll(full)") for (int r = 0; r < MICRO_M; r++) {                    \
          VECTOR *o0 = (VECTOR *)(out + r * ld), *o1 = (VECTOR *)(out + r * ld + LANES);          \
          *o0 = accumulate ? *o0 + s[r][0] : s[r][0];                                             \
          *o1 = accumulate ? *o1 + s[r][1] : s[r][1];                                             \
        }                                                                                         \
      }                                                                                           \
    }                                                                                             \
  }

TESSERA_MICRO(tessera_multiply_6x16, 6, 16, v8, 8)
TESSERA_MICRO(tessera_multiply_12x32, 12, 32, v16, 16)
