// Gates of the three branches of native sparse attention:
//
//   FORWARD 1   OUT[r] = Σi GATES[r, i] · Oi[r]                               a row is a query of a head
//   FORWARD 0   OUT[r] = GATES[r, branch] · DO[r]        GRADIENTS[r, branch] = DO[r] · Oi[r]
//
// FORWARD 0 has DO for O0 and the branch's output for O1. What BRANCHES lacks is not read and counts as
// 0. Eight invocations make one row; 64 per workgroup.
//
//   parameter     id   meaning
//   O_DTYPE       3-6  element type of the O and OUT: 0 f32, 1 f16, 2 bf16
//   GATES_DTYPE   7    element type of GATES and GRADIENTS
//   VECTOR        8    rows are whole vectors of 4; see columns.h
//   FORWARD       10
//   BRANCHES      11   bits of the O there are
#ifndef TESSERA_NSA_GATE_H
#define TESSERA_NSA_GATE_H

PARAMETER(8, int, VECTOR, 0)
PARAMETER(10, int, FORWARD, 1)
PARAMETER(11, int, BRANCHES, 7)

CONSTANT_BLOCK(int rows; int columns; int branch;)

#define GATE_LOCALS LOCAL_ARRAY(float, partial, 64)

#endif
