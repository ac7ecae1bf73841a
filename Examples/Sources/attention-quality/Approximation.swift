import Tessera

/// The q `[B, Nq, H, D]`, k `[B, Nk, Hkv, D]` and v `[B, Nk, Hkv, Dv]` of an attention.
struct AttentionInputs {
  let q: Tensor
  let k: Tensor
  let v: Tensor
}

/// A way to spend less than attention over all keys and values does.
struct Approximation {
  let name: String
  /// What is done for inputs before attention can run: choosing keys, making a smaller cache.
  let prepare: (AttentionInputs) throws -> Prepared

  /// An approximation of one attention.
  struct Prepared {
    /// The share of pairs of a query and a key that is computed, or of the cache that is stored.
    let kept: () throws -> Double
    /// O, `[B, Nq, H, Dv]`.
    let attend: () throws -> Tensor
  }
}

/// `12.5 %` of 0.125.
func percent(_ share: Double) -> String {
  let tenths = Int((share * 1000).rounded())
  return "\(tenths / 10).\(tenths % 10) %"
}
