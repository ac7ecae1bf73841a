/// Kernels for one generation of matrix hardware, beyond the portable ones.
///
/// Which of them a device has is found by building and running a small kernel when it is opened, so a
/// driver that refuses the instructions only loses their speed.
package enum TensorTier: String, Sendable, Hashable, Codable, CaseIterable {
  /// NVIDIA OpenCL from compute capability 8.0 on: `mma.sync`, `ldmatrix`, `cp.async`.
  case mma
  /// NVIDIA OpenCL on Hopper: `wgmma` and bulk tensor copies, by way of the PTX step.
  case hopper
}
