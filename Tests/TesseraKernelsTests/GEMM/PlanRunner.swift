import TesseraKernels

/// Executes a plan over operands given as bytes (nil where there is none).
protocol PlanRunner {
  /// Returns the operands' bytes afterwards.
  func run(_ plan: Plan, operands: [[UInt8]?]) throws -> [[UInt8]?]
}
