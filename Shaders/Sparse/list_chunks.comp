#version 460
// Chunks of the rows that list each block; see list_chunks.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
#define STORE_INT(X, i, v) X##_ints[i] = v
WORKGROUP;
INDEX_BUFFER(0, OFFSETS)
INDEX_BUFFER(1, ENTRIES)
layout(set = 0, binding = 2, std430) buffer CHUNKS_Ints { int CHUNKS_ints[]; };
#include "list_chunks.h"
CHUNK_LOCALS
void main() {
#include "list_chunks.inc"
}
