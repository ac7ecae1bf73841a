#pragma once
// Vectors that are codes with parameters, as elements; the format is Shaders/Sparse/cache_codes.h's.
#include "elements.h"
#include "include/tessera_cache.h"

// Longest vector.
enum { MOST_CHANNELS = 512 };

// The codes of `count` elements from `first` on, both even.
INLINE void codes_expand(
    const uint8_t *codes, int32_t type, size_t first, size_t count, float *out) {
  if (type == 3) {
    for (size_t i = 0; i < count; i++) out[i] = codes[first + i];
    return;
  }
  for (size_t i = 0; i < count / 2; i++) {
    uint8_t pair = codes[first / 2 + i];
    out[2 * i] = pair & 15;
    out[2 * i + 1] = pair >> 4;
  }
}

// Vector `vector`, numbered by token and head, as f32: in place, or in `room`.
INLINE const float *codes_vector(
    const void *base, const void *parameters, const tessera_codes *c, size_t vector, size_t heads,
    size_t dim, float *room) {
  if (c->type < 3) return elements_load(base, c->type, vector * dim, dim, room);
  size_t channels = (size_t)c->channels, groups = dim / channels;
  size_t group = (vector / heads / (size_t)c->tokens * heads + vector % heads) * groups;
  codes_expand(base, c->type, vector * dim, dim, room);
  if (channels == 1) {
    float own[2 * MOST_CHANNELS];
    const float *pairs =
        elements_load(parameters, c->parameters_type, 2 * group, 2 * dim, own);
    for (size_t i = 0; i < dim; i++) room[i] = room[i] * pairs[2 * i] + pairs[2 * i + 1];
    return room;
  }
  for (size_t g = 0; g < groups; g++) {
    float own[2];
    const float *pair = elements_load(parameters, c->parameters_type, 2 * (group + g), 2, own);
    float scale = pair[0], zero = pair[1], *out = room + g * channels;
    for (size_t i = 0; i < channels; i++) out[i] = out[i] * scale + zero;
  }
  return room;
}
