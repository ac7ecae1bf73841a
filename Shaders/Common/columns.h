// Four neighbouring columns of a row of X, whose first is element `at`. VECTOR says that rows are whole
// vectors and the bound range is aligned for them; else columns are taken one at a time, and of those
// from the left-th on, which lie past the row's end, nothing is read (they are 0) or written.
#ifndef TESSERA_COLUMNS_H
#define TESSERA_COLUMNS_H

#define LOAD_COLUMNS(X, at, left, v)      \
  if (VECTOR != 0) {                      \
    v = LOAD4(X, at);                     \
  } else {                                \
    v = SPLAT4(0.0f);                     \
    v.x = LOAD(X, at);                    \
    if ((left) > 1) v.y = LOAD(X, (at) + 1); \
    if ((left) > 2) v.z = LOAD(X, (at) + 2); \
    if ((left) > 3) v.w = LOAD(X, (at) + 3); \
  }
#define STORE_COLUMNS(X, at, left, v)     \
  if (VECTOR != 0) {                      \
    STORE4(X, at, v);                     \
  } else {                                \
    STORE(X, at, v.x);                    \
    if ((left) > 1) STORE(X, (at) + 1, v.y); \
    if ((left) > 2) STORE(X, (at) + 2, v.z); \
    if ((left) > 3) STORE(X, (at) + 3, v.w); \
  }

// This invocation's number in a grid of workgroups of 64 that runs along x, then y.
#define LINEAR_ID ((GROUP_ID(1) * GROUP_COUNT(0) + GROUP_ID(0)) * 64 + LOCAL_ID(0))

#endif
