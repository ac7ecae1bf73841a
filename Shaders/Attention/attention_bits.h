// What every kernel of attention needs besides arithmetic: bits of packed coordinates, loops,
// order.
#ifndef TESSERA_ATTENTION_BITS_H
#define TESSERA_ATTENTION_BITS_H

#define KEY_ROWS (ROWS_ARE_KEYS != 0)

// Drivers whose invocations are lanes of a CPU's vectors keep few sums in registers and read them often
// from memory: they sum over all columns before the next element. They unroll what they can by
// themselves; asked for, it made PoCL compile four times as long for the same speed. (Vulkan counts on
// it: an unrolled loop is no loop for lavapipe's limit.)
#if defined(__OPENCL_VERSION__) && LANES == 1
#define ATT_UNROLL
#else
#define ATT_UNROLL UNROLL
#endif

// The row tile of a workgroup.
#ifndef BOX_TILE
#define BOX_TILE(index) (index)
#endif

#ifdef __OPENCL_VERSION__
#define TSR_BITS(x) (32 - (int)clz(x))
#define TO_UINT(x) ((uint)(x))
#else
#define TSR_BITS(x) (findMSB(x) + 1)
#define TO_UINT(x) uint(x)
#endif

#endif
