// Tensor maps of K and V for attention_hopper, a pair for each dilation group: axes are the elements of
// all heads, the group's keys along the last, middle and first token axis, and batch entries.
#define K_DTYPE Q_DTYPE
#define V_DTYPE Q_DTYPE
#define STATE_DTYPE 0
#define ROWS_ARE_KEYS 0
#include "prelude.h"
#include "hopper_ptx.h"
#include "hopper_map.h"
#include "attention_place.h"

#define ELEMENT_CODE_1 "6"
#define ELEMENT_CODE_2 "10"
#define ELEMENT_CODE TSR_PASTE(ELEMENT_CODE_, Q_DTYPE)
#define KEYS_MAP(X, DIM)                                                                    \
  MAP_BASE(at, (ulong)X + 2 * (ulong)first * (p.kvHeads * DIM), "4", ELEMENT_CODE)          \
  MAP_AXIS(at, 0, p.kvHeads * DIM, 64)                                                      \
  MAP_AXIS(at, 1, n[2], BOX_SIDE(p.columnTile, 2))                                          \
  MAP_STRIDE(at, 0, 2 * (ulong)(p.kvHeads * DIM) * p.dilation[2])                           \
  MAP_AXIS(at, 2, n[1], BOX_SIDE(p.columnTile, 1))                                          \
  MAP_STRIDE(at, 1, 2 * (ulong)(p.kvHeads * DIM) * (p.keys[2] * p.dilation[1]))             \
  MAP_AXIS(at, 3, n[0], BOX_SIDE(p.columnTile, 0))                                          \
  MAP_STRIDE(at, 2, 2 * (ulong)(p.kvHeads * DIM) * (p.keys[2] * p.keys[1] * p.dilation[0])) \
  MAP_AXIS(at, 4, GROUP_COUNT(1), 1)                                                        \
  MAP_STRIDE(at, 3, 2 * (ulong)(p.kvHeads * DIM) * (p.keys[2] * p.keys[1] * p.keys[0]))

// Grid: dilation groups; batch entries, of which only the first works.
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void attention_maps(
    INPUT_ARG(K), INPUT_ARG(V), OUTPUT_ARG(STATE), OFFSET_ARG(K), OFFSET_ARG(V), OFFSET_ARG(STATE),
    Constants p) {
  BIND_INPUT(K) BIND_INPUT(V)
  __local uchar memory[2 * MAP_BYTES] __attribute__((aligned(128)));
  int thread = LOCAL_ID(0);
  if (GROUP_ID(1) > 0) return;
  uint at = (uint)(size_t)memory + thread / 32 * MAP_BYTES;
  int n[3];
  int first = 0;
  int rest = GROUP_ID(0);
  int residue[3];
  UNROLL
  for (int a = 2; a >= 0; a--) {
    residue[a] = rest % p.dilation[a];
    rest /= p.dilation[a];
    n[a] = max(na_group_length(p.keys[a], p.dilation[a], residue[a]), 1);
  }
  UNROLL
  for (int a = 0; a < 3; a++) first = first * p.keys[a] + residue[a];
  asm volatile("st.shared.u32 [%0], 0;" ::"r"(at + thread % 32 * 4) : "memory");
  warp_sync();
  if (thread == 0) {
    KEYS_MAP(K, HEAD_DIM)
  } else if (thread == 32) {
    KEYS_MAP(V, VALUE_DIM)
  }
  warp_sync();
  map_publish((ulong)((__global uchar *)STATE_base + STATE_offset)
                  + (ulong)GROUP_ID(0) * (2 * MAP_BYTES) + thread / 32 * MAP_BYTES, at);
}
