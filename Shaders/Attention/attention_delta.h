// What the softmax subtracts from every gradient of a row's weights:
//
//   DELTA[r] = Σc O[r][c] · DO[r][c]          O and DO of one type, DELTA f32
//
// ROWS rows per workgroup, LANES invocations each, which take blocks of 4 columns in turn; their sums
// are added in order of the lanes.
//
//   parameter   id  meaning
//   O_DTYPE     3   element type of O and DO: 0 f32, 1 f16, 2 bf16 (4 is DO's and must be the same)
//   VECTOR      8   rows are whole vectors of 4; see columns.h
#ifndef TESSERA_ATTENTION_DELTA_H
#define TESSERA_ATTENTION_DELTA_H

PARAMETER(8, int, VECTOR, 0)

CONSTANT_BLOCK(int rows; int columns;)

#define LANES 8
#define ROWS 8
#define DELTA_LOCALS LOCAL_ARRAY(float, partial, LANES * ROWS)

#endif
