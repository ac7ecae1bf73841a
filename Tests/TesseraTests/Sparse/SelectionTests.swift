import Tessera
import Testing

@Suite("Selection of blocks") struct SelectionTests {
  @Test(arguments: Devices.backends)
  func `lists of scores go straight into attention`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    // Four queries over four blocks of two keys; the own block and the first are forced.
    let scores = try Tensor(
      [0, 0, 0, 0, 5, 0, 0, 0, 1, 9, 0, 0, 3, 2, 9, 0] as [Float], shape: [1, 1, 4, 4], on: device)
    let lists = try device.selectBlocks(
      scores: scores, BlockSelection(.top(3), initial: 1, local: 1), queries: 4, keys: 7,
      keyBlock: 2, causal: true)
    let indices = try lists.indices.host().values(as: Int32.self)
    #expect(indices == [0, 1, -1, 0, 1, 2, 0, 1, 2, 0, 2, 3])
    #expect(try lists.counts?.host().values(as: Int32.self) == [2, 3, 3, 3])
    let q = try Tensor(zeros: [1, 4, 1, 4], dtype: .f32, on: device)
    let k = try Tensor(zeros: [1, 7, 1, 4], dtype: .f32, on: device)
    // One-hot values show which keys were attended.
    let v = try Tensor(
      (0..<49).map { $0 / 7 == $0 % 7 ? Float(1) : 0 }, shape: [1, 7, 1, 7], on: device)
    let o = try device.blockListAttention(
      q, k, v, lists: lists, options: BlockListOptions(causal: true))
    let attended = try o.floats().map { $0 > 0 }
    #expect((0..<7).map { attended[$0] } == [true, true, true, true, false, false, false])
    #expect((0..<7).map { attended[21 + $0] } == [true, true, false, false, true, true, true])
  }

  @Test(arguments: Devices.backends)
  func `scores of queries and keys are those that selection takes`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    let values = (0..<512).map { (i: Int) -> Float in Float((i * 37) % 23 - 11) / 4 }
    let q = try Tensor(values, shape: [1, 32, 2, 8], on: device)
    let k = try Tensor(Array(values.reversed().prefix(256)), shape: [1, 32, 1, 8], on: device)
    for reduction in BlockScoreOptions.Reduction.allCases {
      let options = BlockScoreOptions(keyBlock: 4, reduction: reduction, causal: true)
      let scores = try device.blockScores(q, k, options: options)
      #expect(scores.shape == [1, 1, 32, 8])
      let selection = BlockSelection(.top(2))
      let fused = try device.selectBlocks(q, k, scoring: options, selection)
      let given = try device.selectBlocks(
        scores: scores, selection, queries: 32, keys: 32, keyBlock: 4, causal: true)
      #expect(
        try fused.indices.host().values(as: Int32.self)
          == given.indices.host().values(as: Int32.self), "\(reduction)")
    }
  }

  @Test func `what does not fit is named before anything is allocated`() throws {
    let device = try Devices.first(.cpu)
    let scores = try Tensor(zeros: [1, 2, 8, 4], dtype: .f32, on: device)
    let k = try Tensor(zeros: [1, 8, 3, 4], dtype: .f32, on: device)
    let active = device.memoryStatistics.active
    func fault(_ body: () throws -> Void) -> String {
      do { try body() } catch { return "\(error)" }
      return "none"
    }
    #expect(
      fault { _ = try device.selectBlocks(scores: k, BlockSelection(.share(2)), keyBlock: 1) }
        .contains("top_p"))
    #expect(
      fault {
        _ = try device.selectBlocks(
          scores: scores, BlockSelection(.top(2), initial: 2, local: 1), keyBlock: 1)
      }.contains("init"))
    #expect(
      fault {
        _ = try device.selectBlocks(scores: scores, BlockSelection(.top(2)), keys: 9, keyBlock: 2)
      }.contains("keys"))
    #expect(
      fault { _ = try device.blockScores(scores, k, options: BlockScoreOptions(keyBlock: 2)) }
        .contains("heads"))
    #expect(
      fault { _ = try device.blockScores(scores, k, options: BlockScoreOptions(keyBlock: 0)) }
        .contains("kv_block"))
    #expect(device.memoryStatistics.active == active)
  }
}
