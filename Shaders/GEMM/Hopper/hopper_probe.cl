// Whether Hopper's instructions work through this driver: makes a tensor map, copies a box by it and
// multiplies what came by itself. A holds 64 × 64 ones, so each of OUT's 128 sums is 16.
#include "prelude.h"
#include "hopper_ptx.h"
#include "hopper_map.h"

__kernel __attribute__((reqd_work_group_size(128, 1, 1))) void hopper_probe(
    INPUT_ARG(A), OUTPUT_ARG(OUT), __global uchar *S_base, OFFSET_ARG(A), OFFSET_ARG(OUT), ulong S_offset) {
  BIND_INPUT(A) BIND_OUTPUT(OUT)
  // More than what drivers report as local memory.
  __local uchar memory[65536] __attribute__((aligned(1024)));
  uint base = ((uint)(size_t)memory + 1023) & ~1023u;
  uint at = base + 8192;
  uint full = at + MAP_BYTES;
  ulong map = (ulong)(S_base + S_offset);
  int thread = LOCAL_ID(0);
  if (thread < 32) {
    asm volatile("st.shared.u32 [%0], 0;" ::"r"(at + 4 * thread) : "memory");
    warp_sync();
    if (thread == 0) {
      MAP_BASE(at, (ulong)A, "1", "6")
      MAP_AXIS(at, 0, 64, 64)
      MAP_AXIS(at, 1, 64, 64)
      MAP_STRIDE(at, 0, 128)
      barrier_init(full, 1);
      barrier_fence();
    }
    warp_sync();
    map_publish(map, at);
    warp_sync();
    if (thread == 0) {
      fence_map(map);
      barrier_expect(full, 8192);
      load_box2(base, map, full, 0, 0);
    }
  }
  BARRIER();
  barrier_wait(full, 0);
  float d[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  ulong matrix = ((ulong)1 << 62) | ((ulong)(1024 >> 4) << 32) | ((ulong)1 << 16) | (base >> 4);
  WGMMA_FENCE();
  asm volatile("//@wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%0, %1, %2, %3}, %4, %5, 1, 1, 1, 0, 0;"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "l"(matrix), "l"(matrix));
  WGMMA_COMMIT();
  WGMMA_WAIT(0);
  OUT[thread] = (d[0] + d[1] + d[2] + d[3]) * 0.25f;
}
