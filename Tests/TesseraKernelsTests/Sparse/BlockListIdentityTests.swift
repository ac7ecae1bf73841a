import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraReference
import TesseraRuntime
import Testing

@Suite struct `Identities of attention over block lists` {
  /// Entries are a set: what a list says decides the result to the bit, not how it says it.
  @Test(arguments: BlockListAttentionCases.openCLFirst)
  func `order, duplicates and entries that are no blocks do not matter`(
    _ device: NeighborhoodDevice
  ) throws {
    let context = try device.context()
    var form = SparseCase.Form()
    (form.queries, form.keys, form.queryBlock, form.keyBlock, form.width) = (48, 96, 16, 16, 6)
    let says: [[[Int32]]] = [
      [[1, 4, 5, -1, -1, -1], [0, 2, 3, 4, -1, -1], [-1, -1, -1, -1, -1, -1]],
      [[5, -1, 1, 4, 5, 1], [4, 6, 3, 0, 2, 100], [-1, 9, -1, .min, 77, -1]],
    ]
    for schedule in [BlockListSchedule.query, .kv] {
      let outputs = try says.map {
        try SparseCase(form, seed: 5, rows: $0).run(on: context, schedule: schedule)
      }
      #expect(outputs[0].bits == outputs[1].bits, "\(schedule)")
    }
  }

  /// The same with all memory cut to pieces: lists in several sections, results of few rows at a time.
  @Test(arguments: BlockListAttentionCases.vulkanFirst)
  func `little scratch changes nothing`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var form = SparseCase.Form()
    (form.batch, form.heads, form.kvHeads, form.lists) = (2, 4, 2, 4)
    (form.queries, form.keys, form.queryBlock, form.keyBlock) = (61, 90, 4, 16)
    form.window = (3, 0)
    form.causal = true
    let test = try SparseCase(form, seed: 6)
    let capabilities = context.capabilities
    for schedule in [BlockListSchedule.query, .kv] {
      let whole = try test.run(on: context, schedule: schedule)
      if let fault = test.fault(whole) { Issue.record("\(schedule): \(fault)") }
      for memory in [ListMemory(lists: 1, joined: 40_000), ListMemory(lists: 3000, joined: 1)] {
        let cut = try test.run(
          on: context,
          plans: (
            ListPlanner.forward(test.problem, schedule, memory, capabilities),
            ListPlanner.backward(test.problem, schedule, memory, capabilities)
          ))
        #expect(cut.bits == whole.bits && cut.guardsIntact, "\(schedule) \(memory)")
      }
    }
  }

  /// A driver that stops long loops gets several dispatches, with the state carried between them.
  @Test(arguments: BlockListAttentionCases.vulkanFirst)
  func `a loop limit changes nothing`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var form = SparseCase.Form()
    (form.queries, form.keys, form.queryBlock, form.keyBlock, form.width) = (32, 512, 32, 64, 8)
    let test = try SparseCase(form, seed: 7)
    let whole = try test.run(on: context, schedule: .query)
    // The highest limit that cuts.
    let plans = try #require(
      stride(from: 4000, to: 100, by: -50).lazy.compactMap { limit -> (Plan, Plan)? in
        var capabilities = context.capabilities
        capabilities.maxLoopIterations = limit
        guard
          let forward = try? BlockListPlanner.plan(test.problem, schedule: .query, capabilities),
          let backward = try? BlockListPlanner.planBackward(
            test.problem, schedule: .query, capabilities)
        else { return nil }
        return (forward, backward)
      }.first { plan in plan.0.notes.contains { $0.hasSuffix("for the driver's loop limit") } })
    let cut = try test.run(on: context, plans: plans)
    if let fault = test.fault(cut) { Issue.record("\(fault)") }
    #expect(cut.bits == whole.bits)
  }

  /// Scores far out, equal, or of one key alone; sinks without bound; NaN in keys that no list names.
  @Test(arguments: BlockListAttentionCases.openCLFirst)
  func `extreme scores do not overflow`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var form = SparseCase.Form()
    (form.queries, form.keys, form.queryBlock, form.keyBlock, form.d) = (32, 96, 16, 16, 128)
    form.sinks = true
    for schedule in [BlockListSchedule.query, .kv] {
      var wide = try SparseCase(form, seed: 8, peak: 36)
      for sink in [[-Float.infinity, 0], [Float.infinity, -120]] {
        wide.sinks = try HostTensor(sink, shape: try Shape([2]))
        let output = try wide.run(on: context, schedule: schedule, gradients: false)
        let inputs = wide.inputs
        let gold = Reference.blockListAttention(wide.problem, inputs)
        if sink[0] < 0, let fault = wide.fault(output) { Issue.record("\(schedule): \(fault)") }
        #expect(output.tensors[0].doubles().allSatisfy { $0.isFinite })
        if sink[0] > 0 {
          let lse = output.tensors[1].doubles()
          #expect(lse.indices.allSatisfy { $0 % 2 == 1 || lse[$0] == .infinity })
          #expect(lse.indices.allSatisfy { $0 % 2 == 0 || abs(lse[$0] - gold.lse[$0]) < 0.01 })
        }
      }
      var hidden = try SparseCase(form, seed: 9, rows: [[0, 2, -1], [5, 0, -1]])
      let clean = try hidden.run(on: context, schedule: schedule)
      for tensor in [\SparseCase.k, \SparseCase.v] {
        var values = hidden[keyPath: tensor].floats()
        let length = values.count / 96
        for key in 0..<96 where ![0, 2, 5].contains(key / 16) {
          for i in key * length..<(key + 1) * length { values[i] = .nan }
        }
        hidden[keyPath: tensor] = try HostTensor(values, shape: hidden[keyPath: tensor].shape)
      }
      let output = try hidden.run(on: context, schedule: schedule)
      #expect(output.bits == clean.bits, "\(schedule)")
    }
  }
}
