#pragma once
// The main loop of a tile: chunk by chunk of its columns, every register block of its rows.
//
//   lines of the box     . . . . . . . .        only the lines inside the block's interval on the
//   the block's columns  . . [c c c c c c]      outer axes are visited; along the last axis the
//                        . . [c c c c c c]      union of the block's intervals, in vectors of 8,
//                        . . . . . . . .        each row masked to its own
#include "attention_block.h"
#include "attention_columns.h"
#include "attention_rows.h"

// Lines [line, line_end) × columns [col, col_end) of the box, gathered. Additional keys are a line
// that every row meets.
typedef struct {
  int32_t line, line_end, col, col_end;
  int finite, extra;
} at_chunk;

// Lists the column vectors of a register block: `from` to `to` of the lines within its outer
// intervals.
static int32_t at_list(
    const at_tile *t, const at_place *w, const at_chunk *c, const int32_t low[2],
    const int32_t high[2], int32_t from, int32_t to, int pass) {
  int32_t vectors = 0, width = c->col_end - c->col;
  for (int32_t r = c->line; r < c->line_end; r++) {
    int32_t j[2] = {r, 0};
    if (!c->extra) {
      j[0] = w->begin[0] + r / w->extent[1];
      j[1] = w->begin[1] + r % w->extent[1];
      if (j[0] < low[0] || j[0] >= high[0] || j[1] < low[1] || j[1] >= high[1]) continue;
    }
    int32_t place[2] = {j[0], j[1]};
    for (int a = 0; a < 2; a++)
      if (at_is_keys(pass) && !c->extra) place[a] = at_center(w, a, j[a]);
    for (int32_t x = from; x < to; x += LANES, vectors++) {
      t->start[vectors] = (r - c->line) * width + x - c->col;
      t->column[vectors] = x;
      t->used[vectors] = at_min(LANES, to - x);
      for (int a = 0; a < 2; a++) {
        t->line[a][vectors] = j[a];
        t->outer[a][vectors] = place[a];
      }
    }
  }
  return vectors;
}

// What the rows of a register block from (i0, i1, i2) on have in common over all heads. Returns its
// bounds along each axis.
static void at_rows(
    const at_tile *t, const at_place *w, const at_chunk *c, const int32_t from[3],
    at_row rows[BLOCK_ROWS], int32_t low[3], int32_t high[3]) {
  for (int a = 0; a < 3; a++) {
    int32_t last = at_min(from[a] + t->side[a], w->row_end[a] - w->row[a]) - 1;
    low[a] = c->extra ? 0 : t->low[a][from[a]];
    high[a] = c->extra ? c->col_end : t->high[a][last];
  }
  int32_t i = 0;
  int32_t x[3];
  for (x[0] = from[0]; x[0] < from[0] + t->side[0]; x[0]++)
    for (x[1] = from[1]; x[1] < from[1] + t->side[1]; x[1]++)
      for (x[2] = from[2]; x[2] < from[2] + t->side[2]; x[2]++, i++) {
        at_row *r = rows + i;
        r->row = -1;
        int there = 1;
        for (int a = 0; a < 3; a++) there &= x[a] < w->row_end[a] - w->row[a];
        if (!there) continue;
        r->row = i;
        r->outer = !c->extra && t->side[0] * t->side[1] > 1;
        for (int a = 0; a < 3; a++) r->place[a] = t->place[a][x[a]];
        for (int a = 0; a < 2; a++) {
          r->low[a] = t->low[a][x[a]];
          r->high[a] = t->high[a][x[a]];
        }
        r->begin = c->extra ? 0 : t->low[2][x[2]] - w->begin[2];
        r->end = c->extra ? c->col_end : t->high[2][x[2]] - w->begin[2];
      }
}

