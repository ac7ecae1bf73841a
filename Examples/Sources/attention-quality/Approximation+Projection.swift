import Tessera

/// Caches of projected keys and values.
extension Approximation {
  /// Keys and values as `rank` numbers of D and of Dv: their coordinates along the axes in which those of a
  /// head vary most, from their mean.
  /// ```
  /// k̂ = (k − μk)·Uk     v̂ = (v − μv)·Uv     O = softmax(q·Uk·k̂ᵀ / √D)·v̂·Uvᵀ + μv
  /// ```
  /// The scale is that of whole keys, and `q·μk`, the same for all keys of a query, changes no weight.
  ///
  /// Source: Lin et al., "MatryoshkaKV" (2025), which trains the axes; these are the principal ones.
  static func projection(share: Double) -> Approximation {
    Approximation(name: "\(percent(share)) of the axes") { inputs in
      let (d, dv) = (inputs.k.shape[3], inputs.v.shape[3])
      let (rankK, rankV) = (max(1, Int(share * Double(d))), max(1, Int(share * Double(dv))))
      let keys = try ProjectedHeads(inputs.k, rank: rankK)
      let values = try ProjectedHeads(inputs.v, rank: rankV)
      return Prepared {
        Double(rankK + rankV) / Double(d + dv)
      } attend: {
        let o = try inputs.q.device.attention(
          keys.rotated(inputs.q), keys.coordinates, values.coordinates,
          options: AttentionOptions(scale: 1 / Float(d).squareRoot()))
        return try values.restored(o)
      }
    }
  }
}
