#version 460
// Lists of key blocks by rule; see pattern_rows.h.
#extension GL_GOOGLE_include_directive : require
#include "prelude.h"
WORKGROUP;
INDEX_BUFFER(0, TABLE)
INDEX_BUFFER(1, COLUMNS)
INDEX_BUFFER(2, SLASHES)
INT_BUFFER(3, INDICES)
INT_BUFFER(4, COUNTS)
#include "list_bitmap.h"
PARAMETER(5, int, PICTURES, 3)
#define PATTERN_PICTURES PICTURES
#include "pattern_rule.h"
#include "pattern_rows.h"
BITMAP_LOCALS
void main() {
#include "pattern_rows.inc"
}