// What the rows of a block have of a head.
static void at_head_rows(
    const at_tile *t, const at_chunk *c, at_row rows[BLOCK_ROWS], int32_t first, size_t query_head,
    int pass) {
  const tessera_attention_axis *x = t->p->axis;
  for (int i = 0; i < BLOCK_ROWS; i++) {
    at_row *r = rows + i;
    if (r->row < 0) continue;
    r->row = first + i;
    if (at_is_keys(pass) && !t->shown[r->row]) r->begin = r->end = 0;
    if (pass == TESSERA_ATTENTION_QUERIES) {
      r->base = t->base[r->row];
      r->delta = t->delta[r->row];
    }
    r->full = !c->extra && at_is_full(t->p);
    if (!r->full) continue;
    size_t table = (size_t)(2 * x[0].window - 1) * (size_t)(2 * x[1].window - 1)
        * (size_t)(2 * x[2].window - 1);
    r->bias = t->p->bias ? t->x->bias + query_head * table : NULL;
    r->slope = t->p->alibi ? t->x->alibi[query_head] : 0;
  }
}

// Runs every register block of the tile over a chunk. Columns of additional keys or for them are
// met by every row.
static void at_visit(
    const at_tile *t, const at_place *w, const at_chunk *c, size_t head, int pass) {
  int keys = at_is_keys(pass);
  int32_t i[3];
  for (i[0] = 0; i[0] < w->row_end[0] - w->row[0]; i[0] += t->side[0])
    for (i[1] = 0; i[1] < w->row_end[1] - w->row[1]; i[1] += t->side[1])
      for (i[2] = 0; i[2] < w->row_end[2] - w->row[2]; i[2] += t->side[2]) {
        at_row rows[BLOCK_ROWS];
        int32_t low[3], high[3];
        at_rows(t, w, c, i, rows, low, high);
        int32_t origin = c->extra ? 0 : w->begin[2];
        int32_t from = at_max(low[2] - origin, c->col), to = at_min(high[2] - origin, c->col_end);
        int32_t vectors = at_list(t, w, c, low, high, from, to, pass);
        if (vectors == 0) continue;
        for (size_t h = 0; h < (keys ? 1 : w->heads); h++) {
          size_t block = (size_t)at_block_index(t, h, i[0], i[1], i[2]);
          at_head_rows(
              t, c, rows, (int32_t)block * BLOCK_ROWS, keys ? head : w->head + h, pass);
          at_block(t, block, vectors, rows, c->finite, pass);
        }
      }
}

// Streams the box of columns: whole lines if one fits into a chunk, else parts of a line.
static void at_stream(
    const at_tile *t, const at_place *w, size_t head, int pass) {
  if (w->extent[0] <= 0 || w->extent[1] <= 0 || w->extent[2] <= 0) return;
  int keys = at_is_keys(pass);
  int32_t columns = at_min(t->p->chunk, w->extent[2]), lines = w->extent[0] * w->extent[1];
  int32_t step = columns < w->extent[2] ? 1 : t->p->chunk / columns;
  for (int32_t line = 0; line < lines; line += step)
    for (int32_t col = 0; col < w->extent[2]; col += columns) {
      at_chunk c = {
          line, at_min(line + step, lines), col, at_min(col + columns, w->extent[2]), 1, 0};
      int32_t width = c.col_end - c.col, count = (c.line_end - c.line) * width;
      for (int32_t r = c.line; r < c.line_end; r++)
        at_line(t, w, !keys, r, col, width, (r - c.line) * width);
      c.finite = keys ? at_gather_queries(t, head, count)
                      : at_gather_keys(t, w, count, 0, pass);
      at_visit(t, w, &c, head, pass);
    }
}

// Streams columns [begin, end) of one line that every row meets: additional keys, from vector
// `first` of their tensors on, or queries for the gradients of additional keys.
static void at_stream_all(
    const at_tile *t, const at_place *w, size_t first, int32_t begin, int32_t end, size_t head,
    int pass) {
  int keys = at_is_keys(pass);
  for (int32_t col = begin; col < end; col += t->p->chunk) {
    at_chunk c = {0, 1, col, at_min(col + t->p->chunk, end), 1, 1};
    int32_t count = c.col_end - c.col;
    for (int32_t i = 0; i < count; i++) t->token[i] = first + (size_t)(col + i);
    c.finite = keys ? at_gather_queries(t, head, count)
                    : at_gather_keys(t, w, count, 1, pass);
    at_visit(t, w, &c, head, pass);
  }
}
