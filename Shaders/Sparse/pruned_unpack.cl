// The elements of a pruned cache; see pruned_unpack.h.
#define OUT_DTYPE X_DTYPE
#include "prelude.h"
#include "pruned_unpack.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void pruned_unpack(
    INDEX_ARG(X_BITS), INDEX_ARG(X_OFFSETS), INPUT_ARG(X), OUTPUT_ARG(OUT), OFFSET_ARG(X_BITS),
    OFFSET_ARG(X_OFFSETS), OFFSET_ARG(X), OFFSET_ARG(OUT), Constants p) {
  BIND_INDEX(X_BITS) BIND_INDEX(X_OFFSETS) BIND_INPUT(X) BIND_OUTPUT(OUT)
#include "pruned_unpack.inc"
}
