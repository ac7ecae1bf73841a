// Forward attention on Hopper's tensor cores: Q, K, V f16 or bf16 all, sums in f32. Indices, tiles and masks
// are those of attention_forward, over boxes of tokens (attention_box.h), or over what lists name if
// ATTENTION_LISTS is defined (list_front.h).
//
//   a workgroup owns TILE_R = 64 · WARPGROUPS rows of one head
//
//     warpgroup 0 brings the keys of tile t, then its values, and a table of what the mask needs
//          ▼
//     slots 0 … STAGES-1 of local memory: keys (even slots) or values (odd ones) of TILE_C columns
//          │ `full`            ▲ `empty`
//          ▼                   │
//     warpgroups 1 …: 64 rows each
//          scores of tile t = Q·Kᵀ   ║ result += weights · V of tile t-1, at the same time
//          then its softmax          ║ while the latter still runs
//
// Two warpgroups take turns to start products, so that the softmax of one falls into the other's products.
//
//   parameter    default  meaning; those of attention_box.h, HEAD_DIM and VALUE_DIM besides
//   WARPGROUPS   2        warpgroups that multiply: 1, 2 or 3
//   TILE_C       128      columns of a tile: 64 or 128
//   STAGES       4        slots: 4 or 6; more would outrun the TABLES of columns
//   BOX_COPIES   0        1: the copy engine brings column boxes, by the tensor maps of attention_maps in
//                         STATE; 0: invocations bring vectors, wherever they are
//   Q_DTYPE               1 f16 or 2 bf16
//
// Copies by box ask for axes without rings, HEAD_DIM a multiple of 16 and column boxes of just TILE_C; all
// else is copied vector by vector, which keeps the first warpgroup busy for longer than the products take.
//
// Rows of local memory hold 64 elements of a vector, 128 bytes, whose 16-byte piece c lies at c ^ r % 8 in
// row r; blocks of TILE_C (of Q: 64) such rows follow one another. Head dimensions are multiples of 8, at
// most 256. Elements past the end meet zeros of Q, or are not stored.
//
// A weight of 0 does not remove a NaN or an infinity among the values, and masked columns share products
// with others. So where a result is not finite and a tile was masked, all is done once more with ordinary
// arithmetic that leaves out weights of 0.
//
// Local memory: STAGES · 128·TILE_C·BLOCKS + TILE_R·128·Q_BLOCKS and tables.
// Registers: TILE_C / 2 scores, PAD_V / 2 results, TILE_C / 4 weights and some 40 more.
#ifndef TESSERA_ATTENTION_HOPPER_H
#define TESSERA_ATTENTION_HOPPER_H

#define ROWS_ARE_KEYS 0
#define THREADS (128 * (WARPGROUPS + 1))
#define TILE_R (64 * WARPGROUPS)
#define WORK_C 1
#define PARTS 1
#define COLUMNS_BARRIER() group_sync(WARPGROUPS)
// Causal rows with most columns first: what comes last then ends at about the same time everywhere.
#define BOX_TILE(index) (GROUP_COUNT(0) * GROUP_COUNT(1) - 1 - (index))
#define COLUMN_THREADS 128
#include "attention_parameters.h"
#include "attention_bits.h"
#ifdef ATTENTION_LISTS
#include "list_front.h"
#else
#include "attention_place.h"
#endif
#include "tanh.h"
#include "hopper_wgmma.h"
#include "hopper_map.h"

#define Q_BLOCKS ((HEAD_DIM + 63) / 64)
#define V_BLOCKS ((VALUE_DIM + 63) / 64)
#define BLOCKS (Q_BLOCKS > V_BLOCKS ? Q_BLOCKS : V_BLOCKS)
#define PAD_V (64 * V_BLOCKS)
#define K_STEPS ((HEAD_DIM + 15) / 16)
#define BLOCK_BYTES (128 * TILE_C)
#define SLOT_BYTES (BLOCKS * BLOCK_BYTES)
#define Q_BYTES (8192 * Q_BLOCKS)
#define AT_Q (STAGES * SLOT_BYTES)
#define AT_BARRIERS (AT_Q + WARPGROUPS * Q_BYTES)
#define LOCAL_BYTES (AT_BARRIERS + 16 * STAGES + 1024)
// Tables of columns are kept for as many tiles.
#define TABLES 4

#define HOPPER_TILE_LOCALS                                                  \
  LOCAL_ARRAY(int, rowAt, TILE_R)                                           \
  LOCAL_ARRAY(uint, rowLow, TILE_R)                                         \
  LOCAL_ARRAY(uint, rowLast, TILE_R)                                        \
  LOCAL_ARRAY(int, rowPlace, TILE_R)                                        \
  LOCAL_ARRAY(int, columnAts, TABLES *TILE_C)                               \
  LOCAL_ARRAY(uint, columnCodes, TABLES *TILE_C)                            \
  LOCAL_ARRAY(int, columnPlaces, SCORE_BIAS != 0 ? TABLES * TILE_C : 1)     \
  LOCAL_ARRAY(int, tileFull, TABLES)                                        \
  LOCAL_ARRAY(int, again, 1)

#if Q_DTYPE == 1
#define ELEMENT "f16"
#define PACK pack_f16
#else
#define ELEMENT "bf16"
#define PACK pack_bf16
#endif

