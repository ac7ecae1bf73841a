// Parameters that all kernels made of attention_tile.h have.
//
//   parameter      id   default  meaning
//   HEAD_DIM       9    64       D
//   VALUE_DIM      10   64       Dv
//   WORK_R         11   16       invocations along rows
//   WORK_C         12   8        invocations along columns, and along the result's vector elements
//   BLOCK_R        13   4        rows per invocation
//   BLOCK_C        14   4        columns per invocation; a multiple of WIDTH
//   BLOCK_V        15   8        elements of a result of length Dv per invocation; a multiple of WIDTH
//   BLOCK_D        16   8        the same for results of length D
//   STEP_D         17   32       vector elements staged at a time; a multiple of 4
//   STEP_C         18   32       columns whose vectors are staged at a time; divides TILE_C, multiple of 4
//   RESIDENT       19   1        whether the rows' vectors stay in local memory, or are staged as well
//   STAGE          20   2304     floats of the staging array
//   LANES          21   32       invocations that stage one vector together: neighbours read neighbouring
//                                words (GPUs); 1: each its own vector (CPUs)
//   PARTS          22   1        workgroups that share the result's elements
//   GRAIN          23   1        elements per load: 4 if D and Dv are multiples of 4, else 1
//   SOFT_CAP       25   0        whether scores are capped
//   PACKED         28   0        whether sequences are delimited by cumulative lengths
//   WIDTH          -    4        floats per vector; above 4 in OpenCL only
//
// Invariants: the workgroup is WORK_R·WORK_C × 1 × 1; LANES divides it.
#ifndef TESSERA_ATTENTION_PARAMETERS_H
#define TESSERA_ATTENTION_PARAMETERS_H

PARAMETER(9, int, HEAD_DIM, 64)
PARAMETER(10, int, VALUE_DIM, 64)
PARAMETER(11, int, WORK_R, 16)
PARAMETER(12, int, WORK_C, 8)
PARAMETER(13, int, BLOCK_R, 4)
PARAMETER(14, int, BLOCK_C, 4)
PARAMETER(15, int, BLOCK_V, 8)
PARAMETER(16, int, BLOCK_D, 8)
PARAMETER(17, int, STEP_D, 32)
PARAMETER(18, int, STEP_C, 32)
PARAMETER(19, int, RESIDENT, 1)
PARAMETER(20, int, STAGE, 2304)
PARAMETER(21, int, LANES, 32)
PARAMETER(22, int, PARTS, 1)
PARAMETER(23, int, GRAIN, 1)
PARAMETER(25, int, SOFT_CAP, 0)
PARAMETER(28, int, PACKED, 0)

// Bits of `flags`, a field of every kernel's constants.
#define FLAG_CONTINUE 1  // the state of the earlier dispatch is in STATE
#define FLAG_SUSPEND 2   // leave the state in STATE; no output yet
#define FLAG_TOP_LEFT 4  // query 0 stands at key 0, not the last query at the last key

#endif
