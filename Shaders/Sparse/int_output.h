// Buffers of `int` that a kernel writes:
//   INT_OUTPUT_BUFFER(slot, X)                     GLSL
//   INT_OUTPUT_ARG(X) … BIND_INT_OUTPUT(X)         OpenCL
//   STORE_INT(X, i, v)
#ifndef TESSERA_INT_OUTPUT_H
#define TESSERA_INT_OUTPUT_H

#ifdef __OPENCL_VERSION__
#define INT_OUTPUT_ARG(X) INT_ARG(X)
#define BIND_INT_OUTPUT(X) BIND_INT(X)
#else
#define INT_OUTPUT_BUFFER(slot, X) \
  layout(set = 0, binding = slot, std430) buffer X##_IntWords { int X##_ints[]; };
#define STORE_INT(X, i, v) X##_ints[i] = (v)
#endif

#endif
