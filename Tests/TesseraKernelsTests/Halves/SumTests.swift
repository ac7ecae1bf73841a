import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraReference
import TesseraRuntime
import Testing

@Suite struct `Sums of partial tensors and rows` {
  @Test(arguments: NeighborhoodDevice.allCases)
  func `add parts in order and round once`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(43)
    for index in 0..<60 {
      let dtype = [DType.f32, .f16, .bf16][index % 3]
      let (parts, count) = (random.pick([1, 2, 7, 50]), random.pick([1, 63, 65, 1000, 4097]))
      let values = random.normals(parts * count)
      let plan = try SumPlanner.plan(
        parts: parts, count: count, dtype: dtype, context.capabilities)
      let source = try HostTensor(rounding: values, to: .f32, shape: try Shape([parts, count]))
      let run = try GuardedRun(plan, [.input(source), .output(dtype, [count])], on: context)
      // The order is part of the definition, so the result is exact.
      let sums = (0..<count).map { i in
        (0..<parts).reduce(Float(0)) { $0 + values[$1 * count + i] }
      }
      let gold = try HostTensor(rounding: sums, to: dtype, shape: try Shape([count]))
      #expect(run.outputs[0].bits == gold.bits && run.guardsIntact, "\(parts) × \(count) \(dtype)")
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `give the delta of every row`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(44)
    for index in 0..<60 {
      let dtype = [DType.f32, .f16, .bf16][index % 3]
      let rows = random.pick([1, 7, 8, 9, 130])
      let dv = random.pick(dtype == .f16 ? [1, 5, 35, 301] : [4, 32, 100, 512])
      let shape = try Shape([rows, dv])
      let o = try HostTensor(rounding: random.normals(rows * dv), to: dtype, shape: shape)
      let dO = try HostTensor(rounding: random.normals(rows * dv), to: dtype, shape: shape)
      let plan = try DeltaPlanner.plan(
        rows: rows, valueDim: dv, dtype: dtype, context.capabilities)
      let operands: [GuardedRun.Operand] = [.input(o), .input(dO), .output(.f32, [rows])]
      let run = try GuardedRun(plan, operands, on: context)
      let again = try GuardedRun(plan, operands, on: context)
      #expect(run.guardsIntact && run.outputs[0].bits == again.outputs[0].bits)
      let (x, y, delta) = (o.doubles(), dO.doubles(), run.outputs[0].doubles())
      for row in 0..<rows {
        let terms = (0..<dv).map { x[row * dv + $0] * y[row * dv + $0] }
        let allowed =
          4 * Double(dv).squareRoot() * DType.f32.unitRoundoff * terms.reduce(0) { $0 + abs($1) }
        let sum = terms.reduce(0, +)
        #expect(abs(delta[row] - sum) <= allowed, "\(rows) × \(dv) \(dtype), row \(row)")
      }
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `of nothing are nothing`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    let empty = try HostTensor(rounding: [], to: .f32, shape: try Shape([3, 0]))
    let plan = try DeltaPlanner.plan(rows: 3, valueDim: 0, dtype: .f32, context.capabilities)
    let run = try GuardedRun(
      plan, [.input(empty), .input(empty), .output(.f32, [3])], on: context)
    #expect(run.outputs[0].floats() == [0, 0, 0] && run.guardsIntact)
    let sum = try SumPlanner.plan(parts: 4, count: 0, dtype: .f32, context.capabilities)
    #expect(sum.dispatches.isEmpty)
  }
}
