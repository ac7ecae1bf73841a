// A permutation of tokens as indices; see token_order.h.
#include "prelude.h"
#include "columns.h"
#include "token_permutation.h"
#include "token_order.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void token_order(
    INT_ARG(ORDER), OFFSET_ARG(ORDER), Constants p) {
  BIND_INT(ORDER)
#include "token_order.inc"
}
