#version 460
// Tokens in another order; see token_order.h.
#extension GL_GOOGLE_include_directive : require
#define LOAD_WORD(X, i) X##_words[i]
#define STORE_WORD(X, i, v) X##_words[i] = (v)
#include "prelude.h"
#include "columns.h"
WORKGROUP;
INPUT_BUFFER(0, FROM, 3)
OUTPUT_BUFFER(1, TO, 4)
#include "token_permutation.h"
#include "token_order.h"
void main() {
#include "token_gather.inc"
}
