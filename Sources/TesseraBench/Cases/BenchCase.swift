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
  /// The version of the operator's definition.
  var semantics: Int { get }
  /// Plans the case and says how it is verified and timed.
  func setup(_ runner: BenchRunner) throws(TesseraError) -> CaseSetup
  /// The row, for what is not one operator run again and again; nil otherwise.
  func row(_ runner: BenchRunner) throws(TesseraError) -> BenchRow?
  /// What a tuner measures; nil where the planner has one way only.
  func tuning() throws(TesseraError) -> TuningProblem?
}

extension BenchCase {
  package var semantics: Int { 1 }
  package func row(_ runner: BenchRunner) throws(TesseraError) -> BenchRow? { nil }
  package func tuning() throws(TesseraError) -> TuningProblem? { nil }
}
