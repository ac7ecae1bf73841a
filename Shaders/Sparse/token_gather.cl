// Tokens in another order; see token_order.h.
#define TO_DTYPE FROM_DTYPE
#include "prelude.h"
#include "columns.h"
#include "token_permutation.h"
#include "token_order.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void token_gather(
    INPUT_ARG(FROM), OUTPUT_ARG(TO), OFFSET_ARG(FROM), OFFSET_ARG(TO), Constants p) {
  BIND_INPUT(FROM) BIND_OUTPUT(TO)
#include "token_gather.inc"
}
