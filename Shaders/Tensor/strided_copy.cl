// OpenCL form of strided_copy; see strided_copy.inc. -D ELEMENT=uchar | ushort | uint | ulong.
#define LOCAL_ID(axis) ((int)get_local_id(axis))
#define GROUP_ID(axis) ((int)get_group_id(axis))
#define GROUP_COUNT(axis) ((int)get_num_groups(axis))
#ifndef ELEMENT
#define ELEMENT uint
#endif

typedef struct {
  int count, n1, n2, n3, s0, s1, s2, s3, offset;
} Constants;

#ifdef TESSERA_ENFORCE
// Offset and bytes of a bound range: as in bounds_opencl.h.
#define PLACE ulong2
#define OFFSET(place) place.x
#define COPY(to, from)                                                                        \
  if ((ulong)(to) < destination_offset.y / sizeof(ELEMENT))                                   \
    destination[to] = source[min((ulong)(from), max(source_offset.y / sizeof(ELEMENT), 1UL) - 1)];
#else
#define PLACE ulong
#define OFFSET(place) place
#define COPY(to, from) destination[to] = source[from];
#endif

__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void strided_copy(
    __global const ELEMENT *source_base, __global ELEMENT *destination_base, PLACE source_offset,
    PLACE destination_offset, Constants p) {
  __global const ELEMENT *source =
      (__global const ELEMENT *)((__global const uchar *)source_base + OFFSET(source_offset));
  __global ELEMENT *destination =
      (__global ELEMENT *)((__global uchar *)destination_base + OFFSET(destination_offset));
#include "strided_copy.inc"
}
