// Joins what list_forward and list_query_gradient, KEY_MAJOR, made of each row's blocks:
//
//   WEIGHED 1   LSE = ln(Σw exp(PART_LSE[w]) + exp(sink))     O = Σw exp(PART_LSE[w] − LSE)·PARTS[w]
//   WEIGHED 0   O = Σw PARTS[w]
//
// PARTS f32 [units][rangeRows][listWidth][perRow][columns], PART_LSE the same without columns; only the
// first `total` of a row's places exist, in whose order sums run. O [batch][queries][heads][columns], LSE
// without columns. One invocation makes 4 columns of one query and head; 64 per workgroup. See
// list_front.h.
//
//   parameter     id  meaning
//   O_DTYPE       4   element type of O: 0 f32, 1 f16, 2 bf16
//   VECTOR        8   rows are whole vectors of 4; see columns.h
//   PACKED        28  whether sequences are delimited by cumulative lengths
//   WEIGHED       44  whether parts are softmaxes
#ifndef TESSERA_LIST_JOIN_H
#define TESSERA_LIST_JOIN_H

PARAMETER(8, int, VECTOR, 0)
PARAMETER(28, int, PACKED, 0)
PARAMETER(44, int, WEIGHED, 0)
#define PAGED 0

// `columnBlocks` invocations per row, at least 1; `count` invocations in all.
CONSTANT_BLOCK(
    int queries; int keys; int heads; int kvHeads; int listHeads; int listRows; int listWidth;
    int queryBlock; int keyBlock; int sequences; int flags; int firstRow; int rangeRows;
    int firstBatch; int firstUnit; int unitCount; int firstList; int columns; int columnBlocks;
    int count;)

#define FLAG_TOP_LEFT 4
#define FLAG_SINKS 32

#endif
