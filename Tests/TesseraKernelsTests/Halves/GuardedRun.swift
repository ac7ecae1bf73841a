import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraRuntime

/// Runs a plan over tensors between guard bytes, with outputs filled with NaN.
struct GuardedRun {
  /// An operand: read, to be written, or none.
  enum Operand {
    case input(HostTensor)
    case output(DType, [Int])
    case none
  }

  /// The outputs in the order of the operands.
  let outputs: [HostTensor]
  let guardsIntact: Bool

  init(_ plan: Plan, _ operands: [Operand], on context: DeviceContext) throws {
    let prepared = try PlanExecutor.prepare(plan, on: context)
    var ranges: [BufferRange?] = []
    var memory: [Guarded] = []
    var written: [(Guarded, DType, Shape)] = []
    for operand in operands {
      switch operand {
      case .input(let tensor):
        memory.append(try Guarded(tensor.byteCount, tensor, on: context))
        ranges.append(memory.last?.range)
      case .output(let dtype, let dimensions):
        let shape = try Shape(dimensions)
        let output = try Guarded(shape.byteCount(of: dtype), on: context)
        memory.append(output)
        written.append((output, dtype, shape))
        ranges.append(output.range)
      case .none: ranges.append(nil)
      }
    }
    try PlanExecutor.execute(prepared, operands: ranges, on: context)
    outputs = try written.map { try $0.0.read($0.1, $0.2) }
    guardsIntact = try memory.allSatisfy { try $0.isIntact() }
  }
}
