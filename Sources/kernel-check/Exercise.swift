import Tessera
import TesseraCore

/// Uses of kernels that the random problems do not reach.
struct Exercise: Sendable {
  let name: String
  let run: @Sendable (Device) throws -> Void

  private static func values(_ count: Int, _ seed: Int = 1) -> [Float] {
    (0..<count).map { Float(($0 * 37 + seed * 11) % 23 - 11) / 8 }
  }

  static func tensor(
    _ shape: Shape, _ dtype: DType, on device: Device, seed: Int = 1
  ) throws -> Tensor {
    try Tensor(
      try HostTensor(
        rounding: values(shape.elementCount, seed), to: dtype, shape: shape),
      on: device)
  }

  private static func tokenOrders(_ dtype: DType) -> Exercise {
    Exercise(name: "orders of tokens in \(dtype)") { device in
      for (permutation, inverse) in [
        (TokenPermutation(.windows([3, 5]), shape: [7, 11], prefix: 6), false),
        (TokenPermutation(.hilbertWindows([4, 4]), shape: [8, 8], prefix: 3), true),
        (TokenPermutation(.firstAxisLast, shape: [5, 17], prefix: 2), false),
      ] {
        _ = try device.tokenOrder(permutation, inverse: inverse)
        let tokens = try tensor([2, permutation.tokens, 3, 5], dtype, on: device)
        _ = try device.reordered(tokens, permutation, inverse: inverse, axis: 1)
        try device.synchronize()
        device.trim()
      }
    }
  }

  private static func halves(_ dtype: DType) -> Exercise {
    Exercise(name: "halves of neighborhood attention in \(dtype)") { device in
      let q = try tensor([1, 6, 5, 4, 8], dtype, on: device)
      let k = try tensor([1, 6, 5, 2, 8], dtype, on: device, seed: 2)
      let (causal, circular) = ([true, false], [false, true])
      let scores = try device.naQK(q, k, window: [3, 4], causal: causal, circular: circular)
      _ = try device.naQKBackward(
        q, k, scoreGradient: scores, window: [3, 4], causal: causal, circular: circular)
      let plain = try device.naQK(q, k, window: [3])
      _ = try device.naQKBackward(q, k, scoreGradient: plain, window: [3], relativeBias: true)
      let o = try device.naAV(scores, k, window: [3, 4], causal: causal, circular: circular)
      _ = try device.naAVBackward(
        scores, k, outputGradient: o, window: [3, 4], causal: causal, circular: circular)
      // Reused while the rest runs, their memory would count as uninitialised.
      withExtendedLifetime((q, k)) {}
    }
  }

  static let all: [Exercise] = [
    Exercise(name: "strided copy") { device in
      for dtype in [DType.u8, .f16, .f32, .i64] {
        let host = HostTensor(dtype: dtype, shape: [5, 3, 7, 11]) { bytes in
          for i in bytes.indices { bytes[i] = UInt8(truncatingIfNeeded: i) }
        }
        let whole = try Tensor(host, on: device)
        _ = try whole.permuted([3, 1, 0, 2]).sliced(axis: 0, 2..<9).contiguous()
      }
    },
  ] + [DType.f32, .f16].flatMap { dtype in [tokenOrders(dtype), halves(dtype)] } + [
    Exercise(name: "block lists") { device in
      func band(_ radius: Int) throws -> BlockList {
        try device.pattern(
          BlockPattern(.band(left: radius, right: radius)), queries: 77, queryBlock: 8, keyBlock: 8)
      }
      let wide = try band(20), narrow = try band(3)
      _ = try device.union(wide, narrow, keys: 77)
      _ = try device.intersection(wide, narrow, keys: 77)
      _ = try device.transposed(wide, keys: 77)
      let mask = (0..<(9 * 13)).map { UInt8(($0 * 7) % 5 == 0 ? 1 : 0) }
      let host = HostTensor(dtype: .bool, shape: [1, 1, 9, 13]) { $0.copyBytes(from: mask) }
      let given = try Tensor(host, on: device)
      _ = try device.blockList(mask: given, queryBlock: 2, keyBlock: 3)
    },
    Exercise(name: "pruned elements") { device in
      for (tiles, dtype) in [(PruningFormat.Tiles.keys, DType.f16), (.values, .f32)] {
        let x = try tensor([1, 128, 2, 64], dtype, on: device)
        let pruned = try device.prune(x, PruningFormat(tiles, sparsity: 0.7))
        _ = try device.unprune(pruned)
        withExtendedLifetime((x, pruned)) {}
      }
    },
    products, wide, referenceSet,
  ]
}
