// One attention from parts over disjoint sets of keys:
//
//   LSE[r] = ln Σs exp(PART_LSE[s][r])
//   O[r][c] = Σs exp(PART_LSE[s][r] − LSE[r]) · PARTS[s][r][c]          all row-major
//
// A part whose LSE is −inf contributes nothing and is not read; if all are, O is 0 and LSE −inf. Sums
// run over s in order. One invocation makes 4 columns of one row; 64 per workgroup.
//
//   parameter     id  meaning
//   PARTS_DTYPE   3   element type of PARTS: 0 f32, 1 f16, 2 bf16
//   O_DTYPE       4   element type of O
//   VECTOR        8   rows are whole vectors of 4; see columns.h
#ifndef TESSERA_ATTENTION_MERGE_H
#define TESSERA_ATTENTION_MERGE_H

PARAMETER(8, int, VECTOR, 0)

// `blocks` invocations per row, at least 1.
CONSTANT_BLOCK(int parts; int rows; int columns; int blocks;)

#endif
