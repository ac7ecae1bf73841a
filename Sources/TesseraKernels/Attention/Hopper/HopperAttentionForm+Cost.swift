/// Estimated time in the unit of `BoxTiling`'s costs, of which a compute unit of an H200 does some 75,000 a
/// microsecond; fitted to what forms and head dimensions took there.
extension HopperAttentionForm {
  /// Workgroups that a compute unit runs at once: registers allow one, or two small ones.
  func together(_ headDim: Int, _ valueDim: Int) -> Int {
    warpgroups == 1 && max(headDim, valueDim) <= 64 ? 2 : 1
  }

  /// - Parameters:
  ///   - pairs: rows times columns.
  ///   - products: multiply-adds of each.
  func costPerTile(pairs: Double, products: Double) -> Double {
    // Exponentials take as long as products of 60 elements. Copies of single vectors take longer than either,
    // and so does a softmax that no other warpgroup's products hide.
    pairs * (products + 60) / (boxCopies ? 38 : 30) * (warpgroups == 1 ? 1.45 : 1) + 4000
  }

  /// Nothing else runs on a compute unit while its only workgroup starts and stores.
  func costPerRowTile(_ headDim: Int, _ valueDim: Int) -> Double {
    450_000 / Double(together(headDim, valueDim))
  }
}
