// Sums S partial tensors, in order of s, and rounds once:
//
//   SUM[i] = Σs PARTS[s][i]          PARTS f32 [S][count]
//
// One invocation per element, 64 per workgroup.
//
//   parameter   id  meaning
//   SUM_DTYPE   4   element type of SUM: 0 f32, 1 f16, 2 bf16
#ifndef TESSERA_ATTENTION_SUM_H
#define TESSERA_ATTENTION_SUM_H

CONSTANT_BLOCK(int parts; int count;)

#endif
