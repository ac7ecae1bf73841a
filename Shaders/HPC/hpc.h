// What the kernels of the reference set share: f32 only, 64 invocations per workgroup, and loops over the
// whole grid ("grid stride"), so that any number of workgroups computes the same.
//
//   p.n       elements, rows or cells
//   p.width   columns of a matrix or of a grid
//   p.count   passes of a loop, where there is one
//   p.a       the scalar of the operation, where it has one
//
// Every kernel K has K.inc (the body), K.cl and K.comp (the two wrappers); see prelude.h.
#ifndef TESSERA_HPC_H
#define TESSERA_HPC_H

CONSTANT_BLOCK(int n; int width; int count; float a;)

// The first element of this invocation, and the distance to its next one.
#define GRID_START (GROUP_ID(0) * 64 + LOCAL_ID(0))
#define GRID_STRIDE (GROUP_COUNT(0) * 64)

// Sums `value` over the workgroup into partial[0], always in the same order.
#define SUM_IN_GROUP(value)                                             \
  partial[LOCAL_ID(0)] = value;                                         \
  BARRIER();                                                            \
  for (int half_ = 32; half_ > 0; half_ /= 2) { \
    if (LOCAL_ID(0) < half_) partial[LOCAL_ID(0)] += partial[LOCAL_ID(0) + half_]; \
    BARRIER();                                                          \
  }

#endif
