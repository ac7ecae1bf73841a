#pragma once
// The vector loops of attention. Each has a version per instruction set; what calls them does not
// need one.
#include "attention_tile.h"

// What a row knows of itself.
typedef struct {
  // Its number in the tile, -1 if it is none; its columns along the last axis, and position on the
  // key axes.
  int32_t row, begin, end, place[3];
  // Its lines along the outer axes, unless all rows of the block have the same.
  int32_t outer, low[2], high[2];
  // Of its head: the table of biases, the slope; LSE and δ (QUERIES).
  const float *bias;
  float slope, base, delta;
  // 1 if scores are more than scaled products; 2 if what the row attends is in lists.
  int full;
  // Of lists: the bit of the row's list in `live`, and positions that it attends in any case. `begin`
  // and `end` are positions then.
  int32_t member, near, near_end;
} at_row;

// out[i][8·j ..] = row i · column, for the listed column vectors; `rows` is [dim][BLOCK_ROWS],
// `columns` [dim][ld].
void tessera_at_product(
    const at_tile *t, const float *rows, const float *columns, size_t dim, int32_t vectors,
    float *out);

// acc[i] = acc[i]·factor[i] + Σ weights[i] · columns, each [column][pad]; without `factor` it is 1.
// If
// the columns are not all `finite`, one without weight does not count whatever it holds.
void tessera_at_accumulate(
    const at_tile *t, const float *columns, size_t pad, int32_t vectors, const float *weights,
    float *acc, const float *factor, int finite);

// Turns the products of one query into weights under the new running maximum. Returns what earlier
// sums must be multiplied by.
float tessera_at_softmax(const at_tile *t, const at_row *r, float *s, int32_t vectors);

// Turns the products of one row into the weights P, and its dP into dS before the scale. The rows
// are queries, or keys.
void tessera_at_weights(
    const at_tile *t, const at_row *r, float *s, float *dp, int32_t vectors, int keys);

// Copies the vectors listed in `vector`, of `dim` elements, to the chunk: transposed, as rows
// padded with zeros, or both. Returns whether all values of the rows are finite.
int tessera_at_gather(
    const at_tile *t, const void *source, int32_t dtype, size_t dim, size_t pad, int32_t count,
    float *transposed, float *rows);
// The same of a tensor whose elements have a type of their own or are codes.
int tessera_at_gather_codes(
    const at_tile *t, const void *source, const void *parameters, const tessera_codes *codes,
    size_t dim, size_t pad, int32_t count, float *transposed, float *rows);

float tessera_at_dot(const float *a, const float *b, size_t count);
