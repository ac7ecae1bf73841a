#version 460
// Vulkan form of strided_copy; see strided_copy.inc. Compiled once per element size.
// variants only
// variant: 1 -DELEMENT=uint8_t
// variant: 2 -DELEMENT=uint16_t
// variant: 4 -DELEMENT=uint
// variant: 8 -DELEMENT=uvec2
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_shader_8bit_storage : require
#extension GL_EXT_shader_16bit_storage : require
#define LOCAL_ID(axis) int(gl_LocalInvocationID[axis])
#define GROUP_ID(axis) int(gl_WorkGroupID[axis])
#define GROUP_COUNT(axis) int(gl_NumWorkGroups[axis])
#ifndef ELEMENT
#define ELEMENT uint
#endif

#define COPY(to, from) destination[to] = source[from];

layout(local_size_x = 64) in;
layout(set = 0, binding = 0, std430) readonly buffer Source { ELEMENT source[]; };
layout(set = 0, binding = 1, std430) writeonly buffer Destination { ELEMENT destination[]; };
layout(push_constant, std430) uniform Constants {
  int count, n1, n2, n3, s0, s1, s2, s3, offset;
} p;

void main() {
#include "strided_copy.inc"
}
