import Foundation
import Tessera
import Testing

@Suite struct `Attention over lists, as a program calls it` {
  private func tensor(
    _ shape: Shape, on device: Device, _ dtype: DType = .f32, step: Int = 7919
  ) throws -> Tensor {
    let values = (0..<shape.elementCount).map { Float($0 * step % 101) / 50 - 1 }
    return try Tensor(
      try HostTensor(rounding: values, to: dtype, shape: shape), on: device)
  }

  @Test(arguments: Devices.backends)
  func `every block listed is dense attention, gradients too`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    let (q, k, v, dO) = (
      try tensor([2, 20, 4, 16], on: device), try tensor([2, 33, 2, 16], on: device, step: 31),
      try tensor([2, 33, 2, 16], on: device, step: 17), try tensor([2, 20, 4, 16], on: device, step: 5)
    )
    let indices = try Tensor(
      (0..<8).flatMap { _ in [2, 0, 4, 1, 3, 1] as [Int32] }, shape: [2, 2, 2, 6], on: device)
    let lists = BlockList(indices: indices, queryBlock: 10, keyBlock: 8)
    let dense = try device.attentionWithLSE(q, k, v, options: AttentionOptions(causal: true))
    let expected = try device.attentionBackward(
      q, k, v, output: dense.output, logSumExp: dense.logSumExp, outputGradient: dO,
      options: AttentionOptions(causal: true))
    for schedule in BlockListOptions.Schedule.allCases {
      let options = BlockListOptions(causal: true, schedule: schedule)
      let own = try device.blockListAttentionWithLSE(q, k, v, lists: lists, options: options)
      let gradients = try device.blockListAttentionBackward(
        q, k, v, lists: lists, output: own.output, logSumExp: own.logSumExp, outputGradient: dO,
        options: options)
      #expect(gradients.sinks == nil)
      for (one, other) in [
        (own.output, dense.output), (own.logSumExp, dense.logSumExp),
        (gradients.queries, expected.queries), (gradients.keys, expected.keys),
        (gradients.values, expected.values),
      ] {
        let differences = zip(try one.floats(), try other.floats()).map { abs($0 - $1) }
        #expect(one.shape == other.shape && (differences.max() ?? 1) < 2e-5)
      }
    }
  }

  @Test(arguments: Devices.backends)
  func `results over disjoint lists merge to the whole`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    let (q, k, v) = (
      try tensor([1, 5, 2, 8], on: device), try tensor([1, 12, 1, 8], on: device, step: 31),
      try tensor([1, 12, 1, 8], on: device, step: 17)
    )
    let sinks = try Tensor([0.5, -20] as [Float], shape: [2], on: device)
    func attend(_ entries: [Int32], _ sinks: Tensor? = nil) throws -> AttentionResult {
      try device.blockListAttentionWithLSE(
        q, k, v,
        lists: BlockList(
          indices: try Tensor(entries, shape: [1, 1, 1, entries.count], on: device), queryBlock: 5,
          keyBlock: 4), options: BlockListOptions(sinks: sinks))
    }
    let (first, second) = (try attend([1, -1]), try attend([2, 0, 7]))
    let whole = try attend([0, 1, 2])
    let (a, b) = (try first.logSumExp.floats(), try second.logSumExp.floats())
    let merged = zip(a, b).map { log(exp($0) + exp($1)) }
    for (x, y) in zip(merged, try whole.logSumExp.floats()) { #expect(abs(x - y) < 1e-5) }
    // A sink makes every weight smaller, and an empty list leaves nothing but the sink.
    let withSink = try attend([0, 1, 2], sinks).output.floats()
    let without = try whole.output.floats()
    for i in 0..<8 { #expect(abs(withSink[i]) < abs(without[i]) || without[i] == 0) }
    let empty = try attend([-1, 3], sinks)
    #expect(try empty.output.floats().allSatisfy { $0 == 0 })
    for (i, x) in try empty.logSumExp.floats().enumerated() {
      #expect(abs(x - (i % 2 == 0 ? 0.5 : -20)) < 1e-5)
    }
  }

  @Test func `arguments that do not fit are refused by name`() throws {
    let device = try Devices.first(.cpu)
    let other = try Device("cpu")
    let (q, k) = (try tensor([1, 8, 4, 8], on: device), try tensor([1, 8, 2, 8], on: device))
    let indices = try Tensor([0, 1] as [Int32], shape: [1, 1, 2, 1], on: device)
    func refused(
      _ name: String, indices own: Tensor? = nil, counts: Tensor? = nil, queryBlock: Int = 4,
      keyBlock: Int = 4, _ options: BlockListOptions = BlockListOptions()
    ) {
      let lists = BlockList(
        indices: own ?? indices, counts: counts, queryBlock: queryBlock, keyBlock: keyBlock)
      let error = #expect(throws: TesseraError.self) {
        _ = try device.blockListAttention(q, k, k, lists: lists, options: options)
      }
      #expect(error?.message.contains(name) == true, "\(name): \(String(describing: error))")
    }
    refused("indices", indices: try Tensor([0, 1] as [Int32], shape: [1, 2, 1], on: device))
    refused("indices", indices: try Tensor([0, 1, 0] as [Int32], shape: [1, 3, 1, 1], on: device))
    refused("indices", indices: try tensor([1, 1, 2, 1], on: device))
    refused("indices", indices: try Tensor([0, 1] as [Int32], shape: [1, 1, 2, 1], on: other))
    refused("counts", counts: try Tensor([1] as [Int32], shape: [1, 1, 1], on: device))
    refused("q_block", queryBlock: 0)
    refused("kv_block", keyBlock: 0)
    refused("indices", queryBlock: 3)
    refused("window", BlockListOptions(window: (-1, 0)))
    refused("sinks", BlockListOptions(sinks: try tensor([2], on: device)))
    refused("soft", BlockListOptions(softCap: -1))
  }

  @Test(arguments: Devices.backends)
  func `decoding over pages is attention over the same keys in a row`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    let (q, k, v) = (
      try tensor([2, 4, 8], on: device), try tensor([6, 4, 2, 8], on: device, step: 31),
      try tensor([6, 4, 2, 8], on: device, step: 17)
    )
    let table: [Int32] = [3, 1, 5, 0, 4, -1]
    let lengths: [Int32] = [10, 7]
    let cache = PagedCache(
      keys: k, values: v, blockTable: try Tensor(table, shape: [2, 3], on: device),
      lengths: try Tensor(lengths, shape: [2], on: device))
    for splits in [nil, 1, 3] as [Int?] {
      let result = try device.pagedAttentionWithLSE(q, cache, options: PagedOptions(splits: splits))
      #expect(result.output.shape == [2, 4, 8] && result.logSumExp.shape == [2, 4])
      let o = try result.output.floats()
      for b in 0..<2 {
        func row(_ x: Tensor) throws -> Tensor {
          let all = try x.floats()
          let values = (0..<Int(lengths[b])).flatMap { j -> ArraySlice<Float> in
            let place = (Int(table[b * 3 + j / 4]) * 4 + j % 4) * 16
            return all[place..<(place + 16)]
          }
          return try Tensor(values, shape: Shape([1, Int(lengths[b]), 2, 8]), on: device)
        }
        let own = try Tensor(
          Array(try q.floats()[(b * 32)..<(b * 32 + 32)]), shape: [1, 1, 4, 8], on: device)
        let expected = try device.attention(own, row(k), row(v)).floats()
        for (x, y) in zip(o[(b * 32)...], expected) { #expect(abs(x - y) < 1e-5) }
      }
    }
  }

  /// More rows than the kernel of few rows takes, a unified maximum that fits and ones that do not, and
  /// blocks that do not divide a sequence: shares of its keys must still be all of them.
  @Test(arguments: Devices.backends)
  func `splits and unified maxima change nothing but rounding`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    for (heads, dtype) in [(64, DType.f32), (4, .f32), (4, .f16)] {
      let q = try tensor([1, heads, 24], on: device, dtype)
      let pages = [1, 0].map(Int32.init)
      let cache = PagedCache(
        keys: try tensor([2, 128, 1, 24], on: device, .f16, step: 31),
        values: try tensor([2, 128, 1, 16], on: device, .f16, step: 17),
        blockTable: try Tensor(pages, shape: [1, 2], on: device),
        lengths: try Tensor([254] as [Int32], shape: [1], on: device))
      let whole = try device.pagedAttentionWithLSE(q, cache, options: PagedOptions(splits: 1))
      let (o, lse) = (try whole.output.floats(), try whole.logSumExp.floats())
      for (splits, keyBlock) in [(2, 10), (3, 10), (2, 100)] {
        for maximum in [nil, 0, 3, 500, -500] as [Float?] {
          let options = PagedOptions(
            keyBlock: keyBlock, splits: splits, unifiedMaximum: maximum.map { UnifiedMaximum($0) })
          let own = try device.pagedAttentionWithLSE(q, cache, options: options)
          for (x, y) in zip(try own.output.floats(), o) {
            #expect(abs(x - y) < (dtype == .f32 ? 1e-5 : 2e-3))
          }
          for (x, y) in zip(try own.logSumExp.floats(), lse) { #expect(abs(x - y) < 1e-5) }
        }
      }
    }
    #expect(throws: TesseraError.self) {
      try device.pagedAttention(
        try tensor([1, 4, 8], on: device),
        PagedCache(
          keys: try tensor([1, 8, 1, 8], on: device), values: try tensor([1, 8, 1, 8], on: device),
          blockTable: try Tensor([0] as [Int32], shape: [1, 1], on: device),
          lengths: try Tensor([8] as [Int32], shape: [1], on: device)),
        options: PagedOptions(unifiedMaximum: UnifiedMaximum(.nan)))
    }
  }
}
