// The common ground of OpenCL C 1.2 and GLSL 4.60 (Vulkan 1.3): one kernel body compiles as both.
//
// A kernel K has four files:
//   K.h      parameters with defaults, the constants block, local arrays, helper functions
//   K.inc    the body: the inside of the kernel function, shared
//   K.cl     the OpenCL wrapper: signature, then the body
//   K.comp   the GLSL wrapper: extensions, workgroup, buffers, then the body
//
// OpenCL:                                      GLSL:
//   #include "prelude.h"                         #version 460
//   #include "K.h"                               #extension GL_GOOGLE_include_directive : require
//   __kernel void K(                             #include "prelude.h"
//       INPUT_ARG(Q), OUTPUT_ARG(O),             WORKGROUP;
//       OFFSET_ARG(Q), OFFSET_ARG(O),            INPUT_BUFFER(0, Q, 3)
//       Constants p) {                           OUTPUT_BUFFER(1, O, 4)
//     BIND_INPUT(Q) BIND_OUTPUT(O)               #include "K.h"
//     K_LOCALS                                   K_LOCALS
//   #include "K.inc"                             void main() {
//   }                                            #include "K.inc"
//                                                }
//
// Element types. Buffer X holds elements of type X_DTYPE: 0 f32, 1 f16, 2 bf16. In OpenCL that is
// a `-D`; in GLSL it is the specialization constant whose id is the last argument of INPUT_BUFFER,
// so one SPIR-V module serves every type. Values are always `float`:
//   LOAD(X, i)        element i
//   LOAD4(X, i)       elements i … i+3; i a multiple of 4 and the bound range 16-byte aligned
//   STORE(X, i, v)    rounds to nearest, ties to even; NaN stays NaN
//   STORE4(X, i, v)   as LOAD4
// Words that are not numbers: INDEX_BUFFER / INDEX_ARG hold `int`, read by LOAD_INT(X, i);
// INT_BUFFER / INT_ARG (BIND_INT) are written, too, by STORE_INT(X, i, v).
//
// Everything is an `int` index into a bound range; a range holds less than 2³¹ elements.
//
// The rest: LOCAL_ID GROUP_ID GROUP_COUNT GLOBAL_ID (axis) · LOCAL_ARRAY(type, name, count) ·
// LOCAL_SCALAR(name, i): float i of a float4 array · LOCAL_OR LOCAL_AND LOCAL_ADD(name, i, v): atomic, on
// local arrays of uint or int, where the result does not depend on the order · POPCOUNT · BARRIER() ·
// UNROLL before a `for` with constant bounds · float4, MAKE4, SPLAT4, int4, MAKE_INT4 · fma min max clamp,
// same in both · AS_INT, AS_UINT, INT_AS_FLOAT, UINT_AS_FLOAT · TESSERA_FN before a function ·
// CONSTANT_BLOCK(int m; …) · PRECISE before a local whose value must not be reassociated · tsr_exp
// tsr_erf tsr_is_nan TSR_INFINITY · PARAMETER(id, type, name, value): a -D or a specialization constant.
#ifndef TESSERA_PRELUDE_H
#define TESSERA_PRELUDE_H

#ifdef __OPENCL_VERSION__
#include "prelude_opencl.h"
#else
#include "prelude_glsl.h"
#endif
#include "prelude_math.h"

#endif
