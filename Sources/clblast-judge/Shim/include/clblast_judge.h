#ifndef CLBLAST_JUDGE_H
#define CLBLAST_JUDGE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// One matrix of a product as BLAS describes it: the bytes of a whole buffer, and where in it the
/// matrix lies, in elements.
typedef struct {
  void *bytes;
  size_t byte_count;
  size_t offset;
  size_t leading_dimension;
} clblast_judge_matrix;

/// `C = alpha · op(A)·op(B) + beta · C`, all row-major, in f32, or in f16 where `half` is not 0.
typedef struct {
  int32_t half;
  int32_t transpose_a;
  int32_t transpose_b;
  float alpha;
  float beta;
  size_t m;
  size_t n;
  size_t k;
  clblast_judge_matrix a;
  clblast_judge_matrix b;
  clblast_judge_matrix c;
} clblast_judge_product;

/// Runs a product on the device that TESSERA_DEVICE names and writes the buffer of C back. Returns 0,
/// or 1 after a line on standard error.
int32_t clblast_judge_run(const clblast_judge_product *product);

#ifdef __cplusplus
}
#endif
#endif
