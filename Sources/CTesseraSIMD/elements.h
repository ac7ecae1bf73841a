#pragma once
// Elements of a storage type: 0 f32, 1 f16, 2 bf16.
#include "include/tessera_simd.h"
#include "vector.h"

// Address of element `i` of a tensor of storage type `type`.
INLINE const void *element_at(const void *base, int32_t type, size_t i) {
  return (const char *)base + i * (type == 0 ? 4 : 2);
}

// `count` elements from `i` on as f32: in place if they are, else converted into `room`.
INLINE const float *elements_load(
    const void *base, int32_t type, size_t i, size_t count, float *room) {
  const void *source = element_at(base, type, i);
  if (type == 0) return source;
  if (type == 1) tessera_f16_to_f32(source, room, count);
  else tessera_bf16_to_f32(source, room, count);
  return room;
}

// Rounds `count` values to elements from `i` on.
INLINE void elements_store(void *base, int32_t type, size_t i, size_t count, const float *values) {
  void *target = (void *)element_at(base, type, i);
  if (type == 0) memcpy(target, values, count * 4);
  else if (type == 1) tessera_f32_to_f16(values, target, count);
  else tessera_f32_to_bf16(values, target, count);
}

// Σ x·y over `count` elements.
INLINE float elements_dot(const float *x, const float *y, size_t count) {
  v8 a = v8_splat(0), b = v8_splat(0);
  size_t i = 0;
  for (; i + 2 * LANES <= count; i += 2 * LANES) {
    a += v8_load(x + i) * v8_load(y + i);
    b += v8_load(x + i + LANES) * v8_load(y + i + LANES);
  }
  float sum = v8_sum(a + b);
  for (; i < count; i++) sum += x[i] * y[i];
  return sum;
}

// out += factor · x over `count` elements.
INLINE void elements_add(float *out, float factor, const float *x, size_t count) {
  size_t i = 0;
  for (; i + LANES <= count; i += LANES)
    v8_store(out + i, v8_load(out + i) + v8_splat(factor) * v8_load(x + i));
  for (; i < count; i++) out[i] += factor * x[i];
}
