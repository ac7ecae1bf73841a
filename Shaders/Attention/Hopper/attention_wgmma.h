// The steps of attention_hopper: products of a warpgroup's 64 rows, softmax, and arithmetic on fragments.
// Score i of an invocation (lane l) is of row 8·(i / 2 % 2) + l / 4, column 8·(i / 4) + 2·(l % 4) + i % 2;
// results the same with elements in place of columns.
#ifndef TESSERA_ATTENTION_WGMMA_H
#define TESSERA_ATTENTION_WGMMA_H

#define SCORES_TEXT(places, a, b, add)                                                                \
  "//@{ .reg .pred p; setp.ne.b32 p, " add ", 0; wgmma.mma_async.sync.aligned.m64n" TSR_TEXT(TILE_C)  \
  "k16.f32." ELEMENT "." ELEMENT " {" places "}, " a ", " b ", p, 1, 1, 0, 0; }"
#define RESULT_TEXT(places, a, b)                                                                     \
  "//@wgmma.mma_async.sync.aligned.m64n" TSR_TEXT(RESULT_N) "k16.f32." ELEMENT "." ELEMENT " {" places \
  "}, {" a "}, " b ", 1, 1, 1, 1;"

#if TILE_C == 64
#define WGMMA_SCORES(d, a, b, add) \
  asm volatile(SCORES_TEXT(PLACES_32, "%32", "%33", "%34") : SUMS_32(d, 0) : "l"(a), "l"(b), "r"(add))
#else
#define WGMMA_SCORES(d, a, b, add)                         \
  asm volatile(SCORES_TEXT(PLACES_64, "%64", "%65", "%66") \
               : SUMS_32(d, 0), SUMS_32(d, 32) : "l"(a), "l"(b), "r"(add))
#endif
#define WORDS_4(a) "r"((a)[0]), "r"((a)[1]), "r"((a)[2]), "r"((a)[3])
#if PAD_V == 64
#define RESULT_N 64
#define WGMMA_RESULT(d, a, b) \
  asm volatile(RESULT_TEXT(PLACES_32, "%32, %33, %34, %35", "%36") : SUMS_32(d, 0) : WORDS_4(a), "l"(b))
#elif PAD_V == 128
#define RESULT_N 128
#define WGMMA_RESULT(d, a, b)                                        \
  asm volatile(RESULT_TEXT(PLACES_64, "%64, %65, %66, %67", "%68") \
               : SUMS_32(d, 0), SUMS_32(d, 32) : WORDS_4(a), "l"(b))
#elif PAD_V == 192
#define RESULT_N 192
#define WGMMA_RESULT(d, a, b)                                        \
  asm volatile(RESULT_TEXT(PLACES_96, "%96, %97, %98, %99", "%100") \
               : SUMS_32(d, 0), SUMS_32(d, 32), SUMS_32(d, 64) : WORDS_4(a), "l"(b))
#else
#define RESULT_N 256
#define WGMMA_RESULT(d, a, b)                                              \
  asm volatile(RESULT_TEXT(PLACES_128, "%128, %129, %130, %131", "%132") \
               : SUMS_32(d, 0), SUMS_32(d, 32), SUMS_32(d, 64), SUMS_32(d, 96) : WORDS_4(a), "l"(b))
#endif

TESSERA_FN void workgroup_sync(void) { asm volatile("bar.sync 0;" ::: "memory"); }

#define HOPPER_WAIT_FULL(c)                  \
  {                                          \
    barrier_wait(FULL_AT(c), PHASE_OF(c));   \
    if (!BOX_COPIES) fence_copies();         \
  }
#if WARPGROUPS == 2
#define HOPPER_BEGIN_TURNS() if (own == 1) asm volatile("bar.arrive 4, 256;" ::: "memory");
#define HOPPER_TURN() asm volatile("bar.sync %0, 256;" ::"r"(4 + own) : "memory");
#define HOPPER_PASS() asm volatile("bar.arrive %0, 256;" ::"r"(5 - own) : "memory");
#else
#define HOPPER_BEGIN_TURNS()
#define HOPPER_TURN()
#define HOPPER_PASS()
#endif
#define HOPPER_RELEASE(c)                          \
  {                                                \
    warp_sync();                                   \
    if (lane == 0) barrier_arrive(EMPTY_AT(c));    \
  }
