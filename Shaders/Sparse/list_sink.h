// A sink as one more column of a row, without a value: joins logit `sink` to a softmax whose largest score
// is `largest` and whose weights add up to `sum`; `inverse` is what results are then multiplied by.
#ifndef TESSERA_LIST_SINK_H
#define TESSERA_LIST_SINK_H

#define SINK_JOIN(largest, sum, inverse, sink)                 \
  {                                                            \
    float top = max(largest, sink);                            \
    if (sink == TSR_INFINITY) {                                \
      largest = sink;                                          \
      sum = 1.0f;                                              \
      inverse = 0.0f;                                          \
    } else if (sink != -TSR_INFINITY) {                        \
      float own = sum == 0.0f ? 0.0f : tsr_exp(largest - top); \
      sum = sum * own + tsr_exp(sink - top);                   \
      inverse = own / sum;                                     \
      largest = top;                                           \
    }                                                          \
  }

#endif
