// Chunks of the rows that list each block; see list_chunks.h.
#include "prelude.h"
#include "list_chunks.h"
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void list_chunks(
    INDEX_ARG(OFFSETS), INDEX_ARG(ENTRIES), INT_ARG(CHUNKS), OFFSET_ARG(OFFSETS),
    OFFSET_ARG(ENTRIES), OFFSET_ARG(CHUNKS), Constants p) {
  BIND_INDEX(OFFSETS) BIND_INDEX(ENTRIES) BIND_INT(CHUNKS)
  CHUNK_LOCALS
#include "list_chunks.inc"
}
