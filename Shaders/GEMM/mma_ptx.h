// Tensor cores of compute capability 8.0 and up for OpenCL C: products of 16 × 8 × 16 by a warp, and
// copies past the registers. Addresses of local memory are 32-bit numbers (`uint`), of global memory
// 64-bit ones (`ulong`).
//
// Fragments of lane l = 4·g + q: of A (16 × 16) four words with rows g and g + 8, columns 2q, 2q + 1 and
// these plus 8; of B (16 × 8) two words with rows 2q, 2q + 1 and these plus 8, column g; of the sums rows g
// and g + 8, columns 2q, 2q + 1.
#ifndef TESSERA_MMA_PTX_H
#define TESSERA_MMA_PTX_H

// Copies `bytes` of 16 bytes to local memory, zeros for the rest; both addresses multiples of 16.
TESSERA_FN void copy_piece(uint to, ulong from, int bytes) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(bytes) : "memory");
}
#define COPY_COMMIT() asm volatile("cp.async.commit_group;" ::: "memory")
#define COPY_WAIT(pending) asm volatile("cp.async.wait_group " #pending ";" ::: "memory")

// Four 8 × 8 matrices of 16-bit values; lanes 8i … 8i + 7 address the rows of matrix i.
TESSERA_FN void load_matrices(uint *m, uint at) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(m[0]), "=r"(m[1]), "=r"(m[2]), "=r"(m[3])
               : "r"(at)
               : "memory");
}
TESSERA_FN void load_matrices_transposed(uint *m, uint at) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(m[0]), "=r"(m[1]), "=r"(m[2]), "=r"(m[3])
               : "r"(at)
               : "memory");
}
// d += a · b for elements of `type`.
#define MMA(type, d, a, b0, b1)                                                                     \
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32." type "." type ".f32 {%0, %1, %2, %3}, "      \
               "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"                                       \
               : "+f"((d)[0]), "+f"((d)[1]), "+f"((d)[2]), "+f"((d)[3])                              \
               : "r"((a)[0]), "r"((a)[1]), "r"((a)[2]), "r"((a)[3]), "r"(b0), "r"(b1))

// A lane's value, and the value of the lane whose number differs in the bits of `mask`.
TESSERA_FN int from_lane(int value, int lane) {
  int to;
  asm volatile("shfl.sync.idx.b32 %0, %1, %2, 0x1f, 0xffffffff;" : "=r"(to) : "r"(value), "r"(lane));
  return to;
}
TESSERA_FN float across(float value, int mask) {
  float to;
  asm volatile("shfl.sync.bfly.b32 %0, %1, %2, 0x1f, 0xffffffff;" : "=f"(to) : "f"(value), "r"(mask));
  return to;
}

#endif
