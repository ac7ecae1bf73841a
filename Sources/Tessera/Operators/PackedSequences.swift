import TesseraCore

/// Where the sequences of a packed batch begin and end: sequence `b` is tokens `queries[b] ..<
/// queries[b + 1]` of Q and `keys[b] ..< keys[b + 1]` of K and V. Sequences may be empty; tokens past
/// the last entry belong to none and get an output of 0.
public struct PackedSequences: Sendable {
  /// Cumulative lengths of the queries, i32 `[B + 1]`.
  public let queries: Tensor
  /// Cumulative lengths of the keys, i32 `[B + 1]`.
  public let keys: Tensor
  /// The entries, if they came from the host.
  let known: (queries: [Int], keys: [Int])?

  /// Cumulative lengths that are on the device already. Their values are not looked at: they must not
  /// fall, begin with 0 and end within the tokens, or the output is undefined.
  public init(queries: Tensor, keys: Tensor) {
    self.queries = queries
    self.keys = keys
    known = nil
  }

  /// Cumulative lengths from the host; operators check them against the tokens.
  /// - Throws: `invalidArgument` if there are not as many entries for keys as for queries, or one does
  ///   not fit in 32 bits; `outOfMemory`.
  public init(queries: [Int], keys: [Int], on device: Device) throws(TesseraError) {
    guard queries.count == keys.count else {
      throw .invalidArgument(
        "cu_k", got: "\(keys.count) entries", allowed: "\(queries.count), as cu_q")
    }
    known = (queries, keys)
    self.queries = try Self.tensor(queries, "cu_q", on: device)
    self.keys = try Self.tensor(keys, "cu_k", on: device)
  }

  private static func tensor(
    _ entries: [Int], _ name: String, on device: Device
  ) throws(TesseraError) -> Tensor {
    var values: [Int32] = []
    for (index, entry) in entries.enumerated() {
      guard let value = Int32(exactly: entry), value >= 0 else {
        throw .invalidArgument("\(name)[\(index)]", got: entry, allowed: "0...\(Int32.max)")
      }
      values.append(value)
    }
    return try Tensor(values, shape: try Shape([values.count]), on: device)
  }
}
