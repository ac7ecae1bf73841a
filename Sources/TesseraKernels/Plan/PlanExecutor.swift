package import TesseraCore
import TesseraHAL
package import TesseraRuntime

/// A plan with its kernels built for one device.
package struct PreparedPlan: Sendable {
  package let plan: Plan
  package let kernels: [RuntimeKernel]
}

/// Builds and runs plans; the same for every operator and back-end.
package enum PlanExecutor {
  /// Builds the plan's kernels, or finds them built.
  package static func prepare(
    _ plan: Plan, on context: DeviceContext
  ) throws(TesseraError) -> PreparedPlan {
    let backend = context.capabilities.backend
    var kernels: [RuntimeKernel] = []
    for spec in plan.kernels {
      let entry = try KernelCatalogue.entry(for: spec)
      kernels.append(
        try context.kernels.kernel(
          try entry.code(spec, backend), signature: entry.signature(spec, backend),
          variant: spec.description))
    }
    return PreparedPlan(plan: plan, kernels: kernels)
  }

  /// Records the plan's dispatches. `operands` are in the operator's documented order; nil where the
  /// operation has no such tensor.
  package static func execute(
    _ prepared: PreparedPlan, operands: [BufferRange?], on context: DeviceContext
  ) throws(TesseraError) {
    let plan = prepared.plan
    guard !plan.dispatches.isEmpty else { return }
    var scratch: [BufferRange] = []
    for byteCount in plan.scratch {
      scratch.append(BufferRange(try context.allocate(byteCount: byteCount)))
    }
    // Bound where a kernel's slot is not used.
    var absent: BufferRange?
    if plan.dispatches.contains(where: { $0.arguments.contains { $0.source == .none } }) {
      absent = BufferRange(try context.allocate(byteCount: 256))
    }
    context.pushLabel(plan.operation)
    defer { context.popLabel() }
    for dispatch in plan.dispatches {
      let count = dispatch.arguments.count
      // A stack buffer: an array here would be one heap allocation per dispatch.
      try withTemporaryRanges(count) { ranges throws(TesseraError) in
        for argument in dispatch.arguments {
          let base: BufferRange
          switch argument.source {
          case .operand(let position):
            guard position < operands.count, let operand = operands[position] else {
              throw .invalidArgument(
                "\(plan.operation): operand \(position)", got: "none", allowed: "a tensor")
            }
            base = operand
          case .scratch(let position): base = scratch[position]
          case .none:
            guard let absent else { continue }
            base = absent
          }
          // Whole words: 16-bit tensors of odd length are read in pairs, and memory is padded.
          let byteCount = argument.source == .none ? base.byteCount : (argument.byteCount + 3) & ~3
          ranges.append(
            BufferRange(
              base.allocation, offset: base.offset + argument.offset, byteCount: byteCount))
        }
        try dispatch.constants.withUnsafeBufferPointer { constants throws(TesseraError) in
          try context.dispatch(
            prepared.kernels[dispatch.kernel], groups: dispatch.grid,
            constants: UnsafeRawBufferPointer(constants),
            ranges: ranges.filled)
        }
      }
    }
  }

  /// Memory for `count` ranges that `body` initialises; it must set each exactly once, in order, and
  /// may throw before the end.
  private static func withTemporaryRanges(
    _ count: Int, _ body: (inout RangeList) throws(TesseraError) -> Void
  ) throws(TesseraError) {
    let result: Result<Void, TesseraError> = withUnsafeTemporaryAllocation(of: BufferRange.self, capacity: count) {
      memory -> Result<Void, TesseraError> in
      var list = RangeList(memory: memory)
      defer { list.memory[0..<list.count].deinitialize() }
      do throws(TesseraError) {
        try body(&list)
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    switch result {
    case .success: return
    case .failure(let error): throw error
    }
  }

  /// A stack-allocated list being filled.
  private struct RangeList {
    let memory: UnsafeMutableBufferPointer<BufferRange>
    private(set) var count = 0

    init(memory: UnsafeMutableBufferPointer<BufferRange>) { self.memory = memory }

    mutating func append(_ range: BufferRange) {
      memory.initializeElement(at: count, to: range)
      count += 1
    }
    var filled: UnsafeBufferPointer<BufferRange> {
      UnsafeBufferPointer(rebasing: memory[0..<count])
    }
  }
}
