// What the OpenCL half of the prelude does under TESSERA_ENFORCE: a kernel is told how long its bound
// ranges are; loads from outside give what is at the nearest place inside, stores come to nothing. Vulkan
// has robust buffer access for that.
#ifndef TESSERA_BOUNDS_OPENCL_H
#define TESSERA_BOUNDS_OPENCL_H

// Offset and bytes.
#define OFFSET_ARG(X) ulong2 X##_offset
#define TSR_OFFSET(X) X##_offset.x
// Rounded up: bytes are read by whole words, also the last ones, and memory is padded to that.
#define TSR_LENGTH(X) \
  const uint X##_count = (uint)((X##_offset.y + sizeof(*X##_base) - 1) / sizeof(*X##_base));

#define INDEX_PARAM(X) __global const int *X, uint X##_count
#define INDEX_PASS(X) X, X##_count

TESSERA_FN int tsr_inside(int i, uint n) { return (int)min((uint)i, max(n, 1u) - 1u); }
TESSERA_FN bool tsr_fits(int i, uint count, uint n) { return (uint)i < n && n - (uint)i >= count; }

// Loads of type t; `count` elements are in n stored units.
#define TSR_BOUNDED_LOADS(t, type, count)                                                         \
  TESSERA_FN float tsr_bounded_load_##t(__global const type *p, int i, uint n) {                  \
    return tsr_load_##t(p, tsr_inside(i, count));                                                 \
  }                                                                                               \
  TESSERA_FN float4 tsr_bounded_load4_##t(__global const type *p, int i, uint n) {                \
    if (tsr_fits(i, 4, count)) return tsr_load4_##t(p, i);                                        \
    return (float4)(                                                                              \
        tsr_bounded_load_##t(p, i, n), tsr_bounded_load_##t(p, i + 1, n),                         \
        tsr_bounded_load_##t(p, i + 2, n), tsr_bounded_load_##t(p, i + 3, n));                    \
  }
#define TSR_BOUNDED(t, type)                                                                      \
  TSR_BOUNDED_LOADS(t, type, n)                                                                   \
  TESSERA_FN void tsr_bounded_store_##t(__global type *p, int i, float v, uint n) {               \
    if ((uint)i < n) tsr_store_##t(p, i, v);                                                      \
  }                                                                                               \
  TESSERA_FN void tsr_bounded_store4_##t(__global type *p, int i, float4 v, uint n) {             \
    if (tsr_fits(i, 4, n)) {                                                                      \
      tsr_store4_##t(p, i, v);                                                                    \
    } else {                                                                                      \
      tsr_bounded_store_##t(p, i, v.x, n);                                                        \
      tsr_bounded_store_##t(p, i + 1, v.y, n);                                                    \
      tsr_bounded_store_##t(p, i + 2, v.z, n);                                                    \
      tsr_bounded_store_##t(p, i + 3, v.w, n);                                                    \
    }                                                                                             \
  }
TSR_BOUNDED(0, float)
TSR_BOUNDED(1, half)
TSR_BOUNDED(2, ushort)

TESSERA_FN int tsr_bounded_load_int(__global const int *p, int i, uint n) {
  return p[tsr_inside(i, n)];
}
TESSERA_FN void tsr_bounded_store_int(__global int *p, int i, int v, uint n) {
  if ((uint)i < n) p[i] = v;
}

#define LOAD(X, i) TSR_PASTE(tsr_bounded_load_, X##_DTYPE)(X, i, X##_count)
#define LOAD4(X, i) TSR_PASTE(tsr_bounded_load4_, X##_DTYPE)(X, i, X##_count)
#define LOAD_INT(X, i) tsr_bounded_load_int(X, i, X##_count)
#define STORE_INT(X, i, v) tsr_bounded_store_int(X, i, v, X##_count)
#define STORE(X, i, v) TSR_PASTE(tsr_bounded_store_, X##_DTYPE)(X, i, v, X##_count)
#define STORE4(X, i, v) TSR_PASTE(tsr_bounded_store4_, X##_DTYPE)(X, i, v, X##_count)
// Buffers of 16 or 32 bits taken as words.
#define TSR_WORDS(X) ((uint)((X##_offset.y + 3) / 4))
#define LOAD_WORD(X, i) tsr_bounded_load_int((__global const int *)X, i, TSR_WORDS(X))
#define STORE_WORD(X, i, v) tsr_bounded_store_int((__global int *)X, i, v, TSR_WORDS(X))

#endif
