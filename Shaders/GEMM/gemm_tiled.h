// C[m][n] = Σk A[m][k]·B[k][n]: one workgroup computes TILE_M × TILE_N of D through local memory.
//
//            K              N
//         ┌─────┐        ┌─────┐       each step brings TILE_M × TILE_K of A and TILE_K × TILE_N of B
//       M │  A ─┼─▶    K │  B  │       into local memory, as f32; an invocation owns WORK_M × WORK_N
//         └─────┘        └──┼──┘       outputs in registers, in vectors of WIDTH columns
//                           ▼
//
//   parameter    id  default  meaning
//   TILE_M       16   64      rows per workgroup = THREADS_M · WORK_M
//   TILE_N       17   64      columns per workgroup = THREADS_N · WORK_N
//   TILE_K       18   16      products per step; a multiple of 4 and of UNROLL_K
//   WORK_M       19   4       rows per invocation; a multiple of 4 if INTERLEAVE
//   WORK_N       20   4       columns per invocation; a multiple of WIDTH
//   UNROLL_K     21   4       products per iteration of the innermost loop
//   INTERLEAVE   22   1       1: an invocation's rows and columns come in groups of 4, spread over the
//                             tile, so that neighbours read neighbouring words (GPUs); 0: they are
//                             adjacent (CPUs)
//   PANEL_M      23   64      local layout of A: panels of PANEL_M rows, k-major inside. TILE_M on
//   PANEL_N      24   64      GPUs, WORK_M on CPUs, where a panel then is a stream; likewise of B
//   PAD          25   4       floats added to each k of a panel against bank conflicts
//   STAGES       26   1       2: the next tile travels through registers while this one is used
//   WIDTH        27   4       floats per vector of columns; above 4 in OpenCL only
//
// Invariants: (TILE_M · TILE_K / 4) and (TILE_N · TILE_K / 4) are multiples of the invocations; the
// workgroup is THREADS_N × THREADS_M × 1; panels divide tiles; PANEL + PAD are multiples of 4.
// Local memory: STAGES · TILE_K · (TILE_M/PANEL_M·(PANEL_M + PAD) + TILE_N/PANEL_N·(PANEL_N + PAD))
// floats. Registers: WORK_M · WORK_N sums, WORK_M + WORK_N operands, and with two stages
// (TILE_M + TILE_N)·TILE_K / invocations more.
#ifndef TESSERA_GEMM_TILED_H
#define TESSERA_GEMM_TILED_H

PARAMETER(16, int, TILE_M, 64)
PARAMETER(17, int, TILE_N, 64)
PARAMETER(18, int, TILE_K, 16)
PARAMETER(19, int, WORK_M, 4)
PARAMETER(20, int, WORK_N, 4)
PARAMETER(21, int, UNROLL_K, 4)
PARAMETER(22, int, INTERLEAVE, 1)
PARAMETER(23, int, PANEL_M, 64)
PARAMETER(24, int, PANEL_N, 64)
PARAMETER(25, int, PAD, 4)
PARAMETER(26, int, STAGES, 1)

#define THREADS_M (TILE_M / WORK_M)
#define THREADS_N (TILE_N / WORK_N)
#define THREADS (THREADS_M * THREADS_N)
#define CHUNKS_A (TILE_M * TILE_K / 4 / THREADS)
#define CHUNKS_B (TILE_N * TILE_K / 4 / THREADS)
#define ROW_A (PANEL_M + PAD)
#define ROW_B (PANEL_N + PAD)
#define SIZE_A (TILE_M / PANEL_M * TILE_K * ROW_A)
#define SIZE_B (TILE_N / PANEL_N * TILE_K * ROW_B)

// Float index of (k, m) in local A, of (k, n) in local B.
#define AT_A(k, m) \
  (PANEL_M == TILE_M ? (k) * ROW_A + (m) : ((m) / PANEL_M * TILE_K + (k)) * ROW_A + (m) % PANEL_M)
#define AT_B(k, n) \
  (PANEL_N == TILE_N ? (k) * ROW_B + (n) : ((n) / PANEL_N * TILE_K + (k)) * ROW_B + (n) % PANEL_N)

#ifdef __OPENCL_VERSION__
#if WIDTH == 16
typedef float16 floatn;
#define PART4(v, q) ((q) == 0 ? (v).s0123 : (q) == 1 ? (v).s4567 : (q) == 2 ? (v).s89ab : (v).scdef)
#define FROM_PARTS(a, b, c, d) ((float16)(a, b, c, d))
#elif WIDTH == 8
typedef float8 floatn;
#define PART4(v, q) ((q) == 0 ? (v).lo : (v).hi)
#else
typedef float4 floatn;
#define PART4(v, q) (v)
#endif
#define SPLAT(a) ((floatn)(a))
#define LOCAL_VECTOR(name, i) (*(__local const floatn *)&((__local float *)(name))[i])
#else
#define WIDTH 4
#define floatn vec4
#define PART4(v, q) (v)
#define SPLAT(a) vec4(a)
#define LOCAL_VECTOR(name, i) name[(i) >> 2]
#endif
#define VECTORS (WORK_N / WIDTH)
// Vectors wider than 4 are chosen for CPU drivers only.
#define ROLL_EPILOGUE (WIDTH > 4)

#define GEMM_TILED_LOCALS                      \
  LOCAL_ARRAY(float4, tileA, STAGES * SIZE_A / 4) \
  LOCAL_ARRAY(float4, tileB, STAGES * SIZE_B / 4)

