// The prelude's OpenCL C half; see prelude.h.
#ifndef TESSERA_PRELUDE_OPENCL_H
#define TESSERA_PRELUDE_OPENCL_H

#define TESSERA_FN static inline

#define LOCAL_ID(axis) ((int)get_local_id(axis))
#define GROUP_ID(axis) ((int)get_group_id(axis))
#define GROUP_COUNT(axis) ((int)get_num_groups(axis))
#define GLOBAL_ID(axis) ((int)get_global_id(axis))
#define BARRIER() barrier(CLK_LOCAL_MEM_FENCE)
#define UNROLL _Pragma("unroll")
#define PRECISE

#define LOCAL_ARRAY(type, name, count) __local type name[count];
#define LOCAL_SCALAR(name, i) (((__local float *)(name))[i])
#define LOCAL_OR(name, i, v) atomic_or(&name[i], v)
#define LOCAL_AND(name, i, v) atomic_and(&name[i], v)
#define LOCAL_ADD(name, i, v) atomic_add(&name[i], v)
#define POPCOUNT(x) ((int)popcount(x))

#define MAKE4(a, b, c, d) ((float4)(a, b, c, d))
#define SPLAT4(a) ((float4)(a))
#define MAKE_INT4(a, b, c, d) ((int4)(a, b, c, d))
#define AS_INT(x) as_int(x)
#define AS_UINT(x) as_uint(x)
#define INT_AS_FLOAT(x) as_float(x)
#define UINT_AS_FLOAT(x) as_float(x)

// Parameters are given by -D; this only states the default.
#define PARAMETER(id, type, name, value)

#define CONSTANT_BLOCK(fields) \
  typedef struct {             \
    fields                     \
  } Constants;

#define TSR_PASTE_(a, b) a##b
#define TSR_PASTE(a, b) TSR_PASTE_(a, b)
#define TSR_STORAGE_0 float
#define TSR_STORAGE_1 half
#define TSR_STORAGE_2 ushort
#define TSR_STORAGE(X) TSR_PASTE(TSR_STORAGE_, X##_DTYPE)

#define INPUT_ARG(X) __global const TSR_STORAGE(X) *X##_base
#define OUTPUT_ARG(X) __global TSR_STORAGE(X) *X##_base
#define INDEX_ARG(X) __global const int *X##_base
#define INT_ARG(X) __global int *X##_base
#define BIND_INPUT(X)                                                     \
  __global const TSR_STORAGE(X) *restrict X =                             \
      (__global const TSR_STORAGE(X) *)((__global const uchar *)X##_base + TSR_OFFSET(X)); \
  TSR_LENGTH(X)
// Not `restrict`: an output may be read back.
#define BIND_OUTPUT(X)                                                    \
  __global TSR_STORAGE(X) *X =                                            \
      (__global TSR_STORAGE(X) *)((__global uchar *)X##_base + TSR_OFFSET(X)); \
  TSR_LENGTH(X)
#define BIND_INDEX(X)                                                     \
  __global const int *restrict X =                                        \
      (__global const int *)((__global const uchar *)X##_base + TSR_OFFSET(X)); \
  TSR_LENGTH(X)
#define BIND_INT(X)                                                       \
  __global int *X = (__global int *)((__global uchar *)X##_base + TSR_OFFSET(X)); \
  TSR_LENGTH(X)

TESSERA_FN float tsr_load_0(__global const float *p, int i) { return p[i]; }
TESSERA_FN float tsr_load_1(__global const half *p, int i) { return vload_half(0, p + i); }
TESSERA_FN float tsr_load_2(__global const ushort *p, int i) {
  return as_float((uint)p[i] << 16);
}
TESSERA_FN float4 tsr_load4_0(__global const float *p, int i) {
  return *(__global const float4 *)(p + i);
}
TESSERA_FN float4 tsr_load4_1(__global const half *p, int i) { return vload_half4(0, p + i); }
TESSERA_FN float4 tsr_load4_2(__global const ushort *p, int i) {
  ushort4 u = *(__global const ushort4 *)(p + i);
  return as_float4(convert_uint4(u) << 16);
}

TESSERA_FN uint tsr_bf16_bits(float v) {
  uint u = as_uint(v);
  uint rounded = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
  return (u & 0x7fffffffu) > 0x7f800000u ? (u >> 16) | 0x40u : rounded;
}
TESSERA_FN void tsr_store_0(__global float *p, int i, float v) { p[i] = v; }
TESSERA_FN void tsr_store_1(__global half *p, int i, float v) { vstore_half_rte(v, 0, p + i); }
TESSERA_FN void tsr_store_2(__global ushort *p, int i, float v) {
  p[i] = (ushort)tsr_bf16_bits(v);
}
TESSERA_FN void tsr_store4_0(__global float *p, int i, float4 v) {
  *(__global float4 *)(p + i) = v;
}
TESSERA_FN void tsr_store4_1(__global half *p, int i, float4 v) { vstore_half4_rte(v, 0, p + i); }
TESSERA_FN void tsr_store4_2(__global ushort *p, int i, float4 v) {
  *(__global ushort4 *)(p + i) = (ushort4)(
      (ushort)tsr_bf16_bits(v.x), (ushort)tsr_bf16_bits(v.y), (ushort)tsr_bf16_bits(v.z),
      (ushort)tsr_bf16_bits(v.w));
}

#ifdef TESSERA_ENFORCE
#include "bounds_opencl.h"
#else
#define OFFSET_ARG(X) ulong X##_offset
#define TSR_OFFSET(X) X##_offset
#define TSR_LENGTH(X)
// An index buffer as a parameter of a function, and handed to one.
#define INDEX_PARAM(X) __global const int *X
#define INDEX_PASS(X) X
#define LOAD(X, i) TSR_PASTE(tsr_load_, X##_DTYPE)(X, i)
#define LOAD4(X, i) TSR_PASTE(tsr_load4_, X##_DTYPE)(X, i)
#define LOAD_INT(X, i) (X[i])
#define STORE_INT(X, i, v) X[i] = (v)
#define STORE(X, i, v) TSR_PASTE(tsr_store_, X##_DTYPE)(X, i, v)
#define STORE4(X, i, v) TSR_PASTE(tsr_store4_, X##_DTYPE)(X, i, v)
#define LOAD_WORD(X, i) (((__global const int *)X)[i])
#define STORE_WORD(X, i, v) ((__global int *)X)[i] = (v)
#endif

#endif
