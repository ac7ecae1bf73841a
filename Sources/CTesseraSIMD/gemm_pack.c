#include "gemm.h"
#include <string.h>

typedef float v8 __attribute__((vector_size(32), aligned(4)));
#define SHUFFLE __builtin_shufflevector

static const float zeros[TESSERA_TILE_K];

void tessera_load(
    int64_t type, const void *base, int64_t offset, int64_t stride, int64_t count, float *out) {
  const unsigned char *bytes = (const unsigned char *)base + offset * tessera_size(type);
  if (type == TESSERA_GEMM_F32) {
    if (stride == 1) {
      memcpy(out, bytes, (size_t)count * 4);
    } else {
      for (int64_t i = 0; i < count; i++) memcpy(out + i, bytes + 4 * i * stride, 4);
    }
    return;
  }
  for (int64_t start = 0; start < count; start += TESSERA_RUN) {
    int64_t run = tessera_min(TESSERA_RUN, count - start);
    const void *source = bytes + 2 * start * stride;
    uint16_t gathered[TESSERA_RUN];
    if (stride != 1) {
      for (int64_t i = 0; i < run; i++)
        memcpy(gathered + i, bytes + 2 * (start + i) * stride, 2);
      source = gathered;
    }
    if (type == TESSERA_GEMM_F16) tessera_f16_to_f32(source, out + start, (size_t)run);
    else tessera_bf16_to_f32(source, out + start, (size_t)run);
  }
}

void tessera_store(
    int64_t type, void *base, int64_t offset, int64_t stride, int64_t count, const float *in) {
  unsigned char *bytes = (unsigned char *)base + offset * tessera_size(type);
  if (type == TESSERA_GEMM_F32) {
    if (stride == 1) {
      memcpy(bytes, in, (size_t)count * 4);
    } else {
      for (int64_t i = 0; i < count; i++) memcpy(bytes + 4 * i * stride, in + i, 4);
    }
    return;
  }
  for (int64_t start = 0; start < count; start += TESSERA_RUN) {
    int64_t run = tessera_min(TESSERA_RUN, count - start);
    uint16_t scattered[TESSERA_RUN];
    void *target = stride == 1 ? (void *)(bytes + 2 * start) : (void *)scattered;
    if (type == TESSERA_GEMM_F16) tessera_f32_to_f16(in + start, target, (size_t)run);
    else tessera_f32_to_bf16(in + start, target, (size_t)run);
    if (stride != 1) {
      for (int64_t i = 0; i < run; i++)
        memcpy(bytes + 2 * (start + i) * stride, scattered + i, 2);
    }
  }
}