#if WARPGROUPS == 2 && BOX_COPIES
#define TAKE_FEW_REGISTERS() REGISTERS_DOWN(40)
#define TAKE_MANY_REGISTERS() REGISTERS_UP(232)
#elif WARPGROUPS == 2
#define TAKE_FEW_REGISTERS() REGISTERS_DOWN(56)
#define TAKE_MANY_REGISTERS() REGISTERS_UP(224)
#elif WARPGROUPS == 3
#define TAKE_FEW_REGISTERS() REGISTERS_DOWN(32)
#define TAKE_MANY_REGISTERS() REGISTERS_UP(160)
#else
#define TAKE_FEW_REGISTERS()
#define TAKE_MANY_REGISTERS()
#endif

// Upper halves of descriptors (gemm_hopper.h): rows along what is summed over, 1 KiB from 8 rows to the
// next 8; and rows across it, BLOCK_BYTES from 64 elements to the next 64.
#define ROWS_OF_K (((ulong)1 << 62) | ((ulong)(1024 >> 4) << 32) | ((ulong)1 << 16))
#define ROWS_OF_V (((ulong)1 << 62) | ((ulong)(1024 >> 4) << 32) | ((ulong)(BLOCK_BYTES >> 4) << 16))

// Chunk number c (keys of tile t: 2t, its values: 2t + 1, counted from the first) is in slot c % STAGES.
#define SLOT_AT(c) (base + (c) % STAGES * SLOT_BYTES)
#define FULL_AT(c) (fullAt + 8 * ((c) % STAGES))
#define EMPTY_AT(c) (emptyAt + 8 * ((c) % STAGES))
#define PHASE_OF(c) ((uint)(c) / STAGES & 1)

// Arrives at a barrier when what this invocation asked to be copied so far is there.
TESSERA_FN void barrier_arrive_copied(uint barrier) {
  asm volatile("cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%0];" ::"r"(barrier) : "memory");
}
TESSERA_FN float power2(float x) {
  float to;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(to) : "f"(x));
  return to;
}
TESSERA_FN uint local_word(uint at) {
  uint to;
  asm volatile("ld.shared.u32 %0, [%1];" : "=r"(to) : "r"(at) : "memory");
  return to;
}
// The lower and the upper of two 16-bit values.
TESSERA_FN float word_low(uint w) {
#if Q_DTYPE == 1
  float to;
  asm("{ .reg .b16 l, h; mov.b32 {l, h}, %1; cvt.f32.f16 %0, l; }" : "=f"(to) : "r"(w));
  return to;
#else
  return as_float(w << 16);
#endif
}
TESSERA_FN float word_high(uint w) {
#if Q_DTYPE == 1
  float to;
  asm("{ .reg .b16 l, h; mov.b32 {l, h}, %1; cvt.f32.f16 %0, h; }" : "=f"(to) : "r"(w));
  return to;
#else
  return as_float(w & 0xffff0000u);
#endif
}

// Brings a piece of vector `at` of X, zeros where there is none.
#define BRING_PIECE(to, X, DIM, at, piece)                                                         \
  {                                                                                                \
    bool valid = (at) >= 0 && 8 * (piece) < DIM;                                                   \
    copy_piece(to, (ulong)(valid ? X + ((at) * DIM + 8 * (piece)) : X), valid ? 16 : 0);           \
  }
// Brings the vectors ats[0 … rounds - 1] to rows thread / 8, thread / 8 + 16, … of a slot; eight
// invocations bring 128 bytes of a vector together.
#define BRING_VECTORS(slot, X, DIM, blocks, blockBytes, rounds, ats)                               \
  {                                                                                                \
    uint own = (slot) + thread % 128 / 8 * 128 + ((thread % 8 ^ thread / 8 % 8) << 4);             \
    UNROLL                                                                                         \
    for (int block = 0; block < blocks; block++) {                                                 \
      UNROLL                                                                                       \
      for (int i = 0; i < (rounds); i++)                                                           \
        BRING_PIECE(own + block * (blockBytes) + i * 2048, X, DIM, ats[i], 8 * block + thread % 8) \
    }                                                                                              \
  }

#define BRING_COLUMNS(c, X, DIM, blocks) \
  BRING_VECTORS(SLOT_AT(c), X, DIM, blocks, BLOCK_BYTES, TILE_C / 16, ats)

// Keeps what stands before and after apart: the compiler knows nothing of products under way.
#define PIN_32(x, i) asm volatile("" : SUMS_32(x, i)::"memory")
#if TILE_C == 64
#define PIN_SCORES() PIN_32(scores, 0)
#else
#define PIN_SCORES() { PIN_32(scores, 0); PIN_32(scores, 32); }
#endif
#if PAD_V == 64
#define PIN_RESULT() PIN_32(result, 0)
#elif PAD_V == 128
#define PIN_RESULT() { PIN_32(result, 0); PIN_32(result, 32); }
#elif PAD_V == 192
#define PIN_RESULT() { PIN_32(result, 0); PIN_32(result, 32); PIN_32(result, 64); }
#else
#define PIN_RESULT() { PIN_32(result, 0); PIN_32(result, 32); PIN_32(result, 64); PIN_32(result, 96); }
#endif

#endif
