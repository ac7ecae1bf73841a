package import TesseraCore

/// A tensor of every byte pattern that is interesting for `dtype`, of shape [2, 3].
package func sample(_ dtype: DType, shape: Shape = [2, 3]) throws -> HostTensor {
  var random = SeededGenerator(seed: UInt64(dtype.byteCount))
  return HostTensor(dtype: dtype, shape: shape) { bytes in
    for i in bytes.indices {
      bytes[i] = UInt8.random(in: 0...(dtype == .bool ? 1 : 255), using: &random)
    }
  }
}

/// The bytes of a tensor.
package func bytes(_ tensor: HostTensor) -> [UInt8] { tensor.withUnsafeBytes { Array($0) } }
