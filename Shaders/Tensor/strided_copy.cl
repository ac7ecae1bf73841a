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

__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void strided_copy(
    __global const ELEMENT *source_base, __global ELEMENT *destination_base, ulong source_offset,
    ulong destination_offset, Constants p) {
  __global const ELEMENT *source =
      (__global const ELEMENT *)((__global const uchar *)source_base + source_offset);
  __global ELEMENT *destination =
      (__global ELEMENT *)((__global uchar *)destination_base + destination_offset);
#include "strided_copy.inc"
}
