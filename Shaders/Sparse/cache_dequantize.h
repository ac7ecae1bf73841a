// Elements of codes, or of elements of another type; see cache_codes.h.
//
//   parameter            id  meaning
//   X_DTYPE              3   0 f32, 1 f16, 2 bf16, 3 u8 codes, 4 4-bit codes
//   OUT_DTYPE            4   type of the elements
//   X_PARAMETERS_DTYPE   5   type of scale and zero
//   STEP                 8   elements of an invocation: 8, or 1 where their number is no multiple of 8
//   X_CHANNELS           9   channels of a group; 0 for elements
//   X_TOKENS             10  tokens of one
#ifndef TESSERA_CACHE_DEQUANTIZE_H
#define TESSERA_CACHE_DEQUANTIZE_H

PARAMETER(8, int, STEP, 8)
PARAMETER(9, int, X_CHANNELS, 0)
PARAMETER(10, int, X_TOKENS, 1)

CONSTANT_BLOCK(int count; int heads; int dim;)

#endif
