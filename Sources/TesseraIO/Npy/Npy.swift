public import TesseraCore

/// NumPy's file format for one array, versions 1.0 to 3.0.
public enum Npy {
  /// Reads the array at `path`.
  ///
  /// A little-endian array in C order is a view of the mapped file, which must not be shortened while
  /// the tensor lives; others are brought to that form in memory.
  /// - Throws: `io` if the file cannot be read, `malformedData` if it is not a valid npy file or its
  ///   element type has no counterpart in Tessera.
  public static func read(_ path: String) throws(TesseraError) -> HostTensor {
    try read(MappedFile.open(path), path: path)
  }

  /// Reads bytes that are in memory already; `path` names them in messages.
  package static func read(
    _ storage: HostStorage, path: String
  ) throws(TesseraError) -> HostTensor {
    let header = try NpyHeader(storage.bytes, path: path)
    guard let type = NpyType(header.descriptor) else {
      throw .malformed(
        path,
        reason: "element type \(quoted(header.descriptor)) is not supported; allowed "
          + DType.allCases.compactMap(NpyType.descriptor).joined(separator: ", "))
    }
    let byteCount: Int
    do throws(TesseraError) { byteCount = try header.shape.byteCount(of: type.dtype) } catch {
      throw .malformed(path, reason: error.message)
    }
    let present = storage.bytes.count - header.dataOffset
    guard byteCount == present else {
      throw .malformed(
        path,
        reason: "\(present) bytes of data do not match \(header.descriptor) of shape "
          + "\(header.shape), which takes \(byteCount)")
    }
    let view = try HostTensor(
      dtype: type.dtype, shape: header.shape, storage: storage, offset: header.dataOffset)
    // Nothing to arrange; and the steps between the other extents need not fit in Int.
    if byteCount == 0 { return view }
    // With at most one axis longer than 1 both orders are the same bytes.
    let isTransposed = header.isFortranOrder && header.shape.dimensions.count { $0 > 1 } > 1
    return isTransposed || type.isBigEndian
      ? rearranged(view, fromFortranOrder: isTransposed, swapsBytes: type.isBigEndian) : view
  }

  /// Writes `tensor` to `path` in version 1.0. The file appears complete or not at all.
  /// - Throws: `invalidArgument` for bf16, which the format lacks; `io` if the file cannot be written.
  public static func write(_ tensor: HostTensor, to path: String) throws(TesseraError) {
    guard let descriptor = NpyType.descriptor(tensor.dtype) else {
      throw .invalidArgument(
        "element type for \(path)", got: tensor.dtype,
        allowed: "any but bf16, which npy lacks: convert to f32, or write safetensors")
    }
    guard tensor.shape.rank <= NpyHeader.maximumRank else {
      throw .overLimit(
        "axes for \(path)", requested: tensor.shape.rank, limit: NpyHeader.maximumRank)
    }
    try AtomicFile.write(to: path) { sink throws(TesseraError) in
      try sink.write(NpyHeader.text(descriptor: descriptor, shape: tensor.shape))
      try tensor.withUnsafeBytes { bytes throws(TesseraError) in try sink.write(bytes) }
    }
  }

  /// A copy in C order and little-endian bytes.
  private static func rearranged(
    _ tensor: HostTensor, fromFortranOrder: Bool, swapsBytes: Bool
  ) -> HostTensor {
    let size = tensor.dtype.byteCount
    let extents = tensor.shape.dimensions
    // Where a step along each axis leads in the source: there the first axis is the fastest.
    var steps = tensor.shape.strides
    if fromFortranOrder {
      var step = 1
      for axis in extents.indices {
        steps[axis] = step
        step *= extents[axis]
      }
    }
    return HostTensor(dtype: tensor.dtype, shape: tensor.shape) { destination in
      tensor.withUnsafeBytes { source in
        var position = [Int](repeating: 0, count: extents.count)
        var from = 0
        for element in 0..<tensor.shape.elementCount {
          for byte in 0..<size {
            destination[element * size + byte] =
              source[from * size + (swapsBytes ? size - 1 - byte : byte)]
          }
          for axis in extents.indices.reversed() {
            position[axis] += 1
            from += steps[axis]
            if position[axis] < extents[axis] { break }
            from -= extents[axis] * steps[axis]
            position[axis] = 0
          }
        }
      }
    }
  }
}
