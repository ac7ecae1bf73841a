// The prelude's GLSL half; see prelude.h.
#ifndef TESSERA_PRELUDE_GLSL_H
#define TESSERA_PRELUDE_GLSL_H

#extension GL_EXT_shader_16bit_storage : require
#extension GL_EXT_control_flow_attributes : require

#define TESSERA_FN

#define WORKGROUP layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in
#define LOCAL_ID(axis) int(gl_LocalInvocationID[axis])
#define GROUP_ID(axis) int(gl_WorkGroupID[axis])
#define GROUP_COUNT(axis) int(gl_NumWorkGroups[axis])
#define GLOBAL_ID(axis) int(gl_GlobalInvocationID[axis])
#define BARRIER() barrier()
#define UNROLL [[unroll]]
#define PRECISE precise

#define LOCAL_ARRAY(type, name, count) shared type name[count];
#define LOCAL_SCALAR(name, i) name[(i) >> 2][(i) & 3]
#define LOCAL_OR(name, i, v) atomicOr(name[i], v)
#define LOCAL_AND(name, i, v) atomicAnd(name[i], v)
#define LOCAL_ADD(name, i, v) atomicAdd(name[i], v)
#define POPCOUNT(x) bitCount(x)

#define float4 vec4
#define int4 ivec4
#define MAKE4(a, b, c, d) vec4(a, b, c, d)
#define SPLAT4(a) vec4(a)
#define MAKE_INT4(a, b, c, d) ivec4(a, b, c, d)
#define AS_INT(x) floatBitsToInt(x)
#define AS_UINT(x) floatBitsToUint(x)
#define INT_AS_FLOAT(x) intBitsToFloat(x)
#define UINT_AS_FLOAT(x) uintBitsToFloat(x)

#define PARAMETER(id, type, name, value) layout(constant_id = id) const type name = value;

#define CONSTANT_BLOCK(fields)                    \
  layout(push_constant, std430) uniform Constants { \
    fields                                        \
  } p;

// Rounds to nearest, ties to even. packHalf2x16 may round either way.
uint tsr_f16_bits(float v) {
  uint u = floatBitsToUint(v);
  uint sign = (u >> 16) & 0x8000u;
  u &= 0x7fffffffu;
  if (u > 0x7f800000u) return sign | 0x7e00u;
  if (u >= 0x477ff000u) return sign | 0x7c00u;
  if (u >= 0x38800000u) return sign | ((u - 0x38000000u + 0xfffu + ((u >> 13) & 1u)) >> 13);
  // Subnormal: shift the significand, its leading one included, down to units of 2⁻²⁴.
  uint shift = 126u - (u >> 23);
  if (shift > 25u) return sign;
  uint m = (u & 0x7fffffu) | 0x800000u;
  uint q = m >> shift;
  uint rest = m & ((1u << shift) - 1u);
  uint tie = 1u << (shift - 1u);
  return sign | (q + (rest > tie || (rest == tie && (q & 1u) != 0u) ? 1u : 0u));
}
uint tsr_bf16_bits(float v) {
  uint u = floatBitsToUint(v);
  uint rounded = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
  return (u & 0x7fffffffu) > 0x7f800000u ? (u >> 16) | 0x40u : rounded;
}

// The same binding is declared as scalars and as vectors: descriptors alias freely.
#define INPUT_BUFFER(slot, X, id)                                                           \
  layout(constant_id = id) const int X##_DTYPE = 0;                                         \
  layout(set = 0, binding = slot, std430) readonly buffer X##_Words { uint X##_words[]; };  \
  layout(set = 0, binding = slot, std430) readonly buffer X##_Pairs { uvec2 X##_pairs[]; }; \
  layout(set = 0, binding = slot, std430) readonly buffer X##_Quads { vec4 X##_quads[]; };  \
  TSR_LOADS(X)

// May be read back by LOAD, too: an output of one step that a later one continues.
#define OUTPUT_BUFFER(slot, X, id)                                                       \
  layout(constant_id = id) const int X##_DTYPE = 0;                                      \
  layout(set = 0, binding = slot, std430) buffer X##_Words { uint X##_words[]; };        \
  layout(set = 0, binding = slot, std430) buffer X##_Halves { uint16_t X##_halves[]; };  \
  layout(set = 0, binding = slot, std430) buffer X##_Pairs { uvec2 X##_pairs[]; };       \
  layout(set = 0, binding = slot, std430) buffer X##_Quads { vec4 X##_quads[]; };        \
  TSR_LOADS(X)                                                                           \
  void X##_store(int i, float v) {                                                       \
    if (X##_DTYPE == 0) X##_words[i] = floatBitsToUint(v);                               \
    else if (X##_DTYPE == 1) X##_halves[i] = uint16_t(tsr_f16_bits(v));                  \
    else X##_halves[i] = uint16_t(tsr_bf16_bits(v));                                     \
  }                                                                                      \
  void X##_store4(int i, vec4 v) {                                                       \
    if (X##_DTYPE == 0) {                                                                \
      X##_quads[i >> 2] = v;                                                             \
    } else if (X##_DTYPE == 1) {                                                         \
      X##_pairs[i >> 2] = uvec2(                                                         \
          tsr_f16_bits(v.x) | tsr_f16_bits(v.y) << 16,                                   \
          tsr_f16_bits(v.z) | tsr_f16_bits(v.w) << 16);                                  \
    } else {                                                                             \
      X##_pairs[i >> 2] = uvec2(                                                         \
          tsr_bf16_bits(v.x) | tsr_bf16_bits(v.y) << 16,                                 \
          tsr_bf16_bits(v.z) | tsr_bf16_bits(v.w) << 16);                                \
    }                                                                                    \
  }

#define TSR_LOADS(X)                                                                     \
  float X##_load(int i) {                                                                \
    if (X##_DTYPE == 0) return uintBitsToFloat(X##_words[i]);                            \
    uint w = X##_words[i >> 1];                                                          \
    uint h = (i & 1) != 0 ? w >> 16 : w & 0xffffu;                                       \
    return X##_DTYPE == 1 ? TSR_UNPACK(h) : uintBitsToFloat(h << 16);                    \
  }                                                                                      \
  vec4 X##_load4(int i) {                                                                \
    if (X##_DTYPE == 0) return X##_quads[i >> 2];                                        \
    uvec2 w = X##_pairs[i >> 2];                                                         \
    if (X##_DTYPE == 1)                                                                  \
      return vec4(                                                                       \
          TSR_UNPACK(w.x & 0xffffu), TSR_UNPACK(w.x >> 16), TSR_UNPACK(w.y & 0xffffu),   \
          TSR_UNPACK(w.y >> 16));                                                        \
    return vec4(                                                                         \
        uintBitsToFloat(w.x << 16), uintBitsToFloat(w.x & 0xffff0000u),                  \
        uintBitsToFloat(w.y << 16), uintBitsToFloat(w.y & 0xffff0000u));                 \
  }
#define TSR_UNPACK(h) unpackHalf2x16(h).x

#define INDEX_BUFFER(slot, X) \
  layout(set = 0, binding = slot, std430) readonly buffer X##_Ints { int X##_ints[]; };
#define INT_BUFFER(slot, X) \
  layout(set = 0, binding = slot, std430) buffer X##_Ints { int X##_ints[]; };

#define LOAD(X, i) X##_load(i)
#define LOAD4(X, i) X##_load4(i)
#define LOAD_INT(X, i) X##_ints[i]
#define STORE_INT(X, i, v) X##_ints[i] = (v)
#define STORE(X, i, v) X##_store(i, v)
#define STORE4(X, i, v) X##_store4(i, v)

#endif
