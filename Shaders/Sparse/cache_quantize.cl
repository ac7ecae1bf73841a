// Codes of elements; see cache_quantize.h.
#include "prelude.h"
#include "octets.h"
#include "columns.h"
#include "cache_quantize.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void cache_quantize(
    INPUT_ARG(X), INT_ARG(CODES), OUTPUT_ARG(P), OFFSET_ARG(X), OFFSET_ARG(CODES), OFFSET_ARG(P),
    Constants p) {
  BIND_INPUT(X) BIND_INT(CODES) BIND_OUTPUT(P)
  QUANTIZE_LOCALS
#include "cache_quantize.inc"
}
