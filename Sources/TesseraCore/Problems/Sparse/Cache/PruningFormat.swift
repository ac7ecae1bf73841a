/// How keys or values are kept with their largest elements alone.
///
/// Of a vector of D elements the `k = ⌊sparsity·D⌋` smallest magnitudes go, but for the largest of these: with
/// the k-th smallest magnitude as threshold, `D − k + 1` elements stay, all of them if k is 0. Of equal
/// magnitudes the lower channels stay, so that every vector keeps as many. NaN counts as the largest.
///
/// Vectors are packed in blocks of 64 tokens of one head; the elements of a block are D tiles of 64 elements. A
/// tile of *keys* is one channel of the 64 tokens, in the order of channels; a tile of *values* 64 channels of
/// one token, in the order of runs of 64 channels and then of tokens. Of `[B, N, H, D]` there are
/// - `bitmaps`, u64 `[B, H, N/64, D]`: element `i` of a tile is bit `63 − i`;
/// - `offsets`, i32 `[B, H, N/64, D + 1]`: where a tile's elements are in the block's region, in pairs of
///   elements, and where the last tile ends;
/// - `values`, `[B, H, N/64, capacity]`: the elements that stay, tile by tile in order, each tile filled up with
///   zeros to a multiple of 8. `capacity` is `min(64·kept + 7·D, 64·D)`; what a region holds behind its last
///   tile has no meaning.
///
/// Source: Joo et al., "Mustafar: Promoting Unstructured Sparsity for KV Cache Pruning in LLM Inference" (2025).
/// There, elements equal to the threshold all stay, and one stream holds all blocks of a head.
public struct PruningFormat: Sendable, Hashable, Codable {
  /// What a tile is.
  public enum Tiles: String, Sendable, Hashable, Codable, CaseIterable {
    /// One channel of 64 tokens.
    case keys
    /// 64 channels of one token.
    case values
  }

  /// What a tile is.
  public var tiles: Tiles
  /// The share of elements that goes, 0 … 1.
  public var sparsity: Double

  /// A format for keys or for values.
  public init(_ tiles: Tiles, sparsity: Double) {
    self.tiles = tiles
    self.sparsity = sparsity
  }

  /// Tokens of a block, and elements of a tile.
  public static let block = 64

  /// Elements that a vector of `dim` keeps.
  public func kept(of dim: Int) -> Int {
    let k = Int(min(max(sparsity, 0), 1) * Double(dim))
    return k == 0 ? dim : dim - k + 1
  }

  /// Elements of a block's region.
  public func capacity(of dim: Int) -> Int {
    min(Self.block * kept(of: dim) + 7 * dim, Self.block * dim)
  }
}
