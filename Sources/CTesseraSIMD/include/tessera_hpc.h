// The reference set on the CPU: what Shaders/HPC computes, over ranges of elements or rows.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Sum of elements [first, last).
float tessera_hpc_read(const float *_Nonnull in, size_t first, size_t last);
void tessera_hpc_write(float *_Nonnull out, float value, size_t first, size_t last);
// 128 chains of `count` steps s·a + a/2, added: four times those of fma_peak.
float tessera_hpc_fma(float a, size_t count);
void tessera_hpc_axpy(
    float a, const float *_Nonnull x, const float *_Nonnull y, float *_Nonnull z, size_t first,
    size_t last);
void tessera_hpc_gemv(
    const float *_Nonnull a, const float *_Nonnull x, float *_Nonnull y, size_t width, size_t first,
    size_t last);
void tessera_hpc_spmv(
    const int32_t *_Nonnull rows, const int32_t *_Nonnull columns, const float *_Nonnull values,
    const float *_Nonnull x, float *_Nonnull y, size_t first, size_t last);
// Cells [first, last) of a grid of `n` cells, `width` per line.
void tessera_hpc_jacobi(
    const float *_Nonnull u, const float *_Nonnull f, float *_Nonnull v, size_t n, size_t width,
    size_t first, size_t last);
float tessera_hpc_dot(
    const float *_Nonnull x, const float *_Nonnull y, size_t first, size_t last);
void tessera_hpc_cg_step(
    float alpha, const float *_Nonnull p, const float *_Nonnull q, float *_Nonnull x,
    float *_Nonnull r, size_t first, size_t last);
void tessera_hpc_cg_direction(
    float beta, const float *_Nonnull r, float *_Nonnull p, size_t first, size_t last);
