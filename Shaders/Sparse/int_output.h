// Buffers of `int` that a kernel writes:
//   INT_OUTPUT_BUFFER(slot, X)                     GLSL
//   INT_OUTPUT_ARG(X) … BIND_INT_OUTPUT(X)         OpenCL
//   STORE_INT(X, i, v)
#ifndef TESSERA_INT_OUTPUT_H
#define TESSERA_INT_OUTPUT_H

#ifdef __OPENCL_VERSION__
#define INT_OUTPUT_ARG(X) __global int *X##_base
#define BIND_INT_OUTPUT(X) __global int *X = (__global int *)((__global uchar *)X##_base + X##_offset);
#define STORE_INT(X, i, v) X[i] = (v)
#else
#define INT_OUTPUT_BUFFER(slot, X) \
  layout(set = 0, binding = slot, std430) buffer X##_IntWords { int X##_ints[]; };
#define STORE_INT(X, i, v) X##_ints[i] = (v)
#endif

#endif
