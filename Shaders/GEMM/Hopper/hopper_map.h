// Tensor maps, made by the kernel itself: the 128 bytes that tell the copy engine a tensor's address,
// extents, strides and box. A map is put together in local memory, field by field from zeros, and
// published to the workgroup's place in global memory, from where copies read it. So the host needs
// neither the driver's encoder nor the addresses of buffers.
#ifndef TESSERA_HOPPER_MAP_H
#define TESSERA_HOPPER_MAP_H

#define MAP_BYTES 128

#define MAP_SET32(at, field, value) \
  asm volatile("//@tensormap.replace.tile." field ".shared::cta.b1024.b32 [%0], %1;" ::"l"((ulong)(at)), "r"(value) : "memory")
#define MAP_SET32_AT(at, field, axis, value) \
  asm volatile("//@tensormap.replace.tile." field ".shared::cta.b1024.b32 [%0], " #axis ", %1;" ::"l"((ulong)(at)), "r"(value) : "memory")
#define MAP_SET64_AT(at, field, axis, value) \
  asm volatile("//@tensormap.replace.tile." field ".shared::cta.b1024.b64 [%0], " #axis ", %1;" ::"l"((ulong)(at)), "l"(value) : "memory")
#define MAP_SET_CODE(at, field, code) \
  asm volatile("//@tensormap.replace.tile." field ".shared::cta.b1024.b32 [%0], " code ";" ::"l"((ulong)(at)) : "memory")

// One axis of extent `extent`, stepped over by `stride` bytes (a multiple of 16), `box` of it at a time.
#define MAP_AXIS(at, axis, extent, box)                \
  MAP_SET32_AT(at, "global_dim", axis, (uint)(extent)); \
  MAP_SET32_AT(at, "box_dim", axis, (uint)(box));       \
  MAP_SET32_AT(at, "element_stride", axis, 1u);
#define MAP_STRIDE(at, before, stride) MAP_SET64_AT(at, "global_stride", before, (ulong)(stride));

// What all maps share: address, element type (f32 "7", f16 "6", bf16 "10"), rows of 128 bytes whose
// 16-byte pieces are permuted by the row's number, zeros outside.
#define MAP_BASE(at, address, rankLess1, type)                                                      \
  asm volatile("//@tensormap.replace.tile.global_address.shared::cta.b1024.b64 [%0], %1;" ::"l"((ulong)(at)), \
               "l"(address) : "memory");                                                            \
  MAP_SET_CODE(at, "rank", rankLess1);                                                              \
  MAP_SET_CODE(at, "elemtype", type);                                                               \
  MAP_SET_CODE(at, "interleave_layout", "0");                                                       \
  MAP_SET_CODE(at, "swizzle_mode", "3");                                                            \
  MAP_SET_CODE(at, "fill_mode", "0");

// Publishes a map; executed by a whole warp.
TESSERA_FN void map_publish(ulong to, uint from) {
  asm volatile(
      "//@tensormap.cp_fenceproxy.global.shared::cta.tensormap::generic.release.gpu.sync.aligned [%0], [%1], 128;" ::"l"(to),
      "l"((ulong)from)
      : "memory");
}

#endif