// out[p] = (row 0's element p, …, row 7's element p)
static inline __attribute__((always_inline)) void transpose(
    const float *const *rows, int64_t p, v8 *out) {
  v8 r[8], s[8], t[8];
  for (int i = 0; i < 8; i++) r[i] = *(const v8 *)(rows[i] + p);
  for (int i = 0; i < 8; i += 2) {
    s[i] = SHUFFLE(r[i], r[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    s[i + 1] = SHUFFLE(r[i], r[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  for (int i = 0; i < 8; i += 4) {
    for (int h = 0; h < 2; h++) {
      t[i + 2 * h] = SHUFFLE(s[i + h], s[i + 2 + h], 0, 1, 8, 9, 4, 5, 12, 13);
      t[i + 2 * h + 1] = SHUFFLE(s[i + h], s[i + 2 + h], 2, 3, 10, 11, 6, 7, 14, 15);
    }
  }
  for (int i = 0; i < 4; i++) {
    out[i] = SHUFFLE(t[i], t[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    out[i + 4] = SHUFFLE(t[i], t[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

// out[p][j] = rows[j][p] for `width` rows, at most 32. Vectors of 8 rows are stored whole: where
// `width` is no multiple of 8 the surplus lands on what is written next.
TESSERA_CLONES
void tessera_interleave(const float *const *rows, int64_t kc, int64_t width, float *out) {
  int64_t p = 0;
  if (width == 12) {
    for (; p + 8 <= kc; p += 8) {
      v8 low[8], high[8];
      transpose(rows, p, low);
      transpose(rows + 8, p, high);
      for (int i = 0; i < 8; i++) {
        *(v8 *)(out + (p + i) * 12) = low[i];
        *(v8 *)(out + (p + i) * 12 + 8) = high[i];
      }
    }
  } else if (width == 6) {
    for (; p + 8 <= kc; p += 8) {
      v8 low[8];
      transpose(rows, p, low);
      for (int i = 0; i < 8; i++) *(v8 *)(out + (p + i) * 6) = low[i];
    }
  } else {
    for (; p + 8 <= kc; p += 8) {
      for (int64_t j = 0; j < width; j += 8) {
        v8 low[8];
        transpose(rows + j, p, low);
        for (int i = 0; i < 8; i++) *(v8 *)(out + (p + i) * width + j) = low[i];
      }
    }
  }
  for (; p < kc; p++)
    for (int64_t j = 0; j < width; j++) out[p * width + j] = rows[j][p];
}

// Panels of a matrix whose rows along j are contiguous: rows are cut into pieces.
TESSERA_CLONES
void tessera_cut_row(
    const float *row, int64_t count, int64_t width, int64_t panel_stride, float *out) {
  int64_t j = 0;
  if (width == 16) {
    for (; j + 16 <= count; j += 16, out += panel_stride) memcpy(out, row + j, 64);
  } else if (width == 6) {
    for (; j + 6 <= count; j += 6, out += panel_stride) memcpy(out, row + j, 24);
  } else {
    for (; j + width <= count; j += width, out += panel_stride)
      memcpy(out, row + j, (size_t)width * 4);
  }
  if (j < count)
    for (int64_t i = 0; i < width; i++) out[i] = j + i < count ? row[j + i] : 0;
}

void tessera_pack_panels(
    int64_t type, const void *base, int64_t offset, int64_t k_stride, int64_t j_stride, int64_t kc,
    int64_t count, int64_t width, int64_t panel_stride, float *out) {
  if (j_stride == 1) {
    // A whole number of panels at a time.
    int64_t step = TESSERA_RUN / width * width;
    float converted[TESSERA_RUN];
    for (int64_t p = 0; p < kc; p++) {
      for (int64_t j = 0; j < count; j += step) {
        int64_t run = tessera_min(step, count - j);
        int64_t start = offset + p * k_stride + j;
        const float *row = (const float *)base + start;
        if (type != TESSERA_GEMM_F32) {
          tessera_load(type, base, start, 1, run, converted);
          row = converted;
        }
        tessera_cut_row(row, run, width, panel_stride, out + j / width * panel_stride + p * width);
      }
    }
    return;
  }
  // Rows along k are contiguous (or neither is): `width` of them are interleaved.
  float converted[32][TESSERA_RUN / 2];
  const float *rows[32];
  int32_t direct = type == TESSERA_GEMM_F32 && k_stride == 1;
  int64_t step = direct ? TESSERA_TILE_K : TESSERA_RUN / 2;
  for (int64_t j = 0; j < count; j += width) {
    for (int64_t p = 0; p < kc; p += step) {
      int64_t run = tessera_min(step, kc - p);
      for (int64_t i = 0; i < tessera_round_up(width, 8); i++) {
        int64_t start = offset + p * k_stride + (j + i) * j_stride;
        if (i >= width || j + i >= count) {
          rows[i] = zeros;
        } else if (direct) {
          rows[i] = (const float *)base + start;
        } else {
          tessera_load(type, base, start, k_stride, run, converted[i]);
          rows[i] = converted[i];
        }
      }
      tessera_interleave(rows, run, width, out + j / width * panel_stride + p * width);
    }
  }
}
