#version 460
// Chunks of the rows that list each block; see list_chunks.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
INDEX_BUFFER(0, OFFSETS)
INDEX_BUFFER(1, ENTRIES)
INT_BUFFER(2, CHUNKS)
#include "list_chunks.h"
CHUNK_LOCALS
void main() {
#include "list_chunks.inc"
}
