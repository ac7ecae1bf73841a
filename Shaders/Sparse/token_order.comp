#version 460
// A permutation of tokens as indices; see token_order.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
#include "columns.h"
WORKGROUP;
INT_BUFFER(0, ORDER)
#include "token_permutation.h"
#include "token_order.h"
void main() {
#include "token_order.inc"
}
