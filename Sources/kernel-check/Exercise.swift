import Tessera
import TesseraCore

/// Uses of kernels that the random problems do not reach.
struct Exercise: Sendable {
  let name: String
  let run: @Sendable (Device) throws -> Void

  private static func values(_ count: Int, _ seed: Int = 1) -> [Float] {
    (0..<count).map { Float(($0 * 37 + seed * 11) % 23 - 11) / 8 }
  }

  private static func tensor(
    _ shape: Shape, _ dtype: DType, on device: Device, seed: Int = 1
  ) throws -> Tensor {
    try Tensor(
      try HostTensor(
        rounding: values(shape.elementCount, seed), to: dtype, shape: shape),
      on: device)
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
    Exercise(name: "orders of tokens") { device in
      for (permutation, inverse) in [
        (TokenPermutation(.windows([3, 5]), shape: [7, 11], prefix: 6), false),
        (TokenPermutation(.hilbertWindows([4, 4]), shape: [8, 8], prefix: 3), true),
        (TokenPermutation(.firstAxisLast, shape: [5, 17], prefix: 2), false),
      ] {
        _ = try device.tokenOrder(permutation, inverse: inverse)
        for dtype in [DType.f32, .f16] {
          let tokens = try tensor([2, permutation.tokens, 3, 5], dtype, on: device)
          _ = try device.reordered(tokens, permutation, inverse: inverse, axis: 1)
        }
      }
    },
    Exercise(name: "halves of neighborhood attention") { device in
      for dtype in [DType.f32, .f16] {
        let q = try tensor([1, 6, 5, 4, 8], dtype, on: device)
        let k = try tensor([1, 6, 5, 2, 8], dtype, on: device, seed: 2)
        let scores = try device.naQK(
          q, k, window: [3, 4], causal: [true, false], circular: [false, true])
        _ = try device.naQKBackward(
          q, k, scoreGradient: scores, window: [3, 4], causal: [true, false],
          circular: [false, true])
        _ = try device.naQKBackward(
          q, k, scoreGradient: try device.naQK(q, k, window: [3]), window: [3], relativeBias: true)
        let o = try device.naAV(scores, k, window: [3, 4], causal: [true, false],
          circular: [false, true])
        _ = try device.naAVBackward(
          scores, k, outputGradient: o, window: [3, 4], causal: [true, false],
          circular: [false, true])
      }
    },
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
      _ = try device.blockList(mask: try Tensor(host, on: device), queryBlock: 2, keyBlock: 3)
    },
  ]
}