// First row of group g of 4, first column of vector g, inside the tile.
#define ROW_OF(i) (INTERLEAVE != 0 ? ((i) / 4 * THREADS_M + threadM) * 4 + (i) % 4 : threadM * WORK_M + (i))
#define COLUMN_OF(g) (INTERLEAVE != 0 ? ((g) * THREADS_N + threadN) * WIDTH : threadN * WORK_N + (g) * WIDTH)

// Four elements of an operand from element i on, of which those past the limits are 0: `inner` counts
// along the row, `outer` across.
#define FETCH4(X, value, i, whole)                                                     \
  if (whole) {                                                                         \
    if (VECTOR_##X == 4) value = LOAD4(X, i);                                          \
    else value = MAKE4(LOAD(X, i), LOAD(X, (i) + 1), LOAD(X, (i) + 2), LOAD(X, (i) + 3)); \
  }
#define FETCH4_EDGE(X, value, i, outer, outerEnd, inner, innerEnd)           \
  {                                                                          \
    value = SPLAT4(0.0f);                                                    \
    if ((outer) < (outerEnd)) {                                              \
      if ((inner) < (innerEnd)) value.x = LOAD(X, i);                        \
      if ((inner) + 1 < (innerEnd)) value.y = LOAD(X, (i) + 1);              \
      if ((inner) + 2 < (innerEnd)) value.z = LOAD(X, (i) + 2);              \
      if ((inner) + 3 < (innerEnd)) value.w = LOAD(X, (i) + 3);              \
    }                                                                        \
  }

// Which chunk of 4 elements this invocation moves in turn c: neighbours side by side on GPUs, each
// its own stretch on CPUs.
#define CHUNK(c, count) (INTERLEAVE != 0 ? (c) * THREADS + thread : thread * (count) + (c))

// Chunk e of the tile of A that starts at product k0: element (e / perRow, e % perRow · 4).
#define FETCH_A(value, e, k0, whole)                                                        \
  {                                                                                         \
    int inner = (e) % (TRANSPOSE_A != 0 ? TILE_M / 4 : TILE_K / 4) * 4;                     \
    int outer = (e) / (TRANSPOSE_A != 0 ? TILE_M / 4 : TILE_K / 4);                         \
    inner += TRANSPOSE_A != 0 ? tileRow : (k0);                                             \
    outer += TRANSPOSE_A != 0 ? (k0) : tileRow;                                             \
    int at = startA + outer * p.strideA + inner;                                            \
    FETCH4(A, value, at, whole) else                                                        \
        FETCH4_EDGE(A, value, at, outer, TRANSPOSE_A != 0 ? p.k : p.m, inner,            \
                    TRANSPOSE_A != 0 ? p.m : p.k)                                        \
  }
#define FETCH_B(value, e, k0, whole)                                                        \
  {                                                                                         \
    int inner = (e) % (TRANSPOSE_B != 0 ? TILE_K / 4 : TILE_N / 4) * 4;                     \
    int outer = (e) / (TRANSPOSE_B != 0 ? TILE_K / 4 : TILE_N / 4);                         \
    inner += TRANSPOSE_B != 0 ? (k0) : tileColumn;                                          \
    outer += TRANSPOSE_B != 0 ? tileColumn : (k0);                                          \
    int at = startB + outer * p.strideB + inner;                                            \
    FETCH4(B, value, at, whole) else                                                        \
        FETCH4_EDGE(B, value, at, outer, TRANSPOSE_B != 0 ? p.n : p.k, inner,            \
                    TRANSPOSE_B != 0 ? p.k : p.n)                                        \
  }

// Chunk e into stage `stage` of local memory, k-major whichever way it came.
#define PLACE_A(value, e, stage)                                                            \
  if (TRANSPOSE_A != 0) {                                                                   \
    int inner = (e) % (TILE_M / 4) * 4;                                                     \
    tileA[((stage) * SIZE_A + AT_A((e) / (TILE_M / 4), inner)) / 4] = value;                \
  } else {                                                                                  \
    int inner = (e) % (TILE_K / 4) * 4;                                                     \
    int at = (stage) * SIZE_A + AT_A(inner, (e) / (TILE_K / 4));                            \
    LOCAL_SCALAR(tileA, at) = value.x;                                                      \
    LOCAL_SCALAR(tileA, at + ROW_A) = value.y;                                              \
    LOCAL_SCALAR(tileA, at + 2 * ROW_A) = value.z;                                          \
    LOCAL_SCALAR(tileA, at + 3 * ROW_A) = value.w;                                          \
  }
#define PLACE_B(value, e, stage)                                                            \
  if (TRANSPOSE_B == 0) {                                                                   \
    int inner = (e) % (TILE_N / 4) * 4;                                                     \
    tileB[((stage) * SIZE_B + AT_B((e) / (TILE_N / 4), inner)) / 4] = value;                \
  } else {                                                                                  \
    int inner = (e) % (TILE_K / 4) * 4;                                                     \
    int at = (stage) * SIZE_B + AT_B(inner, (e) / (TILE_K / 4));                            \
    LOCAL_SCALAR(tileB, at) = value.x;                                                      \
    LOCAL_SCALAR(tileB, at + ROW_B) = value.y;                                              \
    LOCAL_SCALAR(tileB, at + 2 * ROW_B) = value.z;                                          \
    LOCAL_SCALAR(tileB, at + 3 * ROW_B) = value.w;                                          \
  }

#endif