#define HOPPER_START()                                        \
  largest[0] = largest[1] = -TSR_INFINITY;                    \
  total[0] = total[1] = 0.0f;                                 \
  UNROLL                                                      \
  for (int i = 0; i < PAD_V / 2; i++) result[i] = 0.0f;

#define HOPPER_SCORES(c)                                                                     \
  {                                                                                          \
    ulong keys = ROWS_OF_K | SLOT_AT(c) >> 4;                                                \
    UNROLL                                                                                   \
    for (int s = 0; s < K_STEPS; s++)                                                        \
      WGMMA_SCORES(scores, queryMatrix + (s / 4 * 512 + s % 4 * 2),                          \
                   keys + (s / 4 * (BLOCK_BYTES >> 4) + s % 4 * 2), s);                      \
  }
#define HOPPER_RESULT(c)                                                                     \
  {                                                                                          \
    ulong values = ROWS_OF_V | SLOT_AT(c) >> 4;                                              \
    UNROLL                                                                                   \
    for (int s = 0; s < TILE_C / 16; s++)                                                    \
      WGMMA_RESULT(result, weights + 4 * s, values + s * (16 * 128 >> 4));                   \
  }
#define HOPPER_PACK()                                                                        \
  UNROLL                                                                                     \
  for (int i = 0; i < TILE_C / 4; i++) weights[i] = PACK(scores[2 * i], scores[2 * i + 1]);

#define SCORE_COLUMN(i) ((i) / 4 * 8 + lane % 4 * 2 + (i) % 2)

// Caps, biases and masks the scores of tile `index`, turns them into weights and says by what `factor`
// earlier sums are to be multiplied.
#define HOPPER_SOFTMAX(index)                                                                \
  {                                                                                          \
    int table = (index) % TABLES * TILE_C;                                                   \
    bool full = tileFull[(index) % TABLES] != 0;                                             \
    bool extra = EXTRA_KEYS != 0 && firstTile + (index) >= boxTiles;                         \
    if (shaped) {                                                                            \
      float slope = SCORE_BIAS == 2 ? BIAS_LOAD(scoreHead) : 0.0f;                          \
      UNROLL                                                                                 \
      for (int i = 0; i < TILE_C / 2; i++) {                                                 \
        float s = scores[i] * p.scale;                                                       \
        if (SOFT_CAP != 0) s = tsr_tanh(s / p.softCap) * p.softCap;                          \
        if (SCORE_BIAS != 0 && !extra) {                                                     \
          int place = rowPlace[row0 + i / 2 % 2 * 8];                                        \
          int other = columnPlaces[table + SCORE_COLUMN(i)];                                 \
          s += SCORE_BIAS == 1                                                               \
              ? BIAS_LOAD(scoreHead * BIAS_TABLE + clamp(place + other, 0, BIAS_TABLE - 1))   \
              : -slope * (float)abs(place - other);                                          \
        }                                                                                    \
        scores[i] = s * 1.44269504f;                                                         \
      }                                                                                      \
    }                                                                                        \
    if (!full) {                                                                             \
      masked = true;                                                                         \
      uint low0 = extra ? 0u : rowLow[row0], last0 = extra ? 0u : rowLast[row0];             \
      uint low1 = extra ? 0u : rowLow[row0 + 8], last1 = extra ? 0u : rowLast[row0 + 8];     \
      last0 |= guard;                                                                        \
      last1 |= guard;                                                                        \
      UNROLL                                                                                 \
      for (int j = 0; j < TILE_C / 4; j++) {                                                 \
        uint code = columnCodes[table + j / 2 * 8 + lane % 4 * 2 + j % 2];                   \
        uint in0 = ((code | guard) - low0) & (last0 - code) & guard;                         \
        uint in1 = ((code | guard) - low1) & (last1 - code) & guard;                         \
        int i = j / 2 * 4 + j % 2;                                                           \
        scores[i] = in0 == guard ? scores[i] : -TSR_INFINITY;                                \
        scores[i + 2] = in1 == guard ? scores[i + 2] : -TSR_INFINITY;                        \
      }                                                                                      \
    }                                                                                        \
    UNROLL                                                                                   \
    for (int r = 0; r < 2; r++) {                                                            \
      float top = scores[2 * r];                                                             \
      UNROLL                                                                                 \
      for (int j = 0; j < TILE_C / 8; j++)                                                   \
        top = fmax(top, fmax(scores[4 * j + 2 * r], scores[4 * j + 2 * r + 1]));             \
      top = fmax(top, across(top, 1));                                                       \
      top = fmax(top, across(top, 2));                                                       \
      float now = fmax(largest[r], top);                                                     \
      /* No column yet: every weight is 2^-inf = 0. */                                       \
      float start = now == -TSR_INFINITY ? 0.0f : now * power;                                \
      factor[r] = power2(largest[r] * power - start);                                         \
      largest[r] = now;                                                                      \
      float sum = 0.0f;                                                                      \
      UNROLL                                                                                 \
      for (int j = 0; j < TILE_C / 8; j++) {                                                 \
        UNROLL                                                                               \
        for (int e = 0; e < 2; e++) {                                                        \
          float w = power2(fma(scores[4 * j + 2 * r + e], power, -start));                    \
          scores[4 * j + 2 * r + e] = w;                                                     \
          sum += w;                                                                          \
        }                                                                                    \
      }                                                                                      \
      total[r] = total[r] * factor[r] + sum;                                                 \
    }                                                                                        \
  }

