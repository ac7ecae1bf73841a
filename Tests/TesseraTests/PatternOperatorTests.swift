import Tessera
import Testing

@Suite("Patterns and lists") struct PatternOperatorTests {
  private static func values(_ count: Int, _ seed: Int) -> [Float] {
    (0..<count).map { Float(($0 * 37 + seed * 11) % 23 - 11) / 8 }
  }

  @Test(arguments: Devices.backends)
  func `heads have rules of their own, and lines come from tensors`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    let columns = try Tensor([-1, 9, 0, 30] as [Int32], shape: [2, 2], on: device)
    let slashes = try Tensor([-1, 8] as [Int32], shape: [2, 1], on: device)
    let lists = try device.pattern(
      heads: [
        BlockPattern(.band(left: 4, right: 0)), BlockPattern(.lines, causal: true),
      ], queries: 16, queryBlock: 4, keyBlock: 4, batch: 2, columns: columns, slashes: slashes)
    let counts = try #require(lists.counts)
    let expected: [[[Int]]] = [[[0], [0, 1], [1, 2], [2, 3]], [[0], [0], [0], [0, 1]]]
    let width = lists.indices.shape[-1]
    #expect(lists.indices.shape.dimensions == [2, 2, 4, width])
    let entries = try #require(lists.indices.host().values(as: Int32.self))
    let many = try #require(counts.host().values(as: Int32.self))
    for batch in 0..<2 {
      for head in 0..<2 {
        for row in 0..<4 {
          let at = (batch * 2 + head) * 4 + row
          let own = entries[(at * width)..<((at + 1) * width)].filter { $0 >= 0 }.map(Int.init)
          #expect(own == expected[head][row])
          #expect(Int(many[at]) == own.count)
        }
      }
    }
  }

  @Test(arguments: Devices.backends)
  func `a band over turned tokens is diagonals over their own order`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    let shape: Shape = [1, 48, 2, 8]
    let (q, k, v) = (
      try Tensor(Self.values(768, 1), shape: shape, on: device),
      try Tensor(Self.values(768, 2), shape: shape, on: device),
      try Tensor(Self.values(768, 3), shape: shape, on: device)
    )
    // 4 frames of 12 places: the same place in every frame.
    let own = try device.pattern(
      BlockPattern(.diagonals(period: 12, width: 0)), queries: 48, queryBlock: 1, keyBlock: 1)
    let direct = try device.blockListAttention(q, k, v, lists: own)
    let order = TokenPermutation(.firstAxisLast, shape: [4, 12])
    let blocks = try device.pattern(
      BlockPattern(.band(left: 0, right: 0)), queries: 48, queryBlock: 4, keyBlock: 4)
    let turned = try device.blockListAttention(
      device.reordered(q, order), device.reordered(k, order), device.reordered(v, order),
      lists: blocks)
    let back = try device.reordered(turned, order, inverse: true)
    let worst = zip(try direct.floats(), try back.floats()).map { abs($0 - $1) }.max() ?? 1
    #expect(worst < 2e-6)
  }

  @Test(arguments: Devices.backends)
  func `lists join, meet, come from masks and turn round`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    func list(_ entries: [Int32]) throws -> BlockList {
      BlockList(
        indices: try Tensor(entries, shape: [1, 1, 2, entries.count / 2], on: device), queryBlock: 1,
        keyBlock: 2)
    }
    let (a, b) = (try list([5, 1, -1, 0, 0, 9]), try list([1, 2, 0, 3]))
    func entries(_ list: BlockList) throws -> [Int32] {
      try #require(list.indices.host().values(as: Int32.self))
    }
    #expect(try entries(device.union(a, b, keys: 12)) == [1, 2, 5, -1, -1, 0, 3, -1, -1, -1])
    #expect(try entries(device.intersection(a, b, keys: 12)) == [1, -1, 0, -1])
    let turned = try device.transposed(a, keys: 12)
    #expect(turned.offsets.shape.dimensions == [1, 1, 7])
    #expect(try turned.offsets.host().values(as: Int32.self) == [0, 1, 2, 2, 2, 2, 3])
    #expect(try turned.rows.host().values(as: Int32.self) == [1, 0, 0, -1, -1, -1])
    let mask = try Tensor(
      HostTensor(rounding: [0, 0, 0, 0, 1, 0, 0, 0, 0], to: .f32, shape: [1, 3, 3]).converted(to: .bool),
      on: device)
    let lists = try device.blockList(mask: mask, queryBlock: 2, keyBlock: 1)
    #expect(try entries(lists) == [1, -1, -1, -1, -1, -1])
  }

  @Test func `what does not fit is named before anything is allocated`() throws {
    let device = try Devices.first(.cpu)
    let words = try Tensor([0, 1, 2, 3] as [Int32], shape: [1, 1, 2, 2], on: device)
    let floats = try Tensor(zeros: [1, 1, 2, 2], dtype: .f32, on: device)
    let odd = try Tensor(zeros: [4, 1, 1], dtype: .u8, on: device)
    let list = BlockList(indices: words, queryBlock: 1, keyBlock: 1)
    let active = device.memoryStatistics.active
    func fault(_ body: () throws -> Void) -> String {
      do {
        try body()
        return "none"
      } catch { return "\(error)" }
    }
    let band = BlockPattern(.band(left: 1, right: 1))
    #expect(fault { _ = try device.pattern(band, queries: -1, queryBlock: 1, keyBlock: 1) }.contains("queries"))
    #expect(fault { _ = try device.pattern(band, queries: 9, queryBlock: 0, keyBlock: 1) }.contains("q_block"))
    #expect(
      fault { _ = try device.pattern(band, queries: 9, queryBlock: 1, keyBlock: 1, columns: words) }
        .contains("columns"))
    #expect(
      fault { _ = try device.union(list, .init(indices: floats, queryBlock: 1, keyBlock: 1), keys: 4) }
        .contains("second"))
    #expect(
      fault { _ = try device.union(list, .init(indices: words, queryBlock: 1, keyBlock: 2), keys: 4) }
        .contains("kv_block"))
    #expect(fault { _ = try device.blockList(mask: floats, queryBlock: 1, keyBlock: 1) }.contains("mask"))
    #expect(fault { _ = try device.transposed(list, keys: -4) }.contains("keys"))
    let order = TokenPermutation(.windows([2]), shape: [4])
    #expect(fault { _ = try device.reordered(floats, order) }.contains("tokens"))
    #expect(fault { _ = try device.reordered(odd, order) }.contains("u8"))
    #expect(device.memoryStatistics.active == active)
  }
}
