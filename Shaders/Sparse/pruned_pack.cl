// The largest elements of vectors, packed; see pruned_pack.h.
#define VALUES_DTYPE X_DTYPE
#include "prelude.h"
#include "pruned_pack.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void pruned_pack(
    INPUT_ARG(X), INT_ARG(X_BITS), INT_ARG(X_OFFSETS), OUTPUT_ARG(VALUES), OFFSET_ARG(X),
    OFFSET_ARG(X_BITS), OFFSET_ARG(X_OFFSETS), OFFSET_ARG(VALUES), Constants p) {
  BIND_INPUT(X) BIND_INT(X_BITS) BIND_INT(X_OFFSETS) BIND_OUTPUT(VALUES)
  PACK_LOCALS
#include "pruned_pack.inc"
}
