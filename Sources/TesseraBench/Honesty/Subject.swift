package import TesseraConformance
package import TesseraCore
package import TesseraRuntime

/// Something to verify and to time: its operands, how it is run on given memory, and how a result is
/// judged. It owns no memory, so that whoever measures it decides what lies where.
package struct Subject {
  /// One operand, in the order in which `run` takes them.
  package struct Operand: Sendable {
    package var name: String
    package var dtype: DType
    package var shape: Shape
    package var isInput: Bool
    /// Whether other values of this input alone must give another result. False for what describes the
    /// problem, such as lengths.
    package var varies: Bool

    package static func input(
      _ name: String, _ dtype: DType, _ dimensions: [Int], varies: Bool = true
    ) throws(TesseraError) -> Operand {
      Operand(
        name: name, dtype: dtype, shape: try Shape(dimensions), isInput: true, varies: varies)
    }

    package static func output(
      _ name: String, _ dtype: DType, _ dimensions: [Int]
    ) throws(TesseraError) -> Operand {
      Operand(
        name: name, dtype: dtype, shape: try Shape(dimensions), isInput: false, varies: false)
    }

    package var byteCount: Int { shape.elementCount * dtype.byteCount }
  }

  /// nil where the operation has no such operand.
  package var operands: [Operand?]
  /// Dispatches of one run.
  package var dispatches: Int
  /// Fresh inputs of a seed, at the places of the input operands; nil elsewhere.
  package var inputs: (_ seed: UInt64) throws(TesseraError) -> [HostTensor?]
  /// Records one run on the device that is measured.
  package var run: (_ ranges: [BufferRange?]) throws(TesseraError) -> Void
  /// Compares the outputs, at their places, with the oracle; `few` if a part will do.
  package var judge: Judgement

  package typealias Judgement = (
    _ inputs: [HostTensor?], _ outputs: [HostTensor?], _ few: Bool
  ) throws(TesseraError) -> Verification

  package init(
    operands: [Operand?], dispatches: Int,
    inputs: @escaping (_ seed: UInt64) throws(TesseraError) -> [HostTensor?],
    run: @escaping (_ ranges: [BufferRange?]) throws(TesseraError) -> Void,
    judge: @escaping Judgement
  ) {
    self.operands = operands
    self.dispatches = dispatches
    self.inputs = inputs
    self.run = run
    self.judge = judge
  }

  /// Bytes of all operands.
  package var operandBytes: Int { operands.reduce(0) { $0 + ($1?.byteCount ?? 0) } }
}
