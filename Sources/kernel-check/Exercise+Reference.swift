import Tessera
import TesseraCore
import TesseraKernels
import TesseraRuntime

extension Exercise {
  /// The kernels of the reference set, at sizes that are no multiples of a workgroup.
  static let referenceSet = Exercise(name: "reference set") { device in
    let (n, width) = (300, 20)
    // Rows of three entries: the diagonal and its neighbours.
    let columns = (0..<n).flatMap { row in
      [-1, 0, 1].map { Int32(min(max(row + $0, 0), n - 1)) }
    }
    let matrix = [
      try Tensor(try HostTensor((0...n).map { Int32(3 * $0) }, shape: [n + 1]), on: device),
      try Tensor(try HostTensor(columns, shape: [3 * n]), on: device),
      try Tensor(
        try HostTensor(columns.indices.map { $0 % 3 == 1 ? 4 : -1 } as [Float], shape: [3 * n]),
        on: device),
    ]
    let x = try tensor([n], .f32, on: device), y = try tensor([n], .f32, on: device, seed: 2)
    let dense = try tensor([n, width + 1], .f32, on: device)
    func run(_ problem: HPCProblem, _ inputs: [Tensor], output: Int) throws {
      let plan = try HPCPlanner.plan(problem, device.context.capabilities)
      let result = try Tensor(uninitialized: [output], dtype: .f32, on: device)
      try PlanExecutor.execute(
        try PlanExecutor.prepare(plan, on: device.context),
        operands: (inputs + [result]).map { BufferRange($0.allocation) }, on: device.context)
      try device.synchronize()
    }
    try run(HPCProblem(.axpy, n: n + 1), [try tensor([n + 1], .f32, on: device), dense], output: n + 1)
    // Whole vectors of four columns, and not.
    for width in [width, width + 1] {
      try run(HPCProblem(.gemv, n: n, width: width), [dense, x], output: n)
    }
    try run(HPCProblem(.spmv, n: n, entries: 3 * n), matrix + [x], output: n)
    try run(HPCProblem(.jacobi, n: n, width: width, steps: 3), [x, y], output: n)
    try run(HPCProblem(.cg, n: n, width: width, entries: 3 * n, steps: 2), matrix + [x], output: n)
    let read = try HPCProblem(.read, n: n)
    try run(read, [x], output: HPCPlanner.invocations(read, device.context.capabilities))
    try run(HPCProblem(.write, n: n), [], output: n)
    try run(HPCProblem(.fma, n: 128, steps: 2), [], output: 128)
    withExtendedLifetime((matrix, x, y, dense)) {}
  }
}
