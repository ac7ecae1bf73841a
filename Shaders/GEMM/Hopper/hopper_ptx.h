// Hopper's own instructions for OpenCL C. Those that need `.target sm_90a` are written behind the mark
// `//@`, which makes them comments of the PTX that the driver's compiler writes; the host takes that
// text, removes the mark and loads it again (see Documentation/Tiers.md). One asm statement is one line
// of PTX: a mark hides up to the end of its line.
//
// Addresses of local memory are 32-bit numbers here (`uint`), those of global memory 64-bit (`ulong`).
#ifndef TESSERA_HOPPER_PTX_H
#define TESSERA_HOPPER_PTX_H

// Barriers in local memory: 8 bytes each, a phase bit that flips when all arrivals and bytes are in.
TESSERA_FN void barrier_init(uint barrier, int arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory");
}
TESSERA_FN void barrier_fence(void) {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}
TESSERA_FN void barrier_arrive(uint barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}
// Arrives, and announces bytes that copies will write.
TESSERA_FN void barrier_expect(uint barrier, int bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes)
               : "memory");
}
// Waits until the phase of parity `phase` has ended.
TESSERA_FN void barrier_wait(uint barrier, uint phase) {
  asm volatile(
      "{\n"
      ".reg .pred done;\n"
      "AGAIN:\n"
      "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
      "@done bra READY;\n"
      "bra AGAIN;\n"
      "READY:\n"
      "}" ::"r"(barrier), "r"(phase)
      : "memory");
}
// Meets the other invocations of one warpgroup: barriers 1, 2, … of the workgroup.
TESSERA_FN void group_sync(int group) {
  asm volatile("bar.sync %0, 128;" ::"r"(group + 1) : "memory");
}
TESSERA_FN void warp_sync(void) { asm volatile("bar.warp.sync 0xffffffff;" ::: "memory"); }

// What ordinary stores wrote to local memory is seen by copies and tensor cores after this.
TESSERA_FN void fence_copies(void) {
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}
// A tensor map that a kernel wrote is read anew after this.
TESSERA_FN void fence_map(ulong map) {
  asm volatile("fence.proxy.tensormap::generic.acquire.gpu [%0], 128;" ::"l"(map) : "memory");
}

// Copies a box at coordinates (x, y[, z, v, w]) into local memory; zeros where it leaves the tensor.
TESSERA_FN void load_box2(uint to, ulong map, uint barrier, int x, int y) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes "
      "[%0], [%1, {%3, %4}], [%2];" ::"r"(to), "l"(map), "r"(barrier), "r"(x), "r"(y)
      : "memory");
}
TESSERA_FN void load_box5(uint to, ulong map, uint barrier, int x, int y, int z, int v, int w) {
  asm volatile(
      "cp.async.bulk.tensor.5d.shared::cluster.global.mbarrier::complete_tx::bytes "
      "[%0], [%1, {%3, %4, %5, %6, %7}], [%2];" ::"r"(to), "l"(map), "r"(barrier), "r"(x), "r"(y),
      "r"(z), "r"(v), "r"(w)
      : "memory");
}
// Copies a box from local memory; what leaves the tensor is not written.
TESSERA_FN void store_box3(ulong map, uint from, int x, int y, int z) {
  asm volatile("cp.async.bulk.tensor.3d.global.shared::cta.bulk_group [%0, {%2, %3, %4}], [%1];" ::"l"(map),
               "r"(from), "r"(x), "r"(y), "r"(z)
               : "memory");
}
TESSERA_FN void store_box5(ulong map, uint from, int x, int y, int z, int v, int w) {
  asm volatile(
      "cp.async.bulk.tensor.5d.global.shared::cta.bulk_group [%0, {%2, %3, %4, %5, %6}], [%1];" ::"l"(map),
      "r"(from), "r"(x), "r"(y), "r"(z), "r"(v), "r"(w)
      : "memory");
}
TESSERA_FN void store_commit(void) { asm volatile("cp.async.bulk.commit_group;" ::: "memory"); }
// Until at most `pending` groups of stores still read local memory.
#define STORE_WAIT_READ(pending) asm volatile("cp.async.bulk.wait_group.read " #pending ";" ::: "memory")
#define STORE_WAIT_ALL() asm volatile("cp.async.bulk.wait_group 0;" ::: "memory")

// Four 8×8 matrices of 16-bit values from a warp's registers; lanes 8i … 8i+7 address matrix i.
TESSERA_FN void store_matrices(uint at, uint a, uint b, uint c, uint d) {
  asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(at), "r"(a),
               "r"(b), "r"(c), "r"(d)
               : "memory");
}
TESSERA_FN void store_pair(uint at, float a, float b) {
  asm volatile("st.shared.v2.f32 [%0], {%1, %2};" ::"r"(at), "f"(a), "f"(b) : "memory");
}
// Two values rounded to nearest even, the first in the low half.
TESSERA_FN uint pack_f16(float low, float high) {
  uint result;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(high), "f"(low));
  return result;
}
TESSERA_FN uint pack_bf16(float low, float high) {
  uint result;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(high), "f"(low));
  return result;
}

// Products of a warpgroup: asynchronous, in groups that are committed and waited for.
#define WGMMA_FENCE() asm volatile("//@wgmma.fence.sync.aligned;" ::: "memory")
#define WGMMA_COMMIT() asm volatile("//@wgmma.commit_group.sync.aligned;" ::: "memory")
#define WGMMA_WAIT(pending) asm volatile("//@wgmma.wait_group.sync.aligned " #pending ";" ::: "memory")
// Hands registers from one warpgroup to others; executed by all warps of a warpgroup.
#define REGISTERS_DOWN(count) asm volatile("//@setmaxnreg.dec.sync.aligned.u32 " #count ";")
#define REGISTERS_UP(count) asm volatile("//@setmaxnreg.inc.sync.aligned.u32 " #count ";")

#endif
