// Whether the tensor cores work through this driver: copies 16 × 16 ones of A into local memory and
// multiplies them by themselves. Each of OUT's 128 sums is 16.
#include "prelude.h"
#include "mma_ptx.h"

__kernel __attribute__((reqd_work_group_size(32, 1, 1))) void mma_probe(
    INPUT_ARG(A), OUTPUT_ARG(OUT), __global uchar *S_base, OFFSET_ARG(A), OFFSET_ARG(OUT), ulong S_offset) {
  BIND_INPUT(A) BIND_OUTPUT(OUT)
  __local uchar memory[512] __attribute__((aligned(16)));
  uint base = (uint)(size_t)memory;
  int thread = LOCAL_ID(0);
  copy_piece(base + 16 * thread, (ulong)(A + 8 * thread), 16);
  COPY_COMMIT();
  COPY_WAIT(0);
  BARRIER();
  uint a[4];
  load_matrices(a, base + 16 * thread);
  float d[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  MMA("f16", d, a, a[0], a[1]);
  for (int i = 0; i < 4; i++) OUT[4 * thread + i] = d[i];
}
