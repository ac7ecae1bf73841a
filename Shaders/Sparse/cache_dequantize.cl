// Elements of codes; see cache_dequantize.h.
#include "prelude.h"
#include "cache_codes.h"
#include "columns.h"
#include "cache_dequantize.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void cache_dequantize(
    INPUT_ARG(X), INPUT_ARG(X_PARAMETERS), OUTPUT_ARG(OUT), OFFSET_ARG(X), OFFSET_ARG(X_PARAMETERS),
    OFFSET_ARG(OUT), Constants p) {
  BIND_INPUT(X) BIND_INPUT(X_PARAMETERS) BIND_OUTPUT(OUT)
#include "cache_dequantize.inc"
}
