// D = act(alpha · opA(A)·opB(B) + beta · C + bias) by warps' tensor cores, compute capability 8.0 and up:
// A and B f16 or bf16 both, sums in f32. No requirement on sizes and strides.
//
//   workgroup: TILE_M × TILE_N of D           warp: 16·WORK_M × 8·WORK_N of it
//
//        TILE_N                                  stages of A and B tiles in local memory, copied
//      ┌──┬──┬──┬──┐                             past the registers STAGES - 1 steps ahead
//      │0 │1 │2 │3 │ WARPS_M rows of warps
//      ├──┼──┼──┼──┤                             local memory: STAGES · 64·(TILE_M + TILE_N) bytes
//      │4 │5 │6 │7 │                             registers: 4·WORK_M·WORK_N sums, fragments, addresses
//      └──┴──┴──┴──┘
//
//   parameter  default  meaning
//   WARPS_M    2        rows of warps
//   WARPS_N    4        warps of a row
//   WORK_M     4        blocks of 16 rows of a warp
//   WORK_N     4        blocks of 8 columns of a warp, even
//   STAGES     3        tiles in local memory: 2, 3 or 4
//   COPY_A     1        rows of A start at multiples of 16 bytes; 0: elements are loaded one by one
//   COPY_B     1        the same of B
//
// Tiles in local memory keep the order of global memory: rows along K of 64 bytes, whose 16-byte piece c of
// row r lies at c ^ r / 2 % 4; or 32 rows along M or N, piece c at c ^ r % 8 (rows of 64 bytes: as before).
// Either way eight rows' pieces are in different banks. What lies outside of the operands is zero.
//
// Grid: tiles, in columns of GROUP_M = 8 tiles; parts of K; batch entries.
#ifndef TESSERA_GEMM_MMA_H
#define TESSERA_GEMM_MMA_H

#define TILE_M (16 * WARPS_M * WORK_M)
#define TILE_N (8 * WARPS_N * WORK_N)
#define TILE_K 32
#define THREADS (32 * WARPS_M * WARPS_N)
#define BYTES_A (64 * TILE_M)
#define STAGE_BYTES (64 * (TILE_M + TILE_N))
#define GROUP_M 8

// Until the tile of this step is there; later ones may be under way.
#if STAGES == 2
#define COPY_WAIT_STEP() COPY_WAIT(0)
#elif STAGES == 3
#define COPY_WAIT_STEP() COPY_WAIT(1)
#else
#define COPY_WAIT_STEP() COPY_WAIT(2)
#endif

// Where piece c of row r of a tile is.
TESSERA_FN uint along_k(uint tile, int r, int c) { return tile + r * 64 + ((c ^ (r >> 1 & 3)) << 4); }
TESSERA_FN uint along_mn(uint tile, int width, int r, int c) {
  return width < 64 ? along_k(tile, r, c) : tile + r * (2 * width) + ((c ^ (r & 7)) << 4);
}

// Brings eight elements, of which the first `valid` are inside the operand.
TESSERA_FN void bring(uint to, __global const ushort *from, __global const ushort *start, int valid, int copies) {
  valid = clamp(valid, 0, 8);
  if (copies) {
    copy_piece(to, (ulong)(valid > 0 ? from : start), 2 * valid);
  } else {
    uint words[4];
    UNROLL
    for (int i = 0; i < 4; i++) {
      uint low = 2 * i < valid ? from[2 * i] : 0;
      uint high = 2 * i + 1 < valid ? from[2 * i + 1] : 0;
      words[i] = low | high << 16;
    }
    asm volatile("st.shared.v4.u32 [%0], {%1, %2, %3, %4};" ::"r"(to), "r"(words[0]), "r"(words[1]),
                 "r"(words[2]), "r"(words[3])
                 : "memory");
  }
}

// Brings TILE_K products of `size` rows (or columns) of an operand: `outer` is the first of them, `limit`
// how many the operand has, `k` the first product, `end` the one past the last.
TESSERA_FN void bring_tile(uint tile, __global const ushort *operand, long stride, int thread, int size,
                           int rowsOfK, int copies, int outer, int limit, int k, int end) {
  UNROLL
  for (int i = 0; i < size * 4 / THREADS; i++) {
    int index = i * THREADS + thread;
    if (rowsOfK) {
      int r = index / 4, c = index % 4;
      int valid = outer + r < limit ? end - (k + 8 * c) : 0;
      bring(along_k(tile, r, c), operand + ((outer + r) * stride + k + 8 * c), operand, valid, copies);
    } else {
      int r = index / (size / 8), c = index % (size / 8);
      int valid = k + r < end ? limit - (outer + 8 * c) : 0;
      bring(along_mn(tile, size, r, c), operand + ((k + r) * stride + outer + 8 * c), operand, valid, copies);
    }
  }
}

#endif
