// Permutations of tokens: which token stands at a place of the new order, and which place a token has.
//
// Valid as C, OpenCL C and GLSL alike. Tokens are row-major over extents n0 × n1 × n2; `first` tokens
// before them keep their places.
//
//   kind     new order
//   WINDOWS  window by window of w0 × w1 × w2, those at the far ends cut; row-major in and among windows
//   HILBERT  the same, and along a Hilbert curve within each w1 × w2 plane of a window: powers of 2 that
//            divide n1 and n2. A plane that is not square is a row of squares, whose curves join
//   TURNED   the first axis innermost: n1 × n2 × n0. Frames first becomes places first
//
// Sources: Hilbert (1891); Zhang et al., "Scale-DiT" (2025), for curves within windows.
#ifndef TESSERA_TOKEN_PERMUTATION_H
#define TESSERA_TOKEN_PERMUTATION_H

#ifndef TESSERA_FN
#define TESSERA_FN static inline
#endif

#define PERMUTATION_WINDOWS 0
#define PERMUTATION_HILBERT 1
#define PERMUTATION_TURNED 2

TESSERA_FN int permutation_min(int a, int b) { return a < b ? a : b; }

// Along a Hilbert curve through side × side places from (0, 0) to (side − 1, 0): row·side + column of
// step t.
TESSERA_FN int hilbert_place(int t, int side) {
  int x = 0;
  int y = 0;
  for (int s = 1; s < side; s *= 2) {
    int rx = (t >> 1) & 1;
    int ry = (t ^ rx) & 1;
    if (ry == 0) {
      if (rx == 1) {
        x = s - 1 - x;
        y = s - 1 - y;
      }
      int swap = x;
      x = y;
      y = swap;
    }
    x += s * rx;
    y += s * ry;
    t >>= 2;
  }
  return y * side + x;
}

// Its inverse: the step at column x of row y.
TESSERA_FN int hilbert_step(int x, int y, int side) {
  int t = 0;
  for (int s = side / 2; s > 0; s /= 2) {
    int rx = (x & s) > 0 ? 1 : 0;
    int ry = (y & s) > 0 ? 1 : 0;
    t += s * s * ((3 * rx) ^ ry);
    if (ry == 0) {
      if (rx == 1) {
        x = side - 1 - x;
        y = side - 1 - y;
      }
      int swap = x;
      x = y;
      y = swap;
    }
  }
  return t;
}

// Row-major place in a plane of w1 × w2 of step t.
TESSERA_FN int hilbert_plane_place(int t, int w1, int w2) {
  int side = permutation_min(w1, w2);
  int square = t / (side * side);
  int place = hilbert_place(t % (side * side), side);
  int along = square * side + place % side;
  int across = place / side;
  return w2 >= w1 ? across * w2 + along : along * w2 + across;
}

TESSERA_FN int hilbert_plane_step(int row, int column, int w1, int w2) {
  int side = permutation_min(w1, w2);
  int along = w2 >= w1 ? column : row;
  int across = w2 >= w1 ? row : column;
  return along / side * side * side + hilbert_step(along % side, across, side);
}

// The token at place i of the new order.
TESSERA_FN int permutation_token(
    int kind, int first, int n0, int n1, int n2, int w0, int w1, int w2, int i) {
  if (i < first) return i;
  i -= first;
  if (kind == PERMUTATION_TURNED) return first + i % n0 * (n1 * n2) + i / n0;
  int a0 = i / (w0 * n1 * n2);
  i -= a0 * w0 * n1 * n2;
  int s0 = permutation_min(w0, n0 - a0 * w0);
  int a1 = i / (s0 * w1 * n2);
  i -= a1 * s0 * w1 * n2;
  int s1 = permutation_min(w1, n1 - a1 * w1);
  int a2 = i / (s0 * s1 * w2);
  i -= a2 * s0 * s1 * w2;
  int s2 = permutation_min(w2, n2 - a2 * w2);
  int plane = i % (s1 * s2);
  if (kind == PERMUTATION_HILBERT) plane = hilbert_plane_place(plane, s1, s2);
  int x0 = a0 * w0 + i / (s1 * s2);
  int x1 = a1 * w1 + plane / s2;
  int x2 = a2 * w2 + plane % s2;
  return first + (x0 * n1 + x1) * n2 + x2;
}

// The place of token i in the new order.
TESSERA_FN int permutation_place(
    int kind, int first, int n0, int n1, int n2, int w0, int w1, int w2, int i) {
  if (i < first) return i;
  i -= first;
  if (kind == PERMUTATION_TURNED) return first + i % (n1 * n2) * n0 + i / (n1 * n2);
  int x0 = i / (n1 * n2);
  int x1 = i / n2 % n1;
  int x2 = i % n2;
  int a0 = x0 / w0;
  int a1 = x1 / w1;
  int a2 = x2 / w2;
  int s0 = permutation_min(w0, n0 - a0 * w0);
  int s1 = permutation_min(w1, n1 - a1 * w1);
  int s2 = permutation_min(w2, n2 - a2 * w2);
  int row = x1 - a1 * w1;
  int column = x2 - a2 * w2;
  int plane = row * s2 + column;
  if (kind == PERMUTATION_HILBERT) plane = hilbert_plane_step(row, column, s1, s2);
  return first + a0 * w0 * n1 * n2 + a1 * s0 * w1 * n2 + a2 * s0 * s1 * w2
      + (x0 - a0 * w0) * s1 * s2 + plane;
}

#endif
