// Gradient of tokens in windows; see nsa_spread.h.
#define A_DTYPE IN_DTYPE
#define B_DTYPE IN_DTYPE
#define WINDOWS_DTYPE IN_DTYPE
#define OUT_DTYPE IN_DTYPE
#define WEIGHTS_DTYPE 0
#include "prelude.h"
#include "columns.h"
#include "nsa_spread.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void nsa_spread(
    INPUT_ARG(A), INPUT_ARG(B), INPUT_ARG(WINDOWS), INPUT_ARG(WEIGHTS), OUTPUT_ARG(OUT),
    OFFSET_ARG(A), OFFSET_ARG(B), OFFSET_ARG(WINDOWS), OFFSET_ARG(WEIGHTS), OFFSET_ARG(OUT),
    Constants p) {
  BIND_INPUT(A) BIND_INPUT(B) BIND_INPUT(WINDOWS) BIND_INPUT(WEIGHTS) BIND_OUTPUT(OUT)
#include "nsa_spread.inc"
}