// result += weights · values of chunk c, weights of 0 left out.
#define HOPPER_WEIGH(c)                                                                      \
  {                                                                                          \
    uint values = SLOT_AT(c);                                                                \
    UNROLL                                                                                   \
    for (int s = 0; s < TILE_C / 16; s++) {                                                  \
      for (int from = 0; from < 8; from++) {                                                 \
        int source = lane / 4 * 4 + from / 2;                                                \
        UNROLL                                                                               \
        for (int high = 0; high < 2; high++) {                                               \
          uint word0 = from_lane(weights[4 * s + 2 * high], source);                         \
          uint word1 = from_lane(weights[4 * s + 2 * high + 1], source);                     \
          float w0 = from % 2 ? word_high(word0) : word_low(word0);                          \
          float w1 = from % 2 ? word_high(word1) : word_low(word1);                          \
          int r = 16 * s + 8 * high + from;                                                  \
          UNROLL                                                                             \
          for (int j = 0; j < PAD_V / 8; j++) {                                              \
            uint pair = local_word(values + j / 8 * BLOCK_BYTES + r * 128                    \
                                   + ((j % 8 ^ r % 8) << 4) + lane % 4 * 4);                 \
            float low = word_low(pair), up = word_high(pair);                                \
            result[4 * j] += w0 == 0.0f ? 0.0f : w0 * low;                                   \
            result[4 * j + 1] += w0 == 0.0f ? 0.0f : w0 * up;                                \
            result[4 * j + 2] += w1 == 0.0f ? 0.0f : w1 * low;                               \
            result[4 * j + 3] += w1 == 0.0f ? 0.0f : w1 * up;                                \
          }                                                                                  \
        }                                                                                    \
      }                                                                                      \
    }                                                                                        \
  }

#if O_DTYPE == 0
#define STORE_PAIR(at, low, high) *(__global float2 *)(O + (at)) = (float2)(low, high)
#elif O_DTYPE == 1
#define STORE_PAIR(at, low, high) *(__global uint *)(O + (at)) = pack_f16(low, high)
#else
#define STORE_PAIR(at, low, high) *(__global uint *)(O + (at)) = pack_bf16(low, high)
#endif

#endif
