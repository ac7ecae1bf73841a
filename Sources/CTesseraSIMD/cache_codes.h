#pragma once
// Vectors that are codes with parameters, as elements; the format is Shaders/Sparse/cache_codes.h's.
#include "elements.h"
#include "include/tessera_cache.h"

// Code `i` of a tensor of codes.
INLINE float codes_at(const uint8_t *codes, int32_t type, size_t i) {
  return type == 3 ? codes[i] : (float)(codes[i >> 1] >> (i & 1) * 4 & 15);
}

// Vector `vector`, numbered by token and head, as f32: in place, or in `room`.
INLINE const float *codes_vector(
    const void *base, const void *parameters, const tessera_codes *c, size_t vector, size_t heads,
    size_t dim, float *room) {
  if (c->type < 3) return elements_load(base, c->type, vector * dim, dim, room);
  size_t channels = (size_t)c->channels, groups = dim / channels;
  size_t group = (vector / heads / (size_t)c->tokens * heads + vector % heads) * groups;
  const uint8_t *codes = base;
  for (size_t g = 0; g < groups; g++) {
    float own[2];
    const float *pair = elements_load(parameters, c->parameters_type, 2 * (group + g), 2, own);
    float scale = pair[0], zero = pair[1];
    size_t at = vector * dim + g * channels;
    for (size_t i = 0; i < channels; i++)
      room[g * channels + i] = __builtin_fmaf(codes_at(codes, c->type, at + i), scale, zero);
  }
  return room;
}
