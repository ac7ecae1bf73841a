package import TesseraCore
import TesseraReference

extension Verifier {
  /// Judges lists by rule: equal to the token mask's, entry by entry.
  /// - Parameters:
  ///   - columns: those of `lines`, `[Hl, C]`.
  ///   - slashes: those of `lines`, `[Hl, S]`.
  package static func pattern(
    _ problem: PatternProblem, width: Int, columns: HostTensor? = nil, slashes: HostTensor? = nil,
    indices: HostTensor, counts: HostTensor
  ) -> Verification {
    let gold = Reference.pattern(
      problem, columns: columns?.values(as: Int32.self) ?? [],
      slashes: slashes?.values(as: Int32.self) ?? [])
    let all = (0..<problem.batch).flatMap { _ in gold.flatMap(\.self) }
    let entries = all.flatMap { row in
      row.prefix(width).map(Double.init) + Array(repeating: -1, count: max(width - row.count, 0))
    }
    return Verification([
      ("indices", Judge.equality(indices.doubles(), gold: entries, rowLength: width)),
      (
        "counts",
        Judge.equality(counts.doubles(), gold: all.map { Double($0.count) }, rowLength: 1)
      ),
    ])
  }
}
