// Gradient of the sink logits:
//
//   OUT[h] = −Σi exp(SINKS[h] − LSE[i][h]) · DELTA[i][h]          over all `rows` queries i
//
// One workgroup of 64 per head; each invocation takes every 64th query, and the sums are added in order
// of the invocations. Where a sink is +inf its weight is 1, and δ is 0.
#ifndef TESSERA_LIST_SINK_GRADIENT_H
#define TESSERA_LIST_SINK_GRADIENT_H

// Of `rows` queries those from `first` to `last` belong to this dispatch; those before are in OUT.
CONSTANT_BLOCK(int rows; int heads; int first; int last;)

#define THREADS 64
#define SINK_GRADIENT_LOCALS LOCAL_ARRAY(float, partial, THREADS)

#endif
