package import TesseraCore

/// One configuration to measure. Each operator has a file with its cases.
package protocol BenchCase: Sendable {
  /// The operator's name in results.
  var operation: String { get }
  var dtype: DType { get }
  /// The operator's parameters under the names of its options.
  var parameters: [String: BenchRow.Value] { get }
  /// A short form for tables.
  var title: String { get }
  /// Verifies the case with fresh random data, then times it.
  func row(_ runner: BenchRunner) throws(TesseraError) -> BenchRow
}
